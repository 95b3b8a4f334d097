import type { Cursor } from '../state/cursors.ts'
import type { Entry, FeedKey } from '../state/feeds.ts'
import { isPeerId, isUuid, type NodeId, type PeerId } from '../state/ids.ts'
import { hashText } from '../state/signatures.ts'
import type { Core } from './core.ts'
import { entriesMax, type FrameOf, pieceBytes } from './frames.ts'
import { createGathering } from './gathering.ts'
import type { Link } from './link.ts'

/** After this time a range that did not come is asked for again, of whoever offers it. */
const patienceMs = 5_000
/** Ranges asked for at once; the next comparison brings what is beyond that. */
const wantedMax = 10_000
/** Ranges that others may ask of us before we have answered. */
const asksMax = 1_000

/** Finds what one of two nodes lacks of feeds and cursors, and asks for it. */
export interface Repair {
  /** One hash over what the two of us should both have. */
  hash(peer: PeerId): string
  /** Starts an exchange: says what we have, and how far each of us is. */
  offer(link: Link): void
  /** Asks for a feed up to a number, unless that is under way. */
  want(link: Link, feed: FeedKey, to: number): void
  /** After an answer is on disk: asks for the next part, of whoever has it, until all is here. */
  wantMore(link: Link, feed: FeedKey): void
  receiveHeads(link: Link, frame: FrameOf<'heads'>): void
  receiveWant(link: Link, frame: FrameOf<'want'>): Promise<void>
  ended(link: Link): void
}

/** A feed of which parts are asked for, one after the other. */
interface Wanted {
  readonly feed: FeedKey
  /** Who was asked last, when, and from which number on. */
  readonly link: Link
  readonly askedMs: number
  readonly from: number
  /** Up to where each link says that it has the feed. */
  readonly offers: Map<Link, number>
}

/** Makes the repair of a node. */
export function createRepair(core: Core): Repair {
  const { feeds, cursors, ledger, counters } = core
  /** What is asked for and not here yet: nobody else is asked for it meanwhile. */
  const wanted = new Map<string, Wanted>()
  let asks = 0

  function sharedScopes(peer: PeerId): string[] {
    return feeds.scopes().filter((scope) => core.sharesWith(peer, scope))
  }

  /**
   * Between two peers only cursors matter that one of them moved in a feed of the other; between a
   * peer and an operator all that concern the peer; between two operators all.
   */
  function sharedCursors(peer: PeerId): Cursor[] {
    const bound = [core.peer, peer].filter((one) => !core.isOperator(one))
    const [one] = bound
    return sharedScopes(peer)
      .flatMap((scope) => cursors.list(scope, one))
      .filter((item) => bound.every((each) => item.by === each || item.peer === each))
  }

  function want(link: Link, feed: FeedKey, to: number): void {
    if (to <= feeds.head(feed)) return
    const open = wanted.get(keyOf(feed))
    if (!open && wanted.size >= wantedMax) return
    const offers = open?.offers ?? new Map<Link, number>()
    offers.set(link, Math.max(to, offers.get(link) ?? 0))
    if (!open || core.clock.elapsed() - open.askedMs >= patienceMs) ask(feed, offers, link)
  }

  /** Asks somebody who has more than we do: that link if it does, else another. */
  function ask(feed: FeedKey, offers: Map<Link, number>, preferred: Link): void {
    const from = feeds.head(feed) + 1
    const link = [preferred, ...offers.keys()].find((one) => (offers.get(one) ?? 0) >= from)
    if (!link) return void wanted.delete(keyOf(feed))
    wanted.set(keyOf(feed), { feed, link, askedMs: core.clock.elapsed(), from, offers })
    const { scope, peer, node } = feed
    link.send({ kind: 'want', scope, peer, node, from, to: offers.get(link) ?? from })
  }

  function read(frame: FrameOf<'want'>): Promise<Entry[]> {
    const to = Math.min(frame.to, feeds.head(frame))
    return feeds.range(frame, { from: frame.from, to, bytesMax: pieceBytes })
  }

  /** One range after the other, so that whoever asks for all at once does not fill our memory. */
  const answerWant = createGathering(
    async (frames: readonly { readonly link: Link; readonly frame: FrameOf<'want'> }[]) => {
      for (const { link, frame } of frames) {
        let entries = await read(frame)
        if (entries.length === 0) {
          // What was offered may be on its way to the disk; only what is there is ever sent.
          await ledger.settled()
          entries = await read(frame)
        }
        if (entries.length > 0) link.send({ kind: 'entries', entries, from: frame.from })
      }
    },
  )

  return {
    want,

    hash(peer) {
      const lines = sharedCursors(peer).map((item) =>
        [
          ...[item.scope, item.peer, item.node, item.by],
          ...[item.delivered, item.shown, item.seen, item.acknowledged.join(',')],
          ...(item.missed ? [item.missed.join(',')] : []),
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

    wantMore(link, feed) {
      const open = wanted.get(keyOf(feed))
      if (open?.link !== link) return
      // Who answers without bringing us further would do so again.
      if (feeds.head(feed) < open.from) open.offers.delete(link)
      ask(feed, open.offers, link)
    },

    receiveHeads(link, frame) {
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
      if (asks >= asksMax) return counters.add('frames_dropped')
      asks += 1
      await answerWant({ link, frame }).finally(() => {
        asks -= 1
      })
    },

    ended(link) {
      for (const open of [...wanted.values()]) {
        open.offers.delete(link)
        if (open.link === link) ask(open.feed, open.offers, link)
      }
    },
  }
}

/** Splits items so that each part fits into one frame. */
export function pack<Item>(items: readonly Item[]): Item[][] {
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

function keyOf({ scope, peer, node }: FeedKey): string {
  return `${scope}/${peer}/${node}`
}

/** Reads `<peer>/<node>` of a frame; undefined when it is not of that form. */
export function parseAuthor(scope: string, author: string): FeedKey | undefined {
  const [peer = '', node = ''] = author.split('/')
  if (!isPeerId(peer) || !isUuid(node)) return undefined
  return { scope, peer, node: node as NodeId }
}
