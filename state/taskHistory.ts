import { z } from 'zod'
import { type HybridTime, hybridToMs } from './hybrid.ts'
import { isPeerId, isUuid, type ObjectId, type PeerId } from './ids.ts'
import type { Rec } from './records.ts'

/** How urgent a task is, the most urgent first. */
export const taskPriority = z.enum(['urgent', 'high', 'normal', 'low'])
/** How urgent a task is. */
export type TaskPriority = z.infer<typeof taskPriority>

/** Longest title, description and result of a task, in characters, and most tasks it may wait for. */
export const taskLimits = {
  title: 200,
  description: 8_000,
  result: 8_000,
  dependencies: 50,
} as const
/** Claims made at the same time reach each other within this, in milliseconds. */
export const settleMs = 300
/** How long whoever has a task is away before another may step over that, in milliseconds. */
export const absenceMs = 10 * 60_000

const peerId = z.custom<PeerId>((text) => typeof text === 'string' && isPeerId(text))
const objectId = z.custom<ObjectId>((text) => typeof text === 'string' && isUuid(text))

/** Names one step, or the making of the task: who wrote it when. */
const mark = z.object({ by: peerId, at: z.number() })
/** Names one step, or the making of the task. */
export type Mark = z.infer<typeof mark>

const made = z.object({
  title: z.string().min(1).max(taskLimits.title),
  description: z.string().max(taskLimits.description),
  priority: taskPriority,
  depends_on: z.array(objectId).max(taskLimits.dependencies),
  assignee: peerId.nullable(),
})
/** What the creator writes, once, under `task/<id>/made/<creator>`. */
export type MadeTask = z.infer<typeof made>

const step = z.discriminatedUnion('kind', [
  /** `over`: the claim or assignment of an absent peer that this one steps over. */
  z.object({ kind: z.literal('claim'), over: mark.nullable() }),
  z.object({ kind: z.literal('assign'), to: peerId }),
  /** `of`: the claim or assignment that ends. */
  z.object({ kind: z.literal('release'), of: mark }),
  z.object({ kind: z.literal('complete'), result: z.string().max(taskLimits.result) }),
])
/** What anybody writes under `task/<id>/step/<step id>/<peer>`: what is done to a task, never changed. */
export type TaskStep = z.infer<typeof step>

/** A claim as its writer has to see it. */
export interface TaskClaim extends Mark {
  /** The step ID, whose time is the writer's wall clock. */
  readonly step: string
}

/** Where a task stands, as its steps have it. */
export interface TaskStanding extends MadeTask {
  readonly id: ObjectId
  readonly creator: PeerId
  readonly madeAt: HybridTime
  readonly owner: PeerId | null
  /** What gives the owner, or else the assignee, its place. */
  readonly holds: Mark | null
  readonly completion: (Mark & { readonly result: string }) | null
  /** The last claim of each peer that it has not given back, whether it counts or not. */
  readonly claims: ReadonlyMap<PeerId, TaskClaim>
  readonly steps: number
  /** The newest moment in its records. */
  readonly lastAt: HybridTime
}

/** While steps are followed. */
interface Position {
  assignee: PeerId | null
  owner: PeerId | null
  holds: Mark | null
  completion: TaskStanding['completion']
  claims: Map<PeerId, TaskClaim>
  /** Who ever had the task in hand and did not give it back. */
  hands: Set<PeerId>
}

/** Most tasks have none: one for all of them. */
const noClaims: TaskStanding['claims'] = new Map()

/** Who may do what a human may. */
type IsOperator = (peer: PeerId) => boolean
/** The making of a task, with its writer and time. */
type Making = Mark & { readonly id: ObjectId; readonly making: MadeTask }
/** One step, with its writer and time. */
type Taken = Mark & { readonly step: string; readonly value: TaskStep }

/** Where the making of a task stands. */
export function madeKey(id: ObjectId, creator: PeerId): string {
  return `task/${id}/made/${creator}`
}

/** Where one step of a task stands. */
export function stepKey(id: ObjectId, stepId: ObjectId, by: PeerId): string {
  return `task/${id}/step/${stepId}/${by}`
}

/** The task that a record belongs to, or undefined. */
function taskIdOf({ key }: Rec): ObjectId | undefined {
  const [kind, id = ''] = key.split('/', 2)
  return kind === 'task' && isUuid(id) ? (id as ObjectId) : undefined
}

/**
 * Follows the steps of one task in the order of their time (then of their writers), whatever order
 * they arrived in. A pure function of the records, so that all replicas agree:
 *
 * 1. Whoever made the ID first is the creator. Undefined when that has not arrived.
 * 2. A claim counts when nobody has the task, when it is assigned to the claimer, or when it names
 *    what it steps over and that is at least ten minutes old.
 * 3. Creator and operators assign, over whatever stands; to themselves, and they own it. Until the
 *    assignee is stepped over or gives it back, nobody else's claim counts.
 * 4. A release ends what it names and nothing else: who took over meanwhile keeps the task.
 * 5. The first completion counts for good: of the creator, an operator, or whoever had the task in
 *    hand, even when another's claim turns out to have been earlier. Work that is done is done.
 */
export function standingOf(recs: readonly Rec[], isOperator: IsOperator): TaskStanding | undefined {
  const [first] = recs.flatMap(makingOf).sort(byTime)
  if (!first) return undefined
  const { id, making } = first
  const position: Position = {
    ...{ assignee: making.assignee, owner: null, completion: null, claims: new Map() },
    holds: making.assignee === null ? null : { by: first.by, at: first.at },
    hands: new Set(making.assignee === null ? [] : [making.assignee]),
  }
  const steps = recs.flatMap(takenOf).sort(byStep)
  for (const taken of steps) {
    follow(position, taken, taken.by === first.by || isOperator(taken.by))
  }
  // Written out: objects made by spreading several would each bring a shape of their own.
  return {
    id,
    title: making.title,
    description: making.description,
    priority: making.priority,
    depends_on: making.depends_on,
    creator: first.by,
    madeAt: first.at,
    assignee: position.assignee,
    owner: position.owner,
    holds: position.holds,
    completion: position.completion,
    claims: position.claims.size === 0 ? noClaims : position.claims,
    steps: steps.length,
    lastAt: Math.max(first.at, steps.at(-1)?.at ?? 0),
  }
}

function follow(position: Position, taken: Taken, isInCharge: boolean): void {
  const { value } = taken
  if (value.kind === 'claim') return followClaim(position, taken, value.over)
  if (value.kind === 'release')
    return followRelease(position, { ...taken, of: value.of }, isInCharge)
  if (position.completion) return
  if (value.kind === 'complete') {
    if (!isInCharge && !position.hands.has(taken.by)) return
    position.completion = { by: taken.by, at: taken.at, result: value.result }
  } else if (isInCharge) {
    followAssignment(position, taken, value.to)
  }
}

function followAssignment(position: Position, taken: Taken, to: PeerId): void {
  position.assignee = to
  position.hands.add(to)
  // Its owner goes on by the claim that it has.
  if (position.owner === to) return
  position.owner = to === taken.by ? to : null
  position.holds = markOf(taken)
  if (to === taken.by) position.claims.set(to, claimOf(taken))
}

function followClaim(position: Position, taken: Taken, over: Mark | null): void {
  if (position.owner === taken.by) return
  position.claims.set(taken.by, claimOf(taken))
  position.hands.add(taken.by)
  if (position.completion) return
  const isFree = position.holds === null
  const isAssigned = position.owner === null && position.assignee === taken.by
  const isOver = isMark(position.holds, over) && isPast(over, taken.at)
  if (!isFree && !isAssigned && !isOver) return
  if (!isAssigned) position.assignee = null
  position.owner = taken.by
  position.holds = markOf(taken)
}

function followRelease(
  position: Position,
  taken: Mark & { readonly of: Mark },
  isInCharge: boolean,
): void {
  if (isMark(position.claims.get(taken.by) ?? null, taken.of)) {
    position.claims.delete(taken.by)
    position.hands.delete(taken.by)
  }
  if (position.completion || !isMark(position.holds, taken.of)) return
  if (!isInCharge && (position.owner ?? position.assignee) !== taken.by) return
  position.hands.delete(taken.by)
  position.assignee = null
  position.owner = null
  position.holds = null
}

/** What is read is kept in the standing of its task, so that reading need not remember it. */
function makingOf(rec: Rec): Making[] {
  const [, , part, writer, more] = rec.key.split('/')
  const id = taskIdOf(rec)
  if (part !== 'made' || writer !== rec.by || more !== undefined || !id) return []
  const { data } = made.safeParse(rec.value)
  return data ? [{ by: rec.by, at: rec.at, id, making: data }] : []
}

function takenOf(rec: Rec): Taken[] {
  const [, , part, id = '', writer] = rec.key.split('/')
  if (part !== 'step' || writer !== rec.by) return []
  const { data } = step.safeParse(rec.value)
  return data ? [{ by: rec.by, at: rec.at, step: id, value: data }] : []
}

function markOf({ by, at }: Mark): Mark {
  return { by, at }
}

function claimOf({ by, at, step }: Taken): TaskClaim {
  return { by, at, step }
}

function isMark(left: Mark | null, right: Mark | null): boolean {
  return left !== null && right !== null && left.by === right.by && left.at === right.at
}

function isPast(over: Mark | null, at: HybridTime): boolean {
  return over !== null && hybridToMs(at) - hybridToMs(over.at) >= absenceMs
}

/** By time, then by writer. */
function byTime(left: Mark, right: Mark): number {
  return left.at - right.at || (left.by < right.by ? -1 : left.by > right.by ? 1 : 0)
}

/** The same for steps; those that one writer made within a moment by their IDs. */
function byStep(left: Taken, right: Taken): number {
  return byTime(left, right) || (left.step < right.step ? -1 : 1)
}
