import type { Rec } from './records.ts'

/** Parts of a key by which records are found without looking at all: `task/`, and `task/<id>/`. */
const depthMax = 2
/** Keys of one prefix that are kept as a list; of more the one that goes must be found at once. */
const listedMax = 16

/** The valid records of a document, found by key or by the beginning of keys. */
export interface RecordIndex {
  get(key: string): Rec | undefined
  set(key: string, rec: Rec): void
  delete(key: string): void
  /**
   * Quick for prefixes of one or two whole parts, e.g. `task/` and `task/<id>/`. The list of a moment:
   * as long as nothing of it changes the same one may come back.
   */
  list(prefix: string): readonly Rec[]
}

/** Keys in the order in which they came. Most objects have one record: then its key alone. */
type Keys = string | readonly string[] | Set<string>

/** Makes an empty index. */
export function createRecordIndex(): RecordIndex {
  const records = new Map<string, Rec>()
  const keysByPrefix = new Map<string, Keys>()
  /** Long lists that were asked for, until something of them changes: boards are read far more often. */
  const listsByPrefix = new Map<string, readonly Rec[]>()

  function forget(key: string): void {
    for (const prefix of prefixesOf(key)) listsByPrefix.delete(prefix)
  }

  return {
    get: (key) => records.get(key),

    set(key, rec) {
      const isNew = !records.has(key)
      records.set(key, rec)
      forget(key)
      if (!isNew) return
      for (const prefix of prefixesOf(key)) {
        const keys = keysByPrefix.get(prefix)
        if (keys instanceof Set) keys.add(key)
        else keysByPrefix.set(prefix, keys === undefined ? key : added(keys, key))
      }
    },

    delete(key) {
      if (!records.delete(key)) return
      forget(key)
      for (const prefix of prefixesOf(key)) {
        const keys = keysByPrefix.get(prefix)
        const left = removed(keys, key)
        if (left) keysByPrefix.set(prefix, left)
        else keysByPrefix.delete(prefix)
      }
    },

    list(prefix) {
      const before = listsByPrefix.get(prefix)
      if (before) return before
      const known = keysByPrefix.get(prefix)
      const isIndexed = prefix.endsWith('/') && prefix.split('/').length - 1 <= depthMax
      const isSearched = known === undefined && !isIndexed
      const all = isSearched ? [...records.keys()] : []
      const keys = isSearched ? all.filter((key) => key.startsWith(prefix)) : listOf(known)
      const found: Rec[] = []
      for (const key of keys) {
        const rec = records.get(key)
        if (rec) found.push(rec)
      }
      if (known instanceof Set) listsByPrefix.set(prefix, found)
      return found
    },
  }
}

function listOf(keys: Keys = []): Iterable<string> {
  return typeof keys === 'string' ? [keys] : keys
}

/** A copy: a list that grows in place makes room for a dozen more. */
function added(keys: string | readonly string[], key: string): Keys {
  const longer = [...listOf(keys), key]
  return longer.length <= listedMax ? longer : new Set(longer)
}

/** Undefined when nothing is left. */
function removed(keys: Keys | undefined, key: string): Keys | undefined {
  if (keys instanceof Set) {
    keys.delete(key)
    return keys.size > 0 ? keys : undefined
  }
  const left = [...listOf(keys)].filter((each) => each !== key)
  return left.length > 0 ? left : undefined
}

/** `task/t1/claim/ada` is found under `task/` and `task/t1/`. */
function prefixesOf(key: string): readonly string[] {
  const prefixes: string[] = []
  let end = key.indexOf('/')
  while (end >= 0 && prefixes.length < depthMax) {
    prefixes.push(key.slice(0, end + 1))
    end = key.indexOf('/', end + 1)
  }
  return prefixes
}
