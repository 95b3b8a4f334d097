import type { Cursor } from '../state/cursors.ts'
import { type Entry, pairOf } from '../state/feeds.ts'
import type { PeerId } from '../state/ids.ts'
import type { Batch } from '../state/ledger.ts'
import type { Core } from './core.ts'
import type { FrameOf } from './frames.ts'
import { createGathering } from './gathering.ts'
import type { Link } from './link.ts'
import { pack, type Repair } from './repair.ts'
import { createSignal, type Signal } from './signal.ts'

/** The allowed entries of one frame, and which of them are verified already. */
interface Taking {
  readonly link: Link
  readonly entries: readonly Entry[]
  readonly verified: ReadonlySet<Entry> | undefined
}

/** Brings entries and cursors to those they concern. */
export interface Delivery {
  /** An entry for this peer, or of its group, is on disk. `isUnread`: it waits in the inbox now. */
  readonly arrived: Signal<{ readonly entry: Entry; readonly isUnread: boolean }>
  /** An entry of ours is on disk and on its way. */
  readonly sent: Signal<Entry>
  /** A cursor about an entry of ours moved. */
  readonly moved: Signal<Cursor>
  /** Sends an entry of ours, which is on disk, to everybody linked whom it concerns. */
  send(entry: Entry): void
  /** Sends moved cursors of ours to the authors of those feeds. */
  report(cursors: readonly Cursor[]): void
  receiveEntries(link: Link, frame: FrameOf<'entries'>): Promise<void>
  receiveCursors(link: Link, cursors: readonly Cursor[]): Promise<void>
}

/** Makes the delivery of a node over its present links. */
export function createDelivery(
  core: Core,
  repair: Pick<Repair, 'want' | 'wantMore'>,
  links: () => readonly Link[],
): Delivery {
  const { feeds, cursors, inbox, ledger, counters } = core
  const arrived: Delivery['arrived'] = createSignal()
  const sent: Delivery['sent'] = createSignal()
  const moved: Delivery['moved'] = createSignal()

  /** Puts an entry where it belongs within its batch; answers whether it waits to be read. */
  function settle(batch: Batch, item: Entry): boolean {
    if (!isForUs(item)) return false
    // A store restored from an old copy is told by the author what was read before.
    const isUnread = item.seq > cursors.get(item, core.peer).seen
    if (isUnread) inbox.add(batch, item)
    return isUnread
  }

  function isForUs(item: Entry): boolean {
    return item.kind === 'message' && item.to.includes(core.peer)
  }

  /** Moves our cursors over what a batch brought us, once for each feed. */
  function advance(batch: Batch, accepted: readonly Entry[]): Cursor[] {
    const lastByFeed = new Map(
      accepted.filter(isForUs).map((item) => [`${item.scope}/${item.peer}/${item.node}`, item]),
    )
    return [...lastByFeed.values()].flatMap((item) => {
      const place = { feed: item, by: core.peer, now: core.clock.now() }
      return cursors.advance(batch, place, { delivered: item.seq }) ?? []
    })
  }

  const takeEntries = createGathering(
    async (frames: readonly { readonly link: Link; readonly entries: readonly Entry[] }[]) => {
      const allowed = frames.map(({ link, entries }) =>
        entries.filter((item) => isAllowed(link, item)),
      )
      const durable = allowed.flat().some((item) => item.to.includes(core.peer))
      const verified = await core.verifyAhead(allowed.flat())
      const batch = await ledger.begin({ durable })
      const accepted: { entry: Entry; isUnread: boolean }[] = []
      const followers: (() => void)[] = []
      for (const [index, { link, entries }] of frames.entries()) {
        const own = allowed[index] ?? []
        counters.add('frames_refused', entries.length - own.length)
        const taken = takeFrame(batch, { link, entries: own, verified })
        accepted.push(...taken.accepted)
        followers.push(taken.followUp)
      }
      const moves = advance(
        batch,
        accepted.map(({ entry }) => entry),
      )
      await batch.commit()
      report(moves)
      for (const item of accepted) arrived.emit(item)
      for (const follow of followers) follow()
    },
  )

  /** Takes the entries of one frame; what they leave open is asked for when they are on disk. */
  function takeFrame(
    batch: Batch,
    { link, entries, verified }: Taking,
  ): { accepted: { entry: Entry; isUnread: boolean }[]; followUp: () => void } {
    const accepted: { entry: Entry; isUnread: boolean }[] = []
    let gap: Entry | undefined
    for (const item of entries) {
      const acceptance = feeds.accept(batch, item, verified)
      counters.add(`entries_${acceptance}`)
      if (acceptance === 'gap') gap = item
      if (acceptance === 'accepted') accepted.push({ entry: item, isUnread: settle(batch, item) })
    }
    const [first] = entries
    function followUp(): void {
      if (gap) repair.want(link, gap, gap.seq)
      else if (first) repair.wantMore(link, first, accepted.length > 0)
    }
    return { accepted, followUp }
  }

  function report(moves: readonly Cursor[]): void {
    const byAuthor = new Map<PeerId, Cursor[]>()
    for (const move of moves) byAuthor.set(move.peer, [...(byAuthor.get(move.peer) ?? []), move])
    for (const [author, own] of byAuthor) {
      for (const link of links()) {
        if (link.peer !== author) continue
        for (const part of pack(own)) link.sendLive({ kind: 'cursors', cursors: part })
      }
    }
  }

  /** Direct scopes carry their pair's words only; a group's carry its members'. */
  function isAllowed(link: Link, item: Entry): boolean {
    const pair = pairOf(item.scope)
    return core.sharesWith(link.peer, item.scope) && (!pair || pair.includes(item.peer))
  }

  const takeCursors = createGathering(
    async (frames: readonly { readonly link: Link; readonly items: readonly Cursor[] }[]) => {
      const batch = await ledger.begin({ durable: false })
      const changed = new Map<string, Cursor>()
      const moves: Cursor[] = []
      for (const { link, items } of frames) {
        for (const item of items) {
          const isAboutUs = item.peer === core.peer && item.by === link.peer
          const isOurOwn = item.by === core.peer && item.peer === link.peer
          if (!core.sharesWith(link.peer, item.scope) || !(isAboutUs || isOurOwn)) continue
          const place = { feed: item, by: item.by, now: core.clock.now() }
          const after = cursors.advance(batch, place, item)
          if (after && isAboutUs) changed.set(`${item.scope}/${item.node}/${item.by}`, after)
          if (after && isOurOwn) moves.push(...forgetSeen(batch, after))
        }
      }
      await batch.commit()
      report(moves)
      for (const item of changed.values()) moved.emit(item)
    },
  )

  return {
    arrived,
    sent,
    moved,
    report,

    send(item) {
      sent.emit(item)
      for (const link of links()) {
        if (!core.sharesWith(link.peer, item.scope)) continue
        if (!link.sendLive({ kind: 'entries', entries: [item] })) counters.add('frames_dropped')
      }
    },

    receiveEntries: (link, { entries }) => takeEntries({ link, entries }),
    receiveCursors: (link, items) => takeCursors({ link, items }),
  }

  /** What was read before our store was restored from an old copy leaves the inbox again. */
  function forgetSeen(batch: Batch, own: Cursor): Cursor[] {
    const ids = inbox
      .list()
      .flatMap((item) => (item.kind === 'message' ? [item.entry] : []))
      .filter((item) => item.scope === own.scope && item.node === own.node && item.seq <= own.seen)
      .map((item) => item.id)
    if (ids.length === 0) return []
    inbox.remove(batch, new Set(ids))
    // What was read out of order behind them counts from now on.
    const waiting = inbox.lowestWaiting(own)
    const seen = waiting === undefined ? Math.min(own.delivered, feeds.head(own)) : waiting - 1
    const place = { feed: own, by: core.peer, now: core.clock.now() }
    const after = cursors.advance(batch, place, { seen })
    return after ? [after] : []
  }
}
