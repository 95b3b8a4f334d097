import { z } from 'zod'
import { entry, type FeedKey } from './feeds.ts'
import type { PeerId } from './ids.ts'
import type { Batch, Mirror } from './ledger.ts'
import type { DeliveryState } from './messages.ts'
import { fromJson, prefixRange, putJson, type Store, sortable } from './store.ts'

/** Acknowledged sequence numbers kept for one feed and recipient. */
const acknowledgedMax = 2_000
/** Ranges kept of what never came. */
const missedMax = 200
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
  /** Ranges, first to last, that were let go everywhere before they came; in order, apart. */
  missed: z
    .array(z.tuple([sequence, sequence]))
    .max(missedMax)
    .optional(),
})
/** How far a recipient is in a feed. */
export type Cursor = z.infer<typeof cursor>

/** What moves forward in a cursor. */
export type CursorMove = Partial<
  Pick<Cursor, 'delivered' | 'shown' | 'seen' | 'acknowledged' | 'missed'>
>

const cursorPrefix = 'c/'
const stepPrefix = 'cs/'
const stepPattern = /^cs\/(.+)\/(delivered|shown|seen|acknowledged)\/(\w+)$/
const stages = ['delivered', 'shown', 'seen'] as const
type Stage = (typeof stages)[number] | 'acknowledged'

/** When a cursor reached a place, by our own clock. */
interface Step {
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly at: number
}
type Steps = Record<Stage, Step[]>
/** Whose steps to which stage. */
interface StepPlace {
  readonly key: string
  readonly stage: Stage
  readonly steps: Step[]
}
interface Known {
  readonly cursor: Cursor
  readonly steps: Steps
}

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
  /** Cursors of one scope: all, or those that one peer wrote or that tell about what it said. */
  list(scope: string, concerning?: PeerId): readonly Cursor[]
}

/** Opens the cursors: empty until `reload` has read them from disk. */
export function createCursorStore(store: Store): CursorStore {
  let knownByKey = new Map<string, Known>()
  let keysByScope = new Map<string, Set<string>>()

  function find(feed: FeedKey, by: PeerId): Known {
    const { scope, peer, node } = feed
    const blank = { scope, peer, node, by, delivered: 0, shown: 0, seen: 0, acknowledged: [] }
    return knownByKey.get(keyOf(feed, by)) ?? { cursor: blank, steps: noSteps() }
  }

  function keep(key: string, known: Known): void {
    const { scope } = known.cursor
    knownByKey.set(key, known)
    keysByScope.set(scope, (keysByScope.get(scope) ?? new Set()).add(key))
  }

  /** Notes when a stage was reached; the oldest step makes room. One small write for each. */
  function addStep(batch: Batch, place: StepPlace, { seq, at }: Step): void {
    const { key, stage, steps } = place
    steps.push({ seq, at })
    batch.add([putJson(stepKey(key, stage, seq), at)])
    const [oldest] = steps
    if (steps.length <= stepsMax || !oldest) return
    steps.shift()
    batch.add([{ kind: 'delete', key: stepKey(key, stage, oldest.seq) }])
  }

  return {
    async reload() {
      knownByKey = new Map()
      keysByScope = new Map()
      for (const [key, value] of await store.range(prefixRange(cursorPrefix))) {
        keep(key.slice(cursorPrefix.length), {
          cursor: cursor.parse(fromJson(value)),
          steps: noSteps(),
        })
      }
      for (const [key, value] of await store.range(prefixRange(stepPrefix))) {
        const [, owner = '', stage = '', seq = ''] = stepPattern.exec(key) ?? []
        const steps = knownByKey.get(owner)?.steps[stage as Stage]
        steps?.push({ seq: Number.parseInt(seq, 36), at: Number(fromJson(value)) })
      }
    },

    get: (feed, by) => find(feed, by).cursor,

    advance(batch, { feed, by, now }, move) {
      const before = find(feed, by)
      const after = merge(before.cursor, move)
      if (!after) return undefined
      const key = keyOf(feed, by)
      for (const stage of stages) {
        if (after[stage] === before.cursor[stage]) continue
        addStep(batch, { key, stage, steps: before.steps[stage] }, { seq: after[stage], at: now })
      }
      const known = new Set(before.cursor.acknowledged)
      const steps = before.steps.acknowledged
      for (const seq of after.acknowledged.filter((number) => !known.has(number))) {
        addStep(batch, { key, stage: 'acknowledged', steps }, { seq, at: now })
      }
      keep(key, { cursor: after, steps: before.steps })
      batch.add([putJson(cursorPrefix + key, after)])
      return after
    },

    stateOf(item, by) {
      const { cursor: now, steps } = find(item, by)
      const isMissed = now.missed?.some(([first, last]) => first <= item.seq && item.seq <= last)
      if (isMissed) return { state: 'expired' }
      const reached = stages.findLast((stage) => now[stage] >= item.seq)
      const passed = reached && steps[reached].find(({ seq }) => seq >= item.seq)
      const isAcknowledged = now.acknowledged.includes(item.seq)
      const named = steps.acknowledged.find(({ seq }) => seq === item.seq)
      const at = isAcknowledged ? named?.at : passed?.at
      const state = isAcknowledged ? 'acknowledged' : (reached ?? 'queued')
      return at === undefined ? { state } : { state, at }
    },

    list(scope, concerning) {
      return [...(keysByScope.get(scope) ?? [])].flatMap((key) => {
        const item = knownByKey.get(key)?.cursor
        if (!item) return []
        const isWanted =
          concerning === undefined || item.by === concerning || item.peer === concerning
        return isWanted ? [item] : []
      })
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
  const missed = union([...(before.missed ?? []), ...(move.missed ?? [])])
  const isSame =
    String(missed) === String(before.missed ?? []) &&
    seen === before.seen &&
    shown === before.shown &&
    delivered === before.delivered &&
    acknowledged.length === before.acknowledged.length &&
    acknowledged.every((seq, index) => seq === before.acknowledged[index])
  if (isSame) return undefined
  const more = missed.length > 0 ? { missed } : {}
  return { ...before, delivered, shown, seen, acknowledged, ...more }
}

/** The same numbers as ranges that do not touch, in order; the oldest give way. */
function union(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const joined: [number, number][] = []
  for (const [first, last] of [...ranges].sort(([left], [right]) => left - right)) {
    const open = joined.at(-1)
    if (open && first <= open[1] + 1) open[1] = Math.max(open[1], last)
    else joined.push([first, last])
  }
  return joined.slice(-missedMax)
}

function noSteps(): Steps {
  return { delivered: [], shown: [], seen: [], acknowledged: [] }
}

function keyOf(feed: FeedKey, by: PeerId): string {
  return `${feed.scope}/${feed.peer}/${feed.node}/${by}`
}

function stepKey(key: string, stage: Stage, seq: number): string {
  return `${stepPrefix}${key}/${stage}/${sortable(seq)}`
}
