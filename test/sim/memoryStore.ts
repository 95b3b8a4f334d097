import { createCommitQueue } from '../../state/commitQueue.ts'
import { MeshError } from '../../state/errors.ts'
import type { Store, Stored, Write } from '../../state/store.ts'
import { createSortedMap, type SortedMap } from './sortedMap.ts'

/** Groups of commits that a disk remembers one by one, so that its tail can be torn. */
const groupsMax = 48

/** Time and chance of the world, e.g. `after` and `chance` of a `Scheduler`. */
export interface MemoryDiskDeps {
  after(ms: number, callback: () => void): () => void
  /** A seeded number in [0, 1). */
  random(): number
  /** How long a write takes. */
  readonly delayMs?: { readonly least: number; readonly most: number }
}

/** What a disk held at one moment. */
export type DiskCopy = ReadonlyMap<string, Uint8Array>

/** A disk that outlives the processes that open it, and whose faults are commanded. */
export interface MemoryDisk {
  /** Commits refused because the disk was full, and commits lost by `crash` and by `tear`. */
  readonly counters: Readonly<Record<'refused' | 'lost' | 'torn', number>>
  /** Opens what is there. Fails with STORE_LOCKED while another store is open. */
  open(): Promise<Store>
  /**
   * The process that had it open is gone, and hears nothing more. What was being written is there
   * or not. When the power goes, so does some of what was not durable yet.
   */
  crash(cause: 'process' | 'power'): void
  /** The newest commits are gone although they were durable: this disk lied. Only while closed. */
  tear(commits: number): void
  /** While it is full, every write is refused. */
  setFull(isFull: boolean): void
  copy(): DiskCopy
  /** Puts an old copy in place. Only while closed. */
  restore(copy: DiskCopy): void
  /** What a process that opens it now would read. */
  get(key: string): Uint8Array | undefined
  range(from: string, to: string): readonly Stored[]
}

interface Group {
  readonly writes: readonly Write[]
  readonly durable: boolean
}

/** Makes an empty disk. The same chances make the same story. */
export function createMemoryDisk(deps: MemoryDiskDeps): MemoryDisk {
  const { after, random, delayMs = { least: 0.1, most: 6 } } = deps
  const counters = { refused: 0, lost: 0, torn: 0 }
  /** What lies below the remembered groups. */
  let base = createSortedMap()
  let groups: Group[] = []
  /** `base` with all groups applied. */
  let entries = createSortedMap()
  let writing: Group | undefined
  let isFull = false
  /** Rises with every crash, so that what a dead process still does comes to nothing. */
  let life = 0
  let isOpen = false

  function put(group: Group): void {
    groups.push(group)
    apply(entries, group)
    const [oldest] = groups
    const isSafe = groups.some(({ durable }) => durable)
    if (groups.length > groupsMax && isSafe && oldest) {
      groups.shift()
      apply(base, oldest)
    }
  }

  function keep(count: number): number {
    const dropped = groups.splice(count).length
    entries = base.clone()
    for (const group of groups) apply(entries, group)
    return dropped
  }

  /** A full disk refuses at once or only after it has tried. */
  function write(group: Group): Promise<void> {
    const born = life
    if (isFull && random() < 0.3) return Promise.reject(refuse())
    writing = group
    const ms = delayMs.least + random() ** 4 * (delayMs.most - delayMs.least)
    return new Promise((resolve, reject) => {
      after(ms, () => {
        if (born !== life) return
        writing = undefined
        if (isFull) return reject(refuse())
        put(group)
        resolve()
      })
    })
  }

  function refuse(): MeshError {
    counters.refused += 1
    return new MeshError('STORE_FAILED', 'The disk is full.', { hint: 'Free some space.' })
  }

  function createStore(born: number): Store {
    const queue = createCommitQueue((writes, durable) => write({ writes, durable }))
    let isClosed = false
    /** What a dead process asks is never answered. */
    async function read<T>(answer: () => T): Promise<T> {
      if (born !== life) return new Promise(() => {})
      if (isClosed) throw new MeshError('STORE_CLOSED', 'The store of this session is closed.')
      return answer()
    }
    return {
      get: (key) => read(() => entries.get(key)),
      range: ({ from, to, reverse = false, limit = -1 }) =>
        read(() => {
          const found = entries.range(from, to)
          if (reverse) found.reverse()
          return limit < 0 ? found : found.slice(0, limit)
        }),
      commit: (writes, options) =>
        born === life ? queue.commit(writes, options) : new Promise(() => {}),
      async close() {
        await queue.close()
        if (born !== life) return
        if (!isClosed) isOpen = false
        isClosed = true
      },
    }
  }

  return {
    counters,
    async open() {
      if (isOpen) throw new MeshError('STORE_LOCKED', 'Another process holds that store.')
      isOpen = true
      return createStore(life)
    },
    crash(cause) {
      life += 1
      isOpen = false
      if (writing && !isFull && random() < 0.5) put(writing)
      writing = undefined
      if (cause === 'process') return
      const safe = groups.findLastIndex(({ durable }) => durable) + 1
      const more = Math.floor(random() * (groups.length - safe + 1))
      counters.lost += keep(safe + more)
    },
    tear(commits) {
      if (!isOpen) counters.torn += keep(Math.max(0, groups.length - commits))
    },
    setFull(next) {
      isFull = next
    },
    copy: () => new Map(entries.range('', '~~')),
    restore(copy) {
      if (isOpen) return
      base = createSortedMap(copy)
      groups = []
      entries = base.clone()
    },
    get: (key) => entries.get(key),
    range: (from, to) => entries.range(from, to),
  }
}

function apply(map: SortedMap, { writes }: Group): void {
  for (const change of writes) {
    if (change.kind === 'put') map.set(change.key, change.value)
    else map.delete(change.key)
  }
}
