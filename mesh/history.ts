import { MeshError } from '../state/errors.ts'
import type { Timeline } from '../state/feedStore.ts'
import { type Entry, groupScope, pairOf } from '../state/feeds.ts'
import { hybridToIso } from '../state/hybrid.ts'
import type { PeerId } from '../state/ids.ts'
import type { Receipt } from '../state/messages.ts'
import { placeOf, type Search } from '../state/search.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'
import type { HistoryPage, Mesh } from './mesh.ts'
import type { Peers } from './peers.ts'
import type { Views } from './views.ts'

/** Messages on a page when nobody says how many, and at most. */
const limits = { usual: 20, most: 200 } as const
/** Entries read from disk at once. */
const pageEntries = 100
/** Entries looked at for one question. */
const entriesMax = 20_000
/** Without a question for this long the search forgets what it has read. */
const releaseMs = 600_000

/** What looking back needs. */
export interface HistoryDeps {
  readonly peers: Peers
  readonly views: Views
  readonly delivery: Delivery
  /** The words of the archive; only the operator's node has one. */
  readonly search?: Search
}

/** Which part of the past is wanted. */
interface Bounds {
  readonly words: readonly string[]
  readonly limit: number
  readonly before?: string
}

/** What was said, and how far it came. */
export type History = Pick<Mesh, 'acknowledge' | 'receipts' | 'onReceipt' | 'history' | 'find'>

/** Makes the memory of a node. */
export function createHistory(
  core: Core,
  { peers, views, delivery, search }: HistoryDeps,
): History {
  const { feeds, cursors, ledger } = core
  let cancelRelease = () => {}

  if (search) {
    delivery.arrived.listen(({ entry }) => search.add(entry))
    delivery.sent.listen(search.add)
  }

  /** What this peer may read: what it wrote or got. The operator reads everything. */
  function isMine(item: Entry): boolean {
    const isParty = item.peer === core.peer || item.to.includes(core.peer)
    return item.kind === 'message' && (isParty || core.isOperator(core.peer))
  }

  function scopes(): string[] {
    if (core.isOperator(core.peer)) return [...feeds.scopes()]
    const own = groupScope(core.groupOf(core.peer))
    return feeds.scopes().filter((scope) => scope === own || pairOf(scope)?.includes(core.peer))
  }

  /** Entries of several scopes, newest first, that fit; stops at `limit` or when nothing is left. */
  async function collect(
    from: readonly string[],
    fits: (item: Entry) => boolean,
    { limit, before }: { readonly limit: number; readonly before?: string },
  ): Promise<Entry[]> {
    const streams = from.map((scope) => createStream(core, scope, before))
    const found: Entry[] = []
    for (let looked = 0; looked < entriesMax && found.length < limit; looked += 1) {
      const heads = await Promise.all(streams.map((stream) => stream.peek()))
      const places = heads.map((head) => head?.place ?? '')
      const newest = places.reduce(
        (best, place, index) => (place > (places[best] ?? '') ? index : best),
        0,
      )
      const head = heads[newest]
      if (!head) break
      streams[newest]?.take()
      if (fits(head.entry)) found.push(head.entry)
    }
    return found
  }

  function receiptsOf(item: Entry): Receipt[] {
    return item.to.map((peer) => {
      const { state, at } = cursors.stateOf(item, peer)
      return {
        id: item.id,
        to: { id: peer, name: peers.view(peer).name },
        state,
        at: at === undefined ? hybridToIso(item.at) : new Date(at).toISOString(),
      }
    })
  }

  /** Messages with one peer: of our pair, and what it or we said to our group and each other. */
  function isWith(peer: PeerId): (item: Entry) => boolean {
    return (item) => isMine(item) && (item.peer === peer || item.to.includes(peer))
  }

  return {
    async acknowledge(messageId) {
      const item = await feeds.find(messageId)
      if (!item.to.includes(core.peer)) {
        throw new MeshError('NOT_RECIPIENT', 'That message was not sent to you.', {
          hint: 'Only a recipient acknowledges; your own messages are in check_acks.',
        })
      }
      const batch = await ledger.begin()
      const place = { feed: item, by: core.peer, now: core.clock.now() }
      const move = cursors.advance(batch, place, { acknowledged: [item.seq] })
      await batch.commit()
      if (move) delivery.report([move])
      return { message_id: item.id }
    },

    async receipts({ limit = limits.usual, message_id }) {
      if (message_id !== undefined) return receiptsOf(await findOwn(message_id))
      const mine = (item: Entry) => item.kind === 'message' && item.peer === core.peer
      const sent = await collect(scopes(), mine, { limit: Math.min(limit, limits.most) })
      return sent.flatMap(receiptsOf)
    },

    async find(messageId) {
      const { id, peer, to, group } = await feeds.find(messageId)
      return { id, from: peer, to, group }
    },

    onReceipt: (listener) => delivery.moved.listen(() => listener()),

    async history(query) {
      if (query.message_id !== undefined) {
        const item = await feeds.find(query.message_id)
        return { messages: [views.message(item)] }
      }
      const limit = Math.min(query.limit ?? limits.usual, limits.most)
      const peer = query.peer === undefined ? undefined : peers.resolve(query.peer)
      const before = query.before === undefined ? undefined : await placeOfId(query.before)
      const words = (query.query ?? '').toLowerCase().split(/\s+/).filter(Boolean)
      const bounds = { words, limit: limit + 1, ...(before ? { before } : {}) }
      return page(await past(peer, bounds), limit)
    },
  }

  async function past(peer: PeerId | undefined, bounds: Bounds): Promise<Entry[]> {
    const fits = matcher(bounds.words, peer === undefined ? isMine : isWith(peer))
    if (!search || bounds.words.length === 0) return collect(scopes(), fits, bounds)
    cancelRelease()
    cancelRelease = core.clock.after(releaseMs, search.release)
    const { entries, unread } = await search.find({ ...bounds, ...(peer ? { peer } : {}) })
    if (unread === undefined) return [...entries]
    const rest = { limit: bounds.limit - entries.length, before: unread }
    return [...entries, ...(await collect(scopes(), fits, rest))]
  }

  async function findOwn(messageId: string): Promise<Entry> {
    const item = await feeds.find(messageId)
    if (item.peer === core.peer) return item
    throw new MeshError('UNKNOWN_MESSAGE', 'That message was sent to you, not by you.', {
      hint: 'check_acks tells of your own; message_history has the others.',
    })
  }

  async function placeOfId(messageId: string): Promise<string> {
    return placeOf(await feeds.find(messageId))
  }

  function page(found: readonly Entry[], limit: number): HistoryPage {
    const shown = found.slice(0, limit).reverse()
    const [oldest] = shown
    const messages = shown.map((item) => views.message(item))
    return found.length > limit && oldest ? { messages, next: oldest.id } : { messages }
  }
}

/** Narrows a choice of entries to those that hold every word. */
function matcher(
  words: readonly string[],
  fits: (item: Entry) => boolean,
): (item: Entry) => boolean {
  return (item) => {
    if (!fits(item)) return false
    const text = item.body && 'text' in item.body ? item.body.text.toLowerCase() : ''
    return words.every((word) => text.includes(word))
  }
}

/** Reads one scope backwards, a page of entries at a time. */
function createStream(core: Core, scope: string, before: string | undefined) {
  let rows: Timeline = []
  let next = 0
  let last = before
  let isEnded = false
  return {
    async peek() {
      if (next >= rows.length && !isEnded) {
        const query = { limit: pageEntries, ...(last === undefined ? {} : { before: last }) }
        rows = await core.feeds.timeline(scope, query)
        next = 0
        last = rows.at(-1)?.place
        isEnded = rows.length < pageEntries
      }
      return rows[next]
    },
    take() {
      next += 1
    },
  }
}
