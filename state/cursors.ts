import { z } from 'zod'
import { entry, type FeedKey } from './feeds.ts'
import type { PeerId } from './ids.ts'
import type { Batch, Mirror } from './ledger.ts'
import type { DeliveryState } from './messages.ts'
import { fromJson, prefixRange, putJson, type Store } from './store.ts'

/** Acknowledged sequence numbers kept for one feed and recipient. */
const acknowledgedMax = 2_000
/** Steps kept for telling when a message reached a state. */
const stepsMax = 100

const sequence = z.number().int().nonnegative().max(1_000_000_000)

/** How far a recipient is in a feed. Each number covers everything up to it; the highest wins. */
export const cursor = z.object({
  scope: entry.shape.scope,
  peer: entry.shape.peer,
  node: entry.shape.node,
  by: entry.shape.peer,
  delivered: sequence,
  shown: sequence,
  seen: sequence,
  acknowledged: z.array(sequence).max(acknowledgedMax),
})
/** How far a recipient is in a feed. */
export type Cursor = z.infer<typeof cursor>

/** What moves forward in a cursor. */
export type CursorMove = Partial<Pick<Cursor, 'delivered' | 'shown' | 'seen' | 'acknowledged'>>

/** When a cursor reached a place, by our own clock: `[sequence, milliseconds since 1970]`. */
const step = z.tuple([sequence, z.number()])
const stages = ['delivered', 'shown', 'seen'] as const
const stored = z.object({
  cursor,
  steps: z.object({ delivered: z.array(step), shown: z.array(step), seen: z.array(step) }),
})
type Stored = z.infer<typeof stored>

/** All cursors on this disk: our own, and those of the recipients of what we said. */
export interface CursorStore extends Mirror {
  get(feed: FeedKey, by: PeerId): Cursor
  /** Moves a cursor forward; answers it when it moved, undefined when nothing was new. */
  advance(
    batch: Batch,
    place: { feed: FeedKey; by: PeerId; now: number },
    move: CursorMove,
  ): Cursor | undefined
  /** The state of one entry at one recipient, and when it got there (milliseconds; undefined = queued). */
  stateOf(item: FeedKey & { seq: number }, by: PeerId): { state: DeliveryState; at?: number }
  /** Cursors of one scope that one peer wrote or that tell about what it said. */
  list(scope: string, concerning: PeerId): readonly Cursor[]
}

/** Opens the cursors: empty until `reload` has read them from disk. */
export function createCursorStore(store: Store): CursorStore {
  let cursorsByKey = new Map<string, Stored>()

  function find(feed: FeedKey, by: PeerId): Stored {
    const { scope, peer, node } = feed
    const blank = { scope, peer, node, by, delivered: 0, shown: 0, seen: 0, acknowledged: [] }
    return (
      cursorsByKey.get(keyOf(feed, by)) ?? {
        cursor: blank,
        steps: { delivered: [], shown: [], seen: [] },
      }
    )
  }

  return {
    async reload() {
      cursorsByKey = new Map()
      for (const [key, value] of await store.range(prefixRange('c/'))) {
        cursorsByKey.set(key, stored.parse(fromJson(value)))
      }
    },

    get: (feed, by) => find(feed, by).cursor,

    advance(batch, { feed, by, now }, move) {
      const before = find(feed, by)
      const after = merge(before.cursor, move)
      if (!after) return undefined
      const steps = { ...before.steps }
      for (const stage of stages) {
        if (after[stage] === before.cursor[stage]) continue
        steps[stage] = [...before.steps[stage], [after[stage], now] as const]
          .slice(-stepsMax)
          .map(([seq, at]) => [seq, at])
      }
      const key = keyOf(feed, by)
      cursorsByKey.set(key, { cursor: after, steps })
      batch.add([putJson(key, { cursor: after, steps })])
      return after
    },

    stateOf(item, by) {
      const { cursor: now, steps } = find(item, by)
      const when = (stage: (typeof stages)[number]) =>
        steps[stage].find(([seq]) => seq >= item.seq)?.[1]
      const isAcknowledged = now.acknowledged.includes(item.seq)
      const reached = stages.findLast((stage) => now[stage] >= item.seq)
      const at = reached && when(reached)
      const state = isAcknowledged ? 'acknowledged' : (reached ?? 'queued')
      return at === undefined ? { state } : { state, at }
    },

    list(scope, concerning) {
      return [...cursorsByKey.values()]
        .map(({ cursor: item }) => item)
        .filter(
          (item) => item.scope === scope && (item.by === concerning || item.peer === concerning),
        )
    },
  }
}

/** What was seen was shown, and what was shown was delivered: a later state carries the earlier ones. */
function merge(before: Cursor, move: CursorMove): Cursor | undefined {
  const seen = Math.max(before.seen, move.seen ?? 0)
  const shown = Math.max(before.shown, move.shown ?? 0, seen)
  const delivered = Math.max(before.delivered, move.delivered ?? 0, shown)
  const acknowledged = [...new Set([...before.acknowledged, ...(move.acknowledged ?? [])])]
    .sort((left, right) => left - right)
    .slice(-acknowledgedMax)
  const isSame =
    seen === before.seen &&
    shown === before.shown &&
    delivered === before.delivered &&
    acknowledged.length === before.acknowledged.length
  return isSame ? undefined : { ...before, delivered, shown, seen, acknowledged }
}

function keyOf(feed: FeedKey, by: PeerId): string {
  return `c/${feed.scope}/${feed.peer}/${feed.node}/${by}`
}
