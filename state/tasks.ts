import { z } from 'zod'
import { createDerivation } from './derivation.ts'
import type { Desk } from './desk.ts'
import { hybridToIso } from './hybrid.ts'
import type { ObjectId, PeerId } from './ids.ts'
import { standingOf, type TaskPriority, type TaskStanding, taskPriority } from './taskHistory.ts'

/**
 * Where a task is, in the order of lists: `ready` to be claimed; `in_progress`, which is owned;
 * `blocked`, owned while something it waits for is open or unknown; `pending`, not owned and not
 * to be claimed until what it waits for is completed.
 */
export const taskStatus = z.enum(['ready', 'in_progress', 'blocked', 'pending', 'completed'])
/** Where a task is. */
export type TaskStatus = z.infer<typeof taskStatus>

/** A task as tools, commands and the dashboard show it. Peers are given by ID. */
export interface Task {
  readonly id: ObjectId
  readonly title: string
  readonly description: string
  readonly status: TaskStatus
  readonly priority: TaskPriority
  /** For whom it is kept; null when anybody may claim it. */
  readonly assignee: PeerId | null
  readonly owner: PeerId | null
  readonly creator: PeerId
  readonly depends_on: readonly ObjectId[]
  /** What came out of it; null until it is completed. */
  readonly result: string | null
  /** When it was created, ISO 8601. */
  readonly at: string
}

/** Which tasks: of one status, or those that the asker owns or is assigned. */
export const tasksQuery = z.strictObject({
  status: taskStatus.optional(),
  mine: z.boolean().optional(),
})
/** Which tasks. */
export type TasksQuery = z.infer<typeof tasksQuery>

/** The tasks of a group by ID. */
export type TaskBoard = ReadonlyMap<ObjectId, TaskStanding>

/** Every task of the group, as its steps have it. Cheap for tasks that did not change. */
export function boardOf(desk: Pick<Desk, 'list' | 'isOperator'>): TaskBoard {
  return read(desk).things
}

/** A task as it is shown, with what its place in the list depends on. */
interface Entry {
  readonly standing: TaskStanding
  readonly task: Task
  /** By status, then by priority. */
  readonly place: number
}

/** Reads a task when its records change, and puts it at its place in the list. */
const read = createDerivation('task', { derive: standingOf, arrange })

/** The whole group board: ready ones first, then by priority, the oldest first; completed ones last. */
export function tasksOf(desk: Desk, query: TasksQuery = {}): readonly Task[] {
  return tasksWithBoard(desk, query).tasks
}

/** The same, with the whole board that was read for it. */
export function tasksWithBoard(
  desk: Desk,
  { status, mine = false }: TasksQuery,
): { readonly tasks: readonly Task[]; readonly board: TaskBoard } {
  const { things: board, order } = read(desk)
  const tasks = order
    .map(({ task }) => task)
    .filter(
      (task) =>
        (status === undefined || task.status === status) &&
        (!mine || task.owner === desk.peer || task.assignee === desk.peer),
    )
  return { tasks, board }
}

/** Puts what changed, and what waits for it, at its place among those that stay where they are. */
function arrange(
  board: TaskBoard,
  changed: ReadonlySet<ObjectId>,
  last: readonly Entry[] = [],
): readonly Entry[] {
  const moved = new Set(changed)
  const staying = last.filter(({ task: { id, depends_on } }) => {
    if (depends_on.some((each) => changed.has(each))) moved.add(id)
    return !moved.has(id)
  })
  const moving = [...moved].flatMap((id) => {
    const standing = board.get(id)
    return standing ? [entryOf(standing, board)] : []
  })
  return merged(staying, moving.sort(inOrder))
}

function merged(staying: readonly Entry[], moving: readonly Entry[]): readonly Entry[] {
  const list: Entry[] = []
  let next = 0
  for (const entry of staying) {
    for (let other = moving[next]; other && inOrder(other, entry) < 0; other = moving[next]) {
      list.push(other)
      next += 1
    }
    list.push(entry)
  }
  return [...list, ...moving.slice(next)]
}

/** By status, then by priority; what is completed is no longer urgent. */
function placeOf({ status, priority }: Task): number {
  const rank = taskStatus.options.indexOf(status) * taskPriority.options.length
  return status === 'completed' ? rank : rank + taskPriority.options.indexOf(priority)
}

/** One task, or undefined when it is not there. */
export function taskOf(desk: Pick<Desk, 'list' | 'isOperator'>, id: ObjectId): Task | undefined {
  const standing = standingIn(desk, id)
  return standing && entryOf(standing, neighboursOf(desk, standing)).task
}

/** How one task stands, without looking at the others. */
export function standingIn(
  desk: Pick<Desk, 'list' | 'isOperator'>,
  id: ObjectId,
): TaskStanding | undefined {
  const recs = desk.list(`task/${id}/`)
  return recs.length === 0 ? undefined : standingOf(recs, desk.isOperator)
}

/** The tasks that this one waits for, as far as they are there. */
export function neighboursOf(
  desk: Pick<Desk, 'list' | 'isOperator'>,
  { depends_on }: TaskStanding,
): TaskBoard {
  return new Map(
    depends_on.flatMap((id) => {
      const standing = standingIn(desk, id)
      return standing ? [[id, standing] as const] : []
    }),
  )
}

/** What a task still waits for; what is unknown counts as open. */
export function openDependencies(standing: TaskStanding, board: TaskBoard): readonly ObjectId[] {
  return standing.depends_on.filter((id) => !board.get(id)?.completion)
}

function statusOf({ completion, owner, depends_on }: TaskStanding, board: TaskBoard): TaskStatus {
  if (completion) return 'completed'
  const isOpen = depends_on.some((id) => !board.get(id)?.completion)
  if (owner !== null) return isOpen ? 'blocked' : 'in_progress'
  return isOpen ? 'pending' : 'ready'
}

function entryOf(standing: TaskStanding, board: TaskBoard): Entry {
  // Written out: objects made by spreading several would each bring a shape of their own.
  const task: Task = {
    id: standing.id,
    title: standing.title,
    description: standing.description,
    status: statusOf(standing, board),
    priority: standing.priority,
    assignee: standing.assignee,
    owner: standing.owner,
    creator: standing.creator,
    depends_on: standing.depends_on,
    result: standing.completion?.result ?? null,
    at: hybridToIso(standing.madeAt),
  }
  return { standing, task, place: placeOf(task) }
}

/** By place, then the oldest first; of completed ones the one completed last. */
function inOrder(left: Entry, right: Entry): number {
  return left.place - right.place || byAge(left.standing, right.standing)
}

function byAge(left: TaskStanding, right: TaskStanding): number {
  const isDone = left.completion !== null && right.completion !== null
  const ages = isDone ? right.completion.at - left.completion.at : left.madeAt - right.madeAt
  return ages || (left.id < right.id ? -1 : 1)
}
