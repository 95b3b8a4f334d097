import { MeshError } from '../state/errors.ts'
import type { Timeline } from '../state/feedStore.ts'
import { type Entry, groupScope, pairOf } from '../state/feeds.ts'
import { hybridToIso } from '../state/hybrid.ts'
import type { PeerId } from '../state/ids.ts'
import type { Receipt } from '../state/messages.ts'
import { sortable } from '../state/store.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'
import type { HistoryPage, HistoryQuery, Mesh } from './mesh.ts'
import type { Peers } from './peers.ts'
import type { Views } from './views.ts'

/** Messages on a page when nobody says how many, and at most. */
const limits = { usual: 20, most: 200 } as const
/** Entries read from disk at once. */
const pageEntries = 100
/** Entries looked at for one question. */
const entriesMax = 20_000

/** What looking back needs. */
export interface HistoryDeps {
  readonly peers: Peers
  readonly views: Views
  readonly delivery: Delivery
}

/** What was said, and how far it came. */
export type History = Pick<Mesh, 'acknowledge' | 'receipts' | 'history'>

/** Makes the memory of a node. */
export function createHistory(core: Core, { peers, views, delivery }: HistoryDeps): History {
  const { feeds, cursors, ledger } = core

  function isMine(item: Entry): boolean {
    return item.kind === 'message' && (item.peer === core.peer || item.to.includes(core.peer))
  }

  function scopes(): string[] {
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

    async history(query) {
      if (query.message_id !== undefined) {
        const item = await feeds.find(query.message_id)
        return { messages: [views.message(item)] }
      }
      const limit = Math.min(query.limit ?? limits.usual, limits.most)
      const fits = matcher(
        query,
        query.peer === undefined ? isMine : isWith(peers.resolve(query.peer)),
      )
      const before = query.before === undefined ? undefined : await placeOf(query.before)
      const found = await collect(scopes(), fits, {
        limit: limit + 1,
        ...(before ? { before } : {}),
      })
      return page(found, limit)
    },
  }

  async function findOwn(messageId: string): Promise<Entry> {
    const item = await feeds.find(messageId)
    if (item.peer === core.peer) return item
    throw new MeshError('UNKNOWN_MESSAGE', 'That message was sent to you, not by you.', {
      hint: 'check_acks tells of your own; message_history has the others.',
    })
  }

  async function placeOf(messageId: string): Promise<string> {
    const item = await feeds.find(messageId)
    return `${sortable(item.at)}/${item.id}`
  }

  function page(found: readonly Entry[], limit: number): HistoryPage {
    const shown = found.slice(0, limit).reverse()
    const [oldest] = shown
    const messages = shown.map((item) => views.message(item))
    return found.length > limit && oldest ? { messages, next: oldest.id } : { messages }
  }
}

/** Narrows a choice of entries to those that hold every word of the query. */
function matcher(query: HistoryQuery, fits: (item: Entry) => boolean): (item: Entry) => boolean {
  const words = (query.query ?? '').toLowerCase().split(/\s+/).filter(Boolean)
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
