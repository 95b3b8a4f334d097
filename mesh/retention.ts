import type { Entry } from '../state/feeds.ts'
import { hybridToIso } from '../state/hybrid.ts'
import type { PeerId } from '../state/ids.ts'
import type { Batch } from '../state/ledger.ts'
import { isPinned } from '../state/pins.ts'
import { outdated } from '../state/retention.ts'
import { every } from './clock.ts'
import type { Core } from './core.ts'
import type { OwnInbox } from './inbox.ts'
import type { Names } from './names.ts'

/** The first look, when a start has become quiet, and how often after that. */
const lookMs = { first: 60_000, next: 6 * 3_600_000 } as const

/** What letting go needs. */
export interface RetentionDeps {
  readonly inbox: Pick<OwnInbox, 'tell'>
  readonly names: Names
  /** Something was let go. */
  readonly letGo: () => void
}

/** Lets go of what is old, so that no disk fills up; never of what nobody else could bring again. */
export interface Retention {
  begin(): void
  /** Looks now. Resolves to how many entries were let go. */
  look(): Promise<number>
  stop(): void
}

/** Makes the retention of a node. */
export function createRetention(core: Core, { inbox, names, letGo }: RetentionDeps): Retention {
  const { clock, feeds, ledger } = core
  let cancelFirst = () => {}
  let cancelNext = () => {}
  let isStopped = false

  /** Our own words that somebody has not got, and will not get from us any more. */
  function expired(items: readonly Entry[]): Map<PeerId, Entry[]> {
    const byPeer = new Map<PeerId, Entry[]>()
    for (const item of items) {
      if (item.peer !== core.peer || item.kind !== 'message') continue
      for (const peer of item.to) {
        if (core.cursors.stateOf(item, peer).state !== 'queued') continue
        byPeer.set(peer, [...(byPeer.get(peer) ?? []), item])
      }
    }
    return byPeer
  }

  function tell(batch: Batch, items: readonly Entry[]): void {
    for (const [peer, lost] of expired(items)) {
      const [first] = lost
      if (!first) continue
      const day = hybridToIso(first.at).slice(0, 10)
      const others = lost.length > 1 ? `, and ${lost.length - 1} more,` : ''
      const text = `Your message ${first.id} to ${names.of(peer)} of ${day}${others} expired: it was not fetched within 30 days.`
      const id = `expired/${first.id}/${peer}`
      inbox.tell(batch, { id, at: core.hybrid.next(), text, wakes: false })
    }
  }

  async function look(): Promise<number> {
    let count = 0
    const deps = {
      ...{ feeds, now: clock.now() },
      isPinned: (id: Entry['id']) => isPinned(id, core.group.list),
    }
    for (const scope of feeds.scopes()) {
      for await (const items of outdated(scope, deps)) {
        if (isStopped) return count
        const batch = await ledger.begin({ durable: false })
        tell(batch, items)
        feeds.drop(batch, items)
        await batch.commit()
        count += items.length
      }
    }
    if (count > 0) letGo()
    core.counters.add('entries_let_go', count)
    return count
  }

  function lookOn(): void {
    look().catch((thrown: unknown) => core.log.warn('retention_failed', { thrown }))
  }

  return {
    look,

    begin() {
      cancelFirst = clock.after(lookMs.first, lookOn)
      cancelNext = every(clock, lookMs.next, lookOn)
    },

    stop() {
      isStopped = true
      cancelFirst()
      cancelNext()
    },
  }
}
