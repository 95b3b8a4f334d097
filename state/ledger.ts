import { MeshError, toMeshError } from './errors.ts'
import type { Store, Write } from './store.ts'

/** Somebody whose memory mirrors the disk. */
export interface Mirror {
  /** Throws away what is in memory and reads it from disk again. */
  reload(): Promise<void>
}

/** One whole change: what goes to disk together, and what follows when it is there. */
export interface Batch {
  /** Adds writes. `committed` runs once they are on disk, in the order of adding. */
  add(writes: readonly Write[], committed?: () => void): void
  /** Writes all of it. Rejects with MeshError when none of it is on disk. */
  commit(): Promise<void>
}

/**
 * Ties what is in memory to what is on disk.
 *
 * 1. Nothing is said to anybody before it is on disk: `committed` callbacks do the telling.
 * 2. When a commit fails, every mirror is reloaded before the next batch begins, so that
 *    memory never shows what the disk does not have. A batch that had begun by then fails too:
 *    it was built upon what is not there.
 */
export interface Ledger {
  /** Waits for a reload that is under way, then begins a batch. Between `begin` and `commit` never await. */
  begin(options?: { readonly durable?: boolean }): Promise<Batch>
  /** Waits until nothing is being written or reloaded. */
  settled(): Promise<void>
  /** Registers a mirror. */
  mirror(mirror: Mirror): void
  /** How many writes wait for the disk. */
  waiting(): number
  /** The last failure that no success has followed. */
  problem(): MeshError | undefined
}

/** Makes the ledger of one store. */
export function createLedger(store: Store): Ledger {
  const mirrors: Mirror[] = []
  const pending = new Set<Promise<void>>()
  let waiting = 0
  let reloading: Promise<void> | undefined
  /** The failure since which memory has not been read from disk again. */
  let failure: MeshError | undefined
  let problem: MeshError | undefined
  /** How often memory was read again: a batch of an earlier time was built upon what is gone. */
  let reloads = 0

  /** Concurrent callers share one reload; after a failed one the next caller tries again. */
  async function reloadIfStale(): Promise<void> {
    while (failure || reloading) {
      reloading ??= reload().finally(() => {
        reloading = undefined
      })
      await reloading
    }
  }

  async function reload(): Promise<void> {
    // Commits queued behind the failed one fail as well; only then is the disk's word final.
    await Promise.allSettled(pending)
    for (const mirror of mirrors) await mirror.reload()
    reloads += 1
    failure = undefined
  }

  /** Reads memory again at once, even if no batch follows: comparisons would claim what is not kept. */
  function distrust(error: MeshError): MeshError {
    failure = error
    reloadIfStale().catch(() => {})
    return error
  }

  async function write(writes: readonly Write[], durable: boolean): Promise<void> {
    const work = store.commit(writes, { durable })
    pending.add(work)
    waiting += writes.length
    try {
      await work
      problem = undefined
    } catch (thrown) {
      problem = toMeshError(thrown)
      throw distrust(problem)
    } finally {
      pending.delete(work)
      waiting -= writes.length
    }
  }

  return {
    async begin(options = {}) {
      await reloadIfStale()
      const begun = reloads
      const writes: Write[] = []
      const followers: (() => void)[] = []
      return {
        add(more, committed) {
          writes.push(...more)
          if (committed) followers.push(committed)
        },
        async commit() {
          if (failure) throw failure
          if (begun !== reloads) throw distrust(overtaken())
          if (writes.length > 0) await write(writes, options.durable ?? true)
          for (const follow of followers) follow()
        },
      }
    },
    async settled() {
      await Promise.allSettled(pending)
      await reloadIfStale()
    },
    mirror: (mirror) => void mirrors.push(mirror),
    waiting: () => waiting,
    problem: () => problem,
  }
}

/** The refusal of a batch that waited while memory was read again: it is in memory, but not on disk. */
function overtaken(): MeshError {
  return new MeshError('STORE_FAILED', 'The disk refused what came before.', {
    hint: 'Try again; nothing was kept.',
  })
}
