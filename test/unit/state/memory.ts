import { MeshError } from '../../../state/errors.ts'
import type { Store, Stored, Write } from '../../../state/store.ts'

/** A disk in memory that outlives the stores opened on it, and fails and waits when told to. */
export interface MemoryDisk {
  /** What is on the disk. */
  readonly contents: Map<string, Uint8Array>
  /** The writes of every commit that succeeded, in order. */
  readonly commits: (readonly Write[])[]
  open(): Store
  /** The next commit to be written fails, and every commit queued behind it. */
  failNext(): void
  /** Commits wait from now on, until `release`. */
  hold(): void
  release(): void
}

interface Queued {
  readonly writes: readonly Write[]
  resolve(): void
  reject(error: MeshError): void
}

/** Makes an empty disk. */
export function createMemoryDisk(): MemoryDisk {
  const contents = new Map<string, Uint8Array>()
  const commits: (readonly Write[])[] = []
  let failures = 0
  let gate = Promise.resolve()
  let openGate = () => {}

  function write(writes: readonly Write[]): void {
    for (const item of writes) {
      if (item.kind === 'put') contents.set(item.key, item.value.slice())
      else contents.delete(item.key)
    }
    commits.push(writes)
  }

  async function drain(queue: Queued[]): Promise<void> {
    while (queue.length > 0) {
      await gate
      // As with a real disk, an answer comes from outside, and whoever waits hears of it at once.
      await new Promise((resolve) => setImmediate(resolve))
      const [first, ...rest] = queue.splice(0)
      if (!first) return
      if (failures > 0) {
        failures -= 1
        const error = new MeshError('STORE_FAILED', 'The disk is full.')
        for (const item of [first, ...rest]) item.reject(error)
      } else {
        write(first.writes)
        first.resolve()
        queue.unshift(...rest)
      }
    }
  }

  return {
    contents,
    commits,
    failNext() {
      failures += 1
    },
    hold() {
      gate = new Promise((resolve) => {
        openGate = resolve
      })
    },
    release: () => openGate(),
    open: () => createMemoryStore(contents, drain),
  }
}

function createMemoryStore(
  contents: ReadonlyMap<string, Uint8Array>,
  drain: (queue: Queued[]) => Promise<void>,
): Store {
  const queue: Queued[] = []
  let work: Promise<void> | undefined
  let isClosed = false

  async function drainAll(): Promise<void> {
    await drain(queue)
    work = undefined
    // Whoever came while the last one was being answered found work still under way.
    if (queue.length > 0) work = drainAll()
  }

  function refuseClosed(): void {
    if (isClosed) throw new MeshError('STORE_CLOSED', 'The store is closed.')
  }

  return {
    async get(key) {
      refuseClosed()
      return contents.get(key)?.slice()
    },
    async range({ from, to, reverse = false, limit = Number.POSITIVE_INFINITY }) {
      refuseClosed()
      const rows = [...contents].filter(([key]) => key >= from && key < to).sort(byKey)
      if (reverse) rows.reverse()
      return rows.slice(0, limit).map(([key, value]): Stored => [key, value.slice()])
    },
    async commit(writes) {
      refuseClosed()
      const stray = writes.find(({ key }) => !/^[ -~]*$/.test(key))
      if (stray) throw new Error(`A key is not ASCII: ${stray.key}`)
      return new Promise((resolve, reject) => {
        queue.push({ writes, resolve, reject })
        work ??= drainAll()
      })
    },
    async close() {
      isClosed = true
      await work
    },
  }
}

function byKey([left]: Stored, [right]: Stored): number {
  return left < right ? -1 : 1
}
