import { z } from 'zod'
import type { Desk, Operation, Plan, WorkDesk } from './desk.ts'
import type { Put } from './document.ts'
import { invariant, MeshError } from './errors.ts'
import { hybridToMs } from './hybrid.ts'
import type { ObjectId } from './ids.ts'
import { quote } from './quoting.ts'
import {
  absenceMs,
  type MadeTask,
  type Mark,
  madeKey,
  settleMs,
  stepKey,
  type TaskStanding,
  type TaskStep,
  taskLimits,
  taskPriority,
} from './taskHistory.ts'
import { findTask, handOf, refuseCompleted, refuseWaiting, taken, word } from './taskRefusals.ts'
import { boardOf, standingIn, type Task, taskOf } from './tasks.ts'

/** Open tasks of one group: beyond this nobody finds anything any more. */
const openMax = 10_000
/** How often one task may be claimed, given back and assigned. */
const stepsMax = 200

const taskId = z.string().min(1).max(64)

/** What `create_task` is asked. */
export const createTaskInput = z.strictObject({
  title: z.string().trim().min(1).max(taskLimits.title),
  description: z.string().max(taskLimits.description).optional(),
  assignee: z.string().min(1).max(64).optional().describe('name or peer ID'),
  depends_on: z.array(taskId).max(taskLimits.dependencies).optional(),
  priority: taskPriority.optional(),
})

/** What `claim_task` is asked. */
export const claimTaskInput = z.strictObject({
  task_id: taskId,
  release: z.boolean().optional().describe('give it back'),
  assignee: z.string().min(1).max(64).optional().describe('hand it to this peer (creator only)'),
})

/** What `complete_task` is asked. */
export const completeTaskInput = z.strictObject({
  task_id: taskId,
  result: z.string().max(taskLimits.result).optional().describe('what came out of it'),
})

/** Creates a task; an assignee is told. Fails with UNKNOWN_TASK for an unknown dependency, or REFUSED. */
export function createTask(input: z.output<typeof createTaskInput>): Operation<Task> {
  return (desk) => {
    const { title, description = '', priority = 'normal', depends_on = [] } = input
    const board = boardOf(desk)
    const open = [...board.values()].filter(({ completion }) => !completion).length
    if (open >= openMax) {
      throw new MeshError('REFUSED', `The group has ${open} open tasks already.`, {
        hint: 'Complete some with complete_task first.',
      })
    }
    const dependencies = depends_on.map((text) => findTask(board, text).id)
    const value: MadeTask = {
      ...{ title, description, priority, depends_on: [...new Set(dependencies)] },
      assignee: input.assignee === undefined ? null : desk.resolve(input.assignee),
    }
    const id = desk.createId()
    return {
      records: [{ key: madeKey(id, desk.peer), value }],
      activity: { action: 'created', detail: describe({ id, title }) },
      answer: (later) => viewIn(later, id),
    }
  }
}

/**
 * Claims a task, gives it back, or hands it to somebody. A claim waits a moment for others made at
 * the same time: its answer fails with TASK_TAKEN when one of them was earlier. Fails with
 * UNKNOWN_TASK, TASK_TAKEN, TASK_NOT_READY, TASK_COMPLETED, REFUSED or BAD_INPUT.
 */
export function claimTask(input: z.output<typeof claimTaskInput>): Operation<Task> {
  return (desk) => {
    const task = findTask(boardOf(desk), input.task_id)
    refuseCompleted(desk, task)
    if (task.steps >= stepsMax) {
      throw new MeshError('REFUSED', `${word(desk, task)} has changed hands ${task.steps} times.`, {
        hint: 'Complete it with complete_task, or create a new one with create_task.',
      })
    }
    if (input.release && input.assignee !== undefined) {
      throw new MeshError('BAD_INPUT', 'A task is released or assigned, not both.', {
        hint: 'Leave release or assignee away.',
      })
    }
    if (input.release) return release(desk, task)
    return input.assignee === undefined ? claim(desk, task) : assign(desk, task, input.assignee)
  }
}

/** Whether a claim of ours on that task stands there without counting. */
export function hasLostClaim(desk: Desk, text: string): boolean {
  return lostClaimOf(desk, findTask(boardOf(desk), text)) !== undefined
}

/** A claim of ours that does not count, or counts no more since somebody else completed the task. */
function lostClaimOf({ peer }: Desk, { claims, owner, completion }: TaskStanding) {
  const isOurs = completion ? completion.by === peer : owner === peer
  return isOurs ? undefined : claims.get(peer)
}

/** Takes back a claim of ours that lost, so that nobody is told of it again. Changes nothing else. */
export function yieldTask({ task_id }: { readonly task_id: string }): Operation<Task> {
  return (desk) => {
    const task = findTask(boardOf(desk), task_id)
    const lost = lostClaimOf(desk, task)
    if (!lost) {
      throw new MeshError('REFUSED', `${word(desk, task)} has no claim of yours that lost.`, {
        hint: 'Give a task back with claim_task and release.',
      })
    }
    return {
      records: [draft(desk, task, { kind: 'release', of: markOf(lost) })],
      activity: { action: 'yielded', detail: describe(task) },
      answer: (later) => viewIn(later, task.id),
    }
  }
}

/** Completes a task; its creator is told. Fails with UNKNOWN_TASK, TASK_COMPLETED or REFUSED. */
export function completeTask(input: z.output<typeof completeTaskInput>): Operation<Task> {
  return (desk) => {
    const task = findTask(boardOf(desk), input.task_id)
    refuseCompleted(desk, task)
    const hand = handOf(task)
    if (!isInCharge(desk, task) && hand !== desk.peer) {
      const hint =
        hand === null
          ? 'Claim it with claim_task first.'
          : `Tell ${desk.nameOf(hand)} with send_message what you know.`
      throw new MeshError('REFUSED', `${word(desk, task)} is not yours to complete.`, { hint })
    }
    return {
      records: [draft(desk, task, { kind: 'complete', result: input.result ?? '' })],
      activity: { action: 'completed', detail: describe(task) },
      answer(later) {
        const now = standingIn(later, task.id)
        if (now?.completion?.by !== later.peer) refuseCompleted(later, now ?? task)
        return viewIn(later, task.id)
      },
    }
  }
}

function claim(desk: WorkDesk, task: TaskStanding): Plan<Task> {
  const activity = { action: 'claimed', detail: describe(task) }
  if (task.owner === desk.peer) {
    return { records: [], activity, answer: (later) => answerOwner(later, task) }
  }
  const over = steppedOver(desk, task)
  refuseWaiting(desk, task)
  return {
    records: [draft(desk, task, { kind: 'claim', over })],
    activity,
    settleMs,
    answer: (later) => answerOwner(later, task),
  }
}

/** What stands in the way of our claim and may be stepped over. Fails with TASK_TAKEN when it may not. */
function steppedOver(desk: Desk, task: TaskStanding): Mark | null {
  const hand = handOf(task)
  if (hand === null || !task.holds || hand === desk.peer) return null
  const awayMs = Math.min(
    desk.now() - desk.lastSeenMs(hand),
    desk.now() - hybridToMs(task.holds.at),
  )
  if (awayMs >= absenceMs) return markOf(task.holds)
  throw taken(desk, task)
}

function assign(desk: WorkDesk, task: TaskStanding, assignee: string): Plan<Task> {
  const to = desk.resolve(assignee)
  if (!isInCharge(desk, task)) {
    const creator = desk.nameOf(task.creator)
    throw new MeshError(
      'REFUSED',
      `${word(desk, task)} is assigned by ${creator} or an operator alone.`,
      {
        hint: `Ask ${creator} with send_message.`,
      },
    )
  }
  if (to === desk.peer) refuseWaiting(desk, task)
  return {
    records: [draft(desk, task, { kind: 'assign', to })],
    activity: { action: 'assigned', detail: `${describe(task)} to ${desk.nameOf(to)}` },
    answer: (later) => viewIn(later, task.id),
  }
}

function release(desk: WorkDesk, task: TaskStanding): Plan<Task> {
  const hand = handOf(task)
  if (hand === null || !task.holds) {
    throw new MeshError(
      'REFUSED',
      `${word(desk, task)} is nobody's: there is nothing to release.`,
      {
        hint: 'Claim it with claim_task, or see list_tasks.',
      },
    )
  }
  if (hand !== desk.peer && !isInCharge(desk, task)) throw taken(desk, task)
  return {
    records: [draft(desk, task, { kind: 'release', of: markOf(task.holds) })],
    activity: { action: 'released', detail: describe(task) },
    answer: (later) => viewIn(later, task.id),
  }
}

function answerOwner(desk: Desk, task: TaskStanding): Task {
  const now = standingIn(desk, task.id) ?? task
  refuseCompleted(desk, now)
  if (now.owner !== desk.peer) throw taken(desk, now)
  return viewIn(desk, task.id)
}

function isInCharge(desk: Desk, task: TaskStanding): boolean {
  return task.creator === desk.peer || desk.isOperator(desk.peer)
}

function draft(desk: WorkDesk, task: TaskStanding, value: TaskStep): Put {
  return { key: stepKey(task.id, desk.createId(), desk.peer), value, after: task.lastAt }
}

function viewIn(desk: Desk, id: ObjectId): Task {
  const task = taskOf(desk, id)
  invariant(task, 'a task that was written is there')
  return task
}

function describe({ id, title }: { readonly id: ObjectId; readonly title: string }): string {
  return `task ${id} ${quote(title)}`
}

function markOf({ by, at }: Mark): Mark {
  return { by, at }
}
