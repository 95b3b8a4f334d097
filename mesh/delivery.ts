import type { Cursor } from '../state/cursors.ts'
import { type Entry, type FeedKey, pairOf } from '../state/feeds.ts'
import { isPeerId, isUuid, type NodeId, type PeerId } from '../state/ids.ts'
import type { Batch } from '../state/ledger.ts'
import { hashText } from '../state/signatures.ts'
import type { Core } from './core.ts'
import { entriesMax, type FrameOf, pieceBytes } from './frames.ts'
import { createGathering } from './gathering.ts'
import type { Link } from './link.ts'
import { createSignal, type Signal } from './signal.ts'

/** After this time a range that did not come is asked for again, of whoever offers it. */
const patienceMs = 5_000

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
  /** One hash over what the two of us should both have. */
  hash(peer: PeerId): string
  /** Starts an exchange: says what we have, and how far each of us is. */
  offer(link: Link): void
  receiveHeads(link: Link, frame: FrameOf<'heads'>): Promise<void>
  receiveWant(link: Link, frame: FrameOf<'want'>): Promise<void>
  receiveEntries(link: Link, frame: FrameOf<'entries'>): Promise<void>
  receiveCursors(link: Link, cursors: readonly Cursor[]): Promise<void>
  ended(link: Link): void
}

/** Makes the delivery of a node over its present links. */
export function createDelivery(core: Core, links: () => readonly Link[]): Delivery {
  const { feeds, cursors, inbox, ledger, counters } = core
  const arrived: Delivery['arrived'] = createSignal()
  const sent: Delivery['sent'] = createSignal()
  const moved: Delivery['moved'] = createSignal()
  /** Ranges asked for and not here yet: nobody else is asked for them meanwhile. */
  const wanted = new Map<string, { readonly link: Link; readonly askedMs: number; to: number }>()

  function sharedScopes(peer: PeerId): string[] {
    return feeds.scopes().filter((scope) => core.sharesWith(peer, scope))
  }

  /** Between two peers only cursors matter that one of them moved in a feed of the other. */
  function sharedCursors(peer: PeerId): Cursor[] {
    const pair = [core.peer, peer]
    return sharedScopes(peer)
      .flatMap((scope) => cursors.list(scope, peer))
      .filter((item) => pair.includes(item.by) && pair.includes(item.peer))
  }

  function want(link: Link, feed: FeedKey, to: number): void {
    const key = `${feed.scope}/${feed.peer}/${feed.node}`
    const from = feeds.head(feed) + 1
    const askedMs = core.clock.elapsed()
    const before = wanted.get(key)
    if (before && askedMs - before.askedMs < patienceMs) {
      before.to = Math.max(before.to, to)
      return
    }
    if (from > to) return
    wanted.set(key, { link, askedMs, to })
    const { scope, peer, node } = feed
    link.send({ kind: 'want', scope, peer, node, from, to })
  }

  /** Asks for the next part of a range, or forgets it when all of it is here. */
  function wantMore(link: Link, feed: FeedKey, progressed: boolean): void {
    const key = `${feed.scope}/${feed.peer}/${feed.node}`
    const open = wanted.get(key)
    if (open?.link !== link) return
    wanted.delete(key)
    if (progressed && feeds.head(feed) < open.to) want(link, feed, open.to)
  }

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
      const batch = await ledger.begin({ durable })
      const accepted: { entry: Entry; isUnread: boolean }[] = []
      const followers: (() => void)[] = []
      for (const [index, { link, entries }] of frames.entries()) {
        const own = allowed[index] ?? []
        counters.add('frames_refused', entries.length - own.length)
        const taken = takeFrame(batch, { link, entries: own })
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
    { link, entries }: { readonly link: Link; readonly entries: readonly Entry[] },
  ): { accepted: { entry: Entry; isUnread: boolean }[]; followUp: () => void } {
    const accepted: { entry: Entry; isUnread: boolean }[] = []
    let gap: Entry | undefined
    for (const item of entries) {
      const acceptance = feeds.accept(batch, item)
      counters.add(`entries_${acceptance}`)
      if (acceptance === 'gap') gap = item
      if (acceptance === 'accepted') accepted.push({ entry: item, isUnread: settle(batch, item) })
    }
    const [first] = entries
    function followUp(): void {
      if (gap) want(link, gap, gap.seq)
      else if (first) wantMore(link, first, accepted.length > 0)
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
      for (const { link, items } of frames) {
        for (const item of items) {
          const isAboutUs = item.peer === core.peer && item.by === link.peer
          const isOurOwn = item.by === core.peer && item.peer === link.peer
          if (!core.sharesWith(link.peer, item.scope) || !(isAboutUs || isOurOwn)) continue
          const place = { feed: item, by: item.by, now: core.clock.now() }
          const after = cursors.advance(batch, place, item)
          if (after && isAboutUs) changed.set(`${item.scope}/${item.node}/${item.by}`, after)
          if (after && isOurOwn) forgetSeen(batch, after)
        }
      }
      await batch.commit()
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

    hash(peer) {
      const lines = sharedCursors(peer).map((item) =>
        [
          ...[item.scope, item.peer, item.node, item.by],
          ...[item.delivered, item.shown, item.seen, item.acknowledged.join(',')],
        ].join('/'),
      )
      return hashText([feeds.hash(sharedScopes(peer)), ...lines.sort()].join('\n')).slice(0, 22)
    },

    offer(link) {
      for (const part of pack(sharedCursors(link.peer))) {
        link.send({ kind: 'cursors', cursors: part })
      }
      const heads = sharedScopes(link.peer).flatMap((scope) =>
        Object.entries(feeds.heads(scope)).map(([author, to]) => ({ scope, author, to })),
      )
      for (const part of pack(heads)) {
        const scopes: Record<string, Record<string, number>> = {}
        for (const { scope, author, to } of part) {
          scopes[scope] = { ...scopes[scope], [author]: to }
        }
        link.send({ kind: 'heads', scopes })
      }
    },

    async receiveHeads(link, frame) {
      for (const [scope, heads] of Object.entries(frame.scopes)) {
        if (!core.sharesWith(link.peer, scope)) continue
        for (const [author, to] of Object.entries(heads)) {
          const feed = parseAuthor(scope, author)
          if (feed) want(link, feed, to)
        }
      }
    },

    async receiveWant(link, frame) {
      if (!core.sharesWith(link.peer, frame.scope)) return counters.add('frames_refused')
      await ledger.settled()
      const to = Math.min(frame.to, feeds.head(frame))
      const entries = await feeds.range(frame, { from: frame.from, to, bytesMax: pieceBytes })
      if (entries.length > 0) link.send({ kind: 'entries', entries })
    },

    receiveEntries: (link, { entries }) => takeEntries({ link, entries }),
    receiveCursors: (link, items) => takeCursors({ link, items }),

    ended(link) {
      for (const [key, open] of [...wanted]) if (open.link === link) wanted.delete(key)
    },
  }

  /** What was read before our store was restored from an old copy leaves the inbox again. */
  function forgetSeen(batch: Batch, own: Cursor): void {
    const ids = inbox
      .list()
      .flatMap((item) => (item.kind === 'message' ? [item.entry] : []))
      .filter((item) => item.scope === own.scope && item.node === own.node && item.seq <= own.seen)
      .map((item) => item.id)
    if (ids.length > 0) inbox.remove(batch, new Set(ids))
  }
}

/** Reads `<peer>/<node>` of a frame; undefined when it is not of that form. */
function parseAuthor(scope: string, author: string): FeedKey | undefined {
  const [peer = '', node = ''] = author.split('/')
  if (!isPeerId(peer) || !isUuid(node)) return undefined
  return { scope, peer, node: node as NodeId }
}

/** Splits items so that each part fits into one frame. */
function pack<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = []
  let bytes = pieceBytes
  for (const item of items) {
    const size = JSON.stringify(item).length
    if (bytes + size > pieceBytes || (parts.at(-1)?.length ?? 0) >= entriesMax) {
      parts.push([])
      bytes = 0
    }
    bytes += size
    parts.at(-1)?.push(item)
  }
  return parts
}
