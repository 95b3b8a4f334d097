import type { Rec } from './records.ts'

/** Parts of a key by which records are found without looking at all: `task/`, and `task/<id>/`. */
const depths = [1, 2] as const

/** The valid records of a document, found by key or by the beginning of keys. */
export interface RecordIndex {
  get(key: string): Rec | undefined
  set(key: string, rec: Rec): void
  delete(key: string): void
  /** Quick for prefixes of one or two whole parts, e.g. `task/` and `task/<id>/`. */
  list(prefix: string): readonly Rec[]
}

/** Makes an empty index. */
export function createRecordIndex(): RecordIndex {
  const records = new Map<string, Rec>()
  const keysByPrefix = new Map<string, Set<string>>()

  return {
    get: (key) => records.get(key),

    set(key, rec) {
      const isNew = !records.has(key)
      records.set(key, rec)
      if (!isNew) return
      for (const prefix of prefixesOf(key)) {
        const keys = keysByPrefix.get(prefix)
        if (keys) keys.add(key)
        else keysByPrefix.set(prefix, new Set([key]))
      }
    },

    delete(key) {
      if (!records.delete(key)) return
      for (const prefix of prefixesOf(key)) {
        const keys = keysByPrefix.get(prefix)
        keys?.delete(key)
        if (keys?.size === 0) keysByPrefix.delete(prefix)
      }
    },

    list(prefix) {
      const known = keysByPrefix.get(prefix)
      const isIndexed = prefix.endsWith('/') && prefix.split('/').length - 1 <= depths.length
      if (!known && isIndexed) return []
      const keys = known ?? [...records.keys()].filter((key) => key.startsWith(prefix))
      return [...keys].flatMap((key) => records.get(key) ?? [])
    },
  }
}

/** `task/t1/claim/ada` is found under `task/` and `task/t1/`. */
function prefixesOf(key: string): string[] {
  const parts = key.split('/')
  return depths
    .filter((depth) => parts.length > depth)
    .map((depth) => `${parts.slice(0, depth).join('/')}/`)
}
