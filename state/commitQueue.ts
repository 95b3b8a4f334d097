import { MeshError, toMeshError } from './errors.ts'
import type { Store, Write } from './store.ts'

/** Writes that go to disk together at most, so that one batch does not hold the others for long. */
const writesMax = 20_000

interface Queued {
  readonly writes: readonly Write[]
  readonly durable: boolean
  resolve(): void
  reject(error: MeshError): void
}

/** Group commit: starts at once when idle, and gathers what arrives while the disk is at work. */
export interface CommitQueue {
  readonly commit: Store['commit']
  /** Resolves when the queue is empty; commits after it fail with STORE_CLOSED. */
  close(): Promise<void>
}

/** Makes the queue of one disk. `write` is never called before its last call has settled. */
export function createCommitQueue(
  write: (writes: readonly Write[], durable: boolean) => Promise<void>,
): CommitQueue {
  const queue: Queued[] = []
  let work: Promise<void> | undefined
  let isClosed = false

  function takeGroup(): Queued[] {
    let writes = 0
    const end = queue.findIndex((item) => {
      writes += item.writes.length
      return writes > writesMax
    })
    return queue.splice(0, end === -1 ? queue.length : Math.max(1, end))
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const group = takeGroup()
      const writes = lastOfEachKey(group.flatMap((item) => item.writes))
      try {
        await write(
          writes,
          group.some(({ durable }) => durable),
        )
        for (const item of group) item.resolve()
      } catch (thrown) {
        // Whoever queued behind it, or queues before it has heard, built upon writes that are not there.
        const error = toMeshError(thrown)
        for (const item of [...group, ...queue.splice(0)]) item.reject(error)
        // One turn later whoever awaits it has heard.
        await Promise.resolve()
        for (const item of queue.splice(0)) item.reject(error)
      }
    }
    work = undefined
  }

  return {
    commit(writes, { durable = true } = {}) {
      if (isClosed) {
        return Promise.reject(
          new MeshError('STORE_CLOSED', 'The store of this session is closed.', {
            hint: 'The session is leaving; start it again.',
          }),
        )
      }
      return new Promise((resolve, reject) => {
        queue.push({ writes, durable, resolve, reject })
        work ??= drain()
      })
    },
    async close() {
      isClosed = true
      await work
    },
  }
}

/** Within one atomic batch the last write of a key is the only one that counts. */
function lastOfEachKey(writes: readonly Write[]): Write[] {
  return [...new Map(writes.map((change) => [change.key, change])).values()]
}
