import type { Desk } from './desk.ts'
import { duration } from './durations.ts'
import { MeshError } from './errors.ts'
import type { ObjectId, PeerId } from './ids.ts'
import { findById } from './lookup.ts'
import { shortIds } from './shortIds.ts'
import { absenceMs, type TaskStanding } from './taskHistory.ts'
import { boardOf, neighboursOf, openDependencies, type TaskBoard } from './tasks.ts'

/** The task that a text names: by its ID or an unambiguous beginning. Fails with UNKNOWN_TASK or AMBIGUOUS_ID. */
export function findTask(board: TaskBoard, text: string): TaskStanding {
  return findById(text, [...board.values()], {
    ...{ word: 'task', unknown: 'UNKNOWN_TASK', hint: 'See list_tasks for those that there are.' },
  })
}

/** Who has a task: its owner, or for whom it is kept. */
export function handOf({ owner, assignee }: TaskStanding): PeerId | null {
  return owner ?? assignee
}

/** A task in our own words: what others wrote is no part of a refusal. */
export function word(desk: Desk, { id }: TaskStanding): string {
  return `Task ${shortIdsOf(desk, [id]).get(id) ?? id}`
}

function shortIdsOf(desk: Desk, wanted: readonly ObjectId[]): ReadonlyMap<ObjectId, string> {
  return shortIds(boardOf(desk).keys(), wanted)
}

/** Fails with TASK_COMPLETED when nothing can be done with a task any more. */
export function refuseCompleted(desk: Desk, task: TaskStanding): void {
  if (!task.completion) return
  const by = desk.nameOf(task.completion.by)
  throw new MeshError('TASK_COMPLETED', `${word(desk, task)} was completed by ${by} already.`, {
    hint: 'See its result with list_tasks, status completed.',
  })
}

/** Fails with TASK_NOT_READY when a task waits for others. */
export function refuseWaiting(desk: Desk, task: TaskStanding): void {
  const open = openDependencies(task, neighboursOf(desk, task))
  if (open.length === 0) return
  const shown = shortIdsOf(desk, open)
  const names = open.slice(0, 5).map((id) => shown.get(id) ?? id)
  throw new MeshError('TASK_NOT_READY', `${word(desk, task)} waits for ${names.join(', ')}.`, {
    hint: 'Claim a task that is ready: list_tasks, status ready.',
  })
}

/** The refusal TASK_TAKEN: who has the task, and what can be done about it. */
export function taken(desk: Desk, task: TaskStanding): MeshError {
  const hand = handOf(task)
  if (hand === null) {
    return new MeshError('TASK_TAKEN', `${word(desk, task)} was just given back by another.`, {
      hint: 'Claim it again.',
    })
  }
  const name = desk.nameOf(hand)
  const how = task.owner === null ? 'assigned to' : 'owned by'
  // Who is online was seen just now: later than a time that was read before.
  const nowMs = desk.now()
  const isAway = desk.lastSeenMs(hand) < nowMs
  const elsewhere = isAway
    ? `${name} is offline; claim it again when that has lasted ${duration(absenceMs)}.`
    : `Take another from list_tasks, or ask ${name} with send_message.`
  // The human decides who works on what; that a creator may as well is no reason to tempt it.
  const hint = desk.isOperator(desk.peer)
    ? `Free it with claim_task and release first, or ask ${name} with send_message.`
    : elsewhere
  return new MeshError('TASK_TAKEN', `${word(desk, task)} is ${how} ${name}.`, { hint })
}
