import type { Cursor } from '../state/cursors.ts'
import { type Entry, isWhole, pairOf } from '../state/feeds.ts'
import { msToHybrid } from '../state/hybrid.ts'
import type { PeerId } from '../state/ids.ts'
import type { Batch } from '../state/ledger.ts'
import { keepMs } from '../state/retention.ts'
import { type Copies, createCopies } from './copies.ts'
import type { Core } from './core.ts'
import type { FrameOf } from './frames.ts'
import { createGathering } from './gathering.ts'
import type { Link } from './link.ts'
import { pack, type Repair } from './repair.ts'
import { createSignal, type Signal } from './signal.ts'

/** What is older than this may have been let go; a day less, because clocks differ. */
const letGoMs = keepMs - 86_400_000

/** A frame of entries, and who brought it. */
interface Brought {
  readonly link: Link
  readonly entries: readonly Entry[]
  readonly from?: number | undefined
  readonly relay?: readonly PeerId[] | undefined
}

/** The allowed entries of one frame, and which of them are verified already. */
interface Taking extends Brought {
  readonly verified: ReadonlySet<Entry>
}

/** Brings entries and cursors to those they concern. */
export interface Delivery {
  /** An entry for this peer, or of its group, is on disk. `isUnread`: it waits in the inbox now. */
  readonly arrived: Signal<{ readonly entry: Entry; readonly isUnread: boolean }>
  /** An entry of ours is on disk and on its way. */
  readonly sent: Signal<Entry>
  /** A cursor about an entry of ours moved. */
  readonly moved: Signal<Cursor>
  /** What operators are told beside. */
  readonly copies: Copies
  /** Sends an entry of ours, which is on disk, to everybody linked whom it concerns. */
  send(entry: Entry): void
  /** Sends moved cursors of ours to the authors of those feeds. */
  report(cursors: readonly Cursor[]): void
  receiveEntries(link: Link, frame: FrameOf<'entries'>): Promise<void>
  receiveCursors(link: Link, frame: FrameOf<'cursors'>): Promise<void>
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
  const copies = createCopies(core, links)

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

  /**
   * What a process of our device brings of our device needs no proof of its signature: that process
   * proved in its hello that it has the very key which would make one.
   */
  function isVouchedFor({ link }: Brought, item: Entry): boolean {
    const { device, key } = core.signer
    return link.device === device && item.key === key && isWhole(item)
  }

  async function verify(frames: readonly Brought[]): Promise<ReadonlySet<Entry>> {
    const vouched = frames.flatMap((frame) =>
      frame.entries.filter((item) => isVouchedFor(frame, item)),
    )
    const known = new Set(vouched)
    const rest = frames.flatMap(({ entries }) => entries).filter((item) => !known.has(item))
    const verified = rest.length > 0 ? await core.verifyAhead(rest) : undefined
    return verified ? new Set([...known, ...verified]) : known
  }

  const takeEntries = createGathering(async (brought: readonly Brought[]) => {
    const frames = brought.map(allowedOf)
    const durable = frames.some(({ entries }) => entries.some(({ to }) => to.includes(core.peer)))
    const verified = await verify(frames)
    const batch = await ledger.begin({ durable })
    const accepted: { entry: Entry; isUnread: boolean }[] = []
    const followers: (() => void)[] = []
    for (const frame of frames) {
      const taken = takeFrame(batch, { ...frame, verified })
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
  })

  function allowedOf(frame: Brought): Brought {
    const entries = frame.entries.filter((item) => isAllowed(frame.link, item))
    counters.add('frames_refused', frame.entries.length - entries.length)
    return { ...frame, entries }
  }

  /** Takes the entries of one frame; what they leave open is asked for when they are on disk. */
  function takeFrame(
    batch: Batch,
    { link, entries, from, relay, verified }: Taking,
  ): { accepted: { entry: Entry; isUnread: boolean }[]; followUp: () => void } {
    const accepted: { entry: Entry; isUnread: boolean }[] = []
    let gap: Entry | undefined
    for (const item of entries) {
      const head = feeds.head(item)
      const isAnswer = from !== undefined && from <= head + 1
      const skipBefore = isAnswer ? msToHybrid(core.clock.now() - letGoMs) : undefined
      const acceptance = feeds.accept(batch, item, { verified, skipBefore })
      counters.add(`entries_${acceptance}`)
      if (acceptance === 'gap') gap = item
      if (acceptance === 'accepted' && item.seq > head + 1) miss(batch, item, head)
      if (acceptance === 'accepted') accepted.push({ entry: item, isUnread: settle(batch, item) })
    }
    const [first] = entries
    function followUp(): void {
      if (relay && core.isOperator(core.peer)) {
        for (const { entry } of accepted) copies.passEntry(link, entry, relay)
      }
      if (gap) repair.want(link, gap, gap.seq)
      if (first && from !== undefined) repair.wantMore(link, first)
    }
    return { accepted, followUp }
  }

  /** Words to us that were let go everywhere before they came: their author learns of it. */
  function miss(batch: Batch, item: Entry, head: number): void {
    counters.add('entries_missed', item.seq - head - 1)
    if (!pairOf(item.scope)?.includes(core.peer) || item.peer === core.peer) return
    const place = { feed: item, by: core.peer, now: core.clock.now() }
    cursors.advance(batch, place, { missed: [[head + 1, item.seq - 1]] })
  }

  function report(moves: readonly Cursor[]): void {
    const byAuthor = new Map<PeerId, Cursor[]>()
    for (const move of moves) byAuthor.set(move.peer, [...(byAuthor.get(move.peer) ?? []), move])
    for (const [author, own] of byAuthor) {
      for (const link of links()) {
        if (link.peer !== author) continue
        for (const part of pack(own)) link.sendLive({ kind: 'cursors', cursors: part })
      }
      const isReached = links().some(({ peer }) => peer === author)
      for (const move of own) copies.cursor(move, !isReached)
    }
  }

  /** Direct scopes carry their pair's words only; a group's carry its members'. */
  function isAllowed(link: Link, item: Entry): boolean {
    const pair = pairOf(item.scope)
    return core.sharesWith(link.peer, item.scope) && (!pair || pair.includes(item.peer))
  }

  /** A peer tells of itself and of how far others are in what it said, an operator of everybody. */
  function isWelcome(link: Link, item: Cursor): boolean {
    const parties = [item.by, item.peer]
    const mayTell = core.isOperator(link.peer) || parties.includes(link.peer)
    const concernsUs = core.isOperator(core.peer) || parties.includes(core.peer)
    return core.sharesWith(link.peer, item.scope) && mayTell && concernsUs
  }

  const takeCursors = createGathering(
    async (frames: readonly { readonly link: Link; readonly frame: FrameOf<'cursors'> }[]) => {
      const batch = await ledger.begin({ durable: false })
      const changed = new Map<string, Cursor>()
      const moves: Cursor[] = []
      const passed: (() => void)[] = []
      for (const { link, frame } of frames) {
        for (const item of frame.cursors) {
          if (!isWelcome(link, item)) continue
          const place = { feed: item, by: item.by, now: core.clock.now() }
          const after = cursors.advance(batch, place, item)
          if (!after) continue
          if (item.peer === core.peer) changed.set(`${item.scope}/${item.node}/${item.by}`, after)
          if (item.by === core.peer) moves.push(...forgetSeen(batch, after))
          if (frame.relay && core.isOperator(core.peer)) {
            passed.push(() => copies.passCursor(link, after))
          }
        }
      }
      await batch.commit()
      report(moves)
      for (const item of changed.values()) moved.emit(item)
      for (const pass of passed) pass()
    },
  )

  return {
    arrived,
    sent,
    moved,
    report,
    copies,

    send(item) {
      sent.emit(item)
      const reached = new Set<PeerId>()
      for (const link of links()) {
        const isCopy = core.isOperator(link.peer) && !item.to.includes(link.peer)
        if (isCopy || !core.sharesWith(link.peer, item.scope)) continue
        reached.add(link.peer)
        if (!link.sendLive({ kind: 'entries', entries: [item] })) counters.add('frames_dropped')
      }
      copies.entry(
        item,
        item.to.filter((peer) => !reached.has(peer)),
      )
    },

    receiveEntries: (link, { entries, from, relay }) => takeEntries({ link, entries, from, relay }),
    receiveCursors: (link, frame) => takeCursors({ link, frame }),
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
