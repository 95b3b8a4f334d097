import { z } from 'zod'
import { type Entry, entry, type FeedKey } from './feeds.ts'
import type { HybridTime } from './hybrid.ts'
import type { Batch, Mirror } from './ledger.ts'
import { fromJson, prefixRange, putJson, type Store, sortable } from './store.ts'

/** Longest text of a notice, in characters; what is longer is cut. */
const textMax = 2_000

/** Something a peer should know that follows from what happened: derived here, never sent. */
export const notice = z.object({
  /** The same event makes the same ID, so that it is told once. */
  id: z.string().max(128),
  at: z.number(),
  text: z.string().max(textMax),
  wakes: z.boolean(),
})
/** Something a peer should know that follows from what happened. */
export type Notice = z.infer<typeof notice>

/** What waits to be read: a message of a feed, or a notice. */
const waiting = z.union([
  z.object({ kind: z.literal('message'), entry, shown: z.boolean() }),
  z.object({ kind: z.literal('notice'), notice, shown: z.boolean() }),
])
/** What waits to be read. `shown`: it was put before the model, without proof that it was read. */
export type Waiting = z.infer<typeof waiting>

/** Notices remembered so that each is told once. */
const toldMax = 2_000
/** Notices kept unread; older ones give way, because a notice follows from records anyway. */
const noticesMax = 100
const forgottenKey = 'forgotten'

/** The unread of one peer, oldest arrival first. Small enough for memory: senders are braked at 1,000. */
export interface InboxStore extends Mirror {
  /** Takes a message in. */
  add(batch: Batch, item: Entry): void
  /** Takes a notice in, unless its ID was told before. Answers whether it was new. */
  tell(batch: Batch, item: Notice): boolean
  /** Whether a notice of that ID was told, as far as is remembered. */
  wasTold(id: string): boolean
  list(): readonly Waiting[]
  /** How many wait. */
  count(): number
  /** Answers the entries that were not marked before. */
  markShown(batch: Batch, ids: ReadonlySet<string>): readonly Entry[]
  /** They leave. Answers the entries among them. */
  remove(batch: Batch, ids: ReadonlySet<string>): readonly Entry[]
  /** The lowest sequence number of a feed that still waits, or undefined. */
  lowestWaiting(feed: FeedKey): number | undefined
  /** The same, counting only what was not shown. */
  lowestHidden(feed: FeedKey): number | undefined
}

/** Opens the inbox: empty until `reload` has read it from disk. */
export function createInboxStore(store: Store): InboxStore {
  let itemsByKey = new Map<string, Waiting>()
  /** When each notice was told, the oldest first. */
  let told = new Map<string, HybridTime>()
  /** Of what happened before this, too much has been told to remember: it counts as told. */
  let forgottenAt: HybridTime = 0
  let arrivals = 0

  function push(batch: Batch, item: Waiting): void {
    arrivals += 1
    const key = `in/${sortable(arrivals)}`
    itemsByKey.set(key, item)
    batch.add([putJson(key, item)])
  }

  function drop(batch: Batch, key: string): void {
    itemsByKey.delete(key)
    batch.add([{ kind: 'delete', key }])
  }

  function lowest(feed: FeedKey, isCounted: (item: Waiting) => boolean): number | undefined {
    let least: number | undefined
    for (const item of itemsByKey.values()) {
      if (item.kind !== 'message' || !isSameFeed(item.entry, feed) || !isCounted(item)) continue
      least = Math.min(least ?? item.entry.seq, item.entry.seq)
    }
    return least
  }

  return {
    async reload() {
      itemsByKey = new Map()
      arrivals = 0
      for (const [key, value] of await store.range(prefixRange('in/'))) {
        itemsByKey.set(key, waiting.parse(fromJson(value)))
        arrivals = Number.parseInt(key.slice(3), 36)
      }
      const marks = await store.range(prefixRange('told/'))
      const times = marks.map(([key, at]) => [key.slice(5), Number(fromJson(at))] as const)
      told = new Map([...times].sort(([, left], [, right]) => left - right))
      const forgotten = await store.get(forgottenKey)
      forgottenAt = forgotten ? Number(fromJson(forgotten)) : 0
    },

    add: (batch, item) => push(batch, { kind: 'message', entry: item, shown: false }),

    tell(batch, item) {
      if (told.has(item.id) || item.at <= forgottenAt) return false
      told.set(item.id, item.at)
      batch.add([putJson(`told/${item.id}`, item.at)])
      const [first] = told
      if (told.size > toldMax && first) {
        told.delete(first[0])
        forgottenAt = Math.max(forgottenAt, first[1])
        batch.add([{ kind: 'delete', key: `told/${first[0]}` }, putJson(forgottenKey, forgottenAt)])
      }
      const notices = [...itemsByKey].filter(([, { kind }]) => kind === 'notice')
      const [oldest] = notices
      if (notices.length >= noticesMax && oldest) drop(batch, oldest[0])
      const text = item.text.length > textMax ? `${item.text.slice(0, textMax - 1)}…` : item.text
      push(batch, { kind: 'notice', notice: { ...item, text: text.toWellFormed() }, shown: false })
      return true
    },

    wasTold: (id) => told.has(id),

    list: () => [...itemsByKey.values()],
    count: () => itemsByKey.size,

    markShown(batch, ids) {
      const entries: Entry[] = []
      for (const [key, item] of itemsByKey) {
        if (item.shown || !ids.has(idOf(item))) continue
        itemsByKey.set(key, { ...item, shown: true })
        batch.add([putJson(key, { ...item, shown: true })])
        if (item.kind === 'message') entries.push(item.entry)
      }
      return entries
    },

    remove(batch, ids) {
      const entries: Entry[] = []
      for (const [key, item] of [...itemsByKey]) {
        if (!ids.has(idOf(item))) continue
        drop(batch, key)
        if (item.kind === 'message') entries.push(item.entry)
      }
      return entries
    },

    lowestWaiting: (feed) => lowest(feed, () => true),
    lowestHidden: (feed) => lowest(feed, ({ shown }) => !shown),
  }
}

/** The ID by which tools name a waiting item. */
export function idOf(item: Waiting): string {
  return item.kind === 'message' ? item.entry.id : item.notice.id
}

/** When a waiting item was written. */
export function atOf(item: Waiting): HybridTime {
  return item.kind === 'message' ? item.entry.at : item.notice.at
}

function isSameFeed(left: FeedKey, right: FeedKey): boolean {
  return left.scope === right.scope && left.peer === right.peer && left.node === right.node
}
