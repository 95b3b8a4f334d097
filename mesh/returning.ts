import { digestFor } from '../state/digest.ts'
import { fromJson, putJson, type Store } from '../state/store.ts'
import { every } from './clock.ts'
import type { Core } from './core.ts'
import type { Names } from './names.ts'
import type { Work } from './work.ts'

const hereKey = 'here'
/** How often it is noted that this peer is here. */
const noteMs = 60_000
/** Who was away for less has missed nothing worth a digest. */
const awayMs = 300_000

/** What coming back needs. */
export interface ReturningDeps {
  readonly store: Store
  readonly work: Pick<Work, 'look'>
  readonly names: Names
}

/** What changed for this peer since it was last here. */
export interface Returning {
  /**
   * The digest; undefined when there is nothing to tell. With `once`, only the first time after a
   * real absence.
   */
  digest(once?: boolean): string | undefined
  load(): Promise<void>
  stop(): void
}

/** Makes the memory of a seat of when somebody sat in it. */
export function createReturning(core: Core, { store, work, names }: ReturningDeps): Returning {
  const { clock } = core
  let sinceMs = clock.now()
  let isDue = false
  let cancel = () => {}

  async function note(): Promise<void> {
    const batch = await core.ledger.begin({ durable: false })
    batch.add([putJson(hereKey, clock.now())])
    await batch.commit()
  }

  function noteNow(): void {
    note().catch((thrown: unknown) => core.log.warn('presence_not_noted', { thrown }))
  }

  function senders(): string[] {
    return core.inbox
      .list()
      .flatMap((item) => (item.kind === 'message' ? [names.of(item.entry.peer)] : []))
  }

  return {
    digest(once = false) {
      if (once && !isDue) return undefined
      const isBack = isDue
      if (once) isDue = false
      const facts = { sinceMs, isBack, unread: core.inbox.count(), senders: senders() }
      return work.look((desk) => digestFor(desk, facts))
    },

    async load() {
      const stored = await store.get(hereKey)
      if (stored) sinceMs = Number(fromJson(stored))
      isDue = clock.now() - sinceMs > awayMs
      noteNow()
      cancel = every(clock, noteMs, noteNow)
    },

    stop() {
      cancel()
    },
  }
}
