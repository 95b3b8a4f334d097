import { type Desk, type Notices, touchedIds } from './desk.ts'
import { type ObjectId, type PeerId, uuidTime } from './ids.ts'
import type { Notice } from './inbox.ts'
import { nextMove } from './noticeText.ts'
import { ended, quote } from './quoting.ts'
import { settleMs, type TaskStanding } from './taskHistory.ts'
import { boardOf, neighboursOf, openDependencies, standingIn, type TaskBoard } from './tasks.ts'

/** Characters of a description or a result in a notice. */
const quotedMax = 800
/** Tasks that are looked at without the whole board. */
const fewMax = 50
/** Characters of a notice; only what is full of control characters comes near. */
const textMax = 2_000

/**
 * Tells a peer what follows for it from the tasks of its group: a task is assigned to it; one that
 * it created is completed; one that it claimed is not its own; one that it has is ready.
 */
export const taskNotices: Notices = (desk, touched) => {
  const ids = touchedIds(touched, 'task')
  if (ids.size === 0) return []
  const changed = standingsIn(desk, ids)
  const notices = [
    ...changed.flatMap((task) => [
      ...assigned(desk, task),
      ...completed(desk, task),
      ...lost(desk, task),
    ]),
    ...dependants(desk, changed).flatMap(({ task, board }) => becameReady(task, board)),
  ]
  return notices.map((each) => ({ ...each, text: each.text.slice(0, textMax).toWellFormed() }))
}

/** A few are read one by one; for many the whole board is, which is kept for whoever asks next. */
function standingsIn(desk: Desk, ids: ReadonlySet<string>): readonly TaskStanding[] {
  const board = ids.size > fewMax ? boardOf(desk) : undefined
  return [...ids].flatMap((id) => {
    const task = id as ObjectId
    return (board ? board.get(task) : standingIn(desk, task)) ?? []
  })
}

function assigned(desk: Desk, task: TaskStanding): Notice[] {
  const { id, assignee, owner, completion, holds } = task
  const isNew = assignee === desk.peer && owner === null && !completion
  if (!isNew || !holds || holds.by === desk.peer) return []
  const isWaiting = openDependencies(task, neighboursOf(desk, task)).length > 0
  const next = isWaiting
    ? 'It waits for other tasks; you will be told when it is ready.'
    : nextMove(desk, {
        tool: 'Begin with claim_task, or decline with claim_task and release.',
        command: `Begin with \`mesh tasks claim ${id}\`, or decline with \`mesh tasks release ${id}\`.`,
      })
  const about = task.description === '' ? '' : ` ${ended(quote(task.description, quotedMax))}`
  const who = desk.nameOf(holds.by)
  return [
    {
      id: `task/${id}/assigned/${holds.at}`,
      at: holds.at,
      text: `${who} assigned task ${id} to you: ${quote(task.title)}.${about} ${next}`,
      wakes: true,
    },
  ]
}

function completed(desk: Desk, { id, title, creator, completion }: TaskStanding): Notice[] {
  if (!completion || creator !== desk.peer || completion.by === desk.peer) return []
  const result =
    completion.result === '' ? '' : ` Result: ${ended(quote(completion.result, quotedMax))}`
  return [
    {
      id: `task/${id}/completed/${completion.at}`,
      at: completion.at,
      text: `${desk.nameOf(completion.by)} completed your task ${id}: ${quote(title)}.${result}`,
      wakes: true,
    },
  ]
}

/** Somebody works on what is no longer its own, or done already. */
function lost(desk: Desk, task: TaskStanding): Notice[] {
  const { id, title, owner, completion, claims } = task
  const claim = claims.get(desk.peer)
  if (!claim || completion?.by === desk.peer) return []
  if (!completion && owner === desk.peer) return []
  // As long as the answer to a claim is not read, it is the answer that tells. A clock that was set
  // back since says nothing about that.
  const ageMs = desk.now() - uuidTime(claim.step)
  if (ageMs >= 0 && ageMs < settleMs) return []
  return [
    {
      id: `task/${id}/lost/${claim.at}`,
      at: Math.max(claim.at, task.lastAt),
      text: `Stop working on task ${id}, ${quote(title)}: ${whyLost(desk, task)}`,
      wakes: true,
    },
  ]
}

function whyLost(desk: Desk, { owner, assignee, completion }: TaskStanding): string {
  const named = (peer: PeerId) => desk.nameOf(peer)
  if (completion) return `${named(completion.by)} has completed it.`
  if (owner !== null) return `${named(owner)} owns it. Tell ${named(owner)} what you have done.`
  if (assignee !== null) return `it is assigned to ${named(assignee)} now.`
  return 'it was released. Claim it again with claim_task if you go on.'
}

/** What waits for something that is completed now, and is this peer's to do. */
function dependants(
  desk: Desk,
  changed: readonly TaskStanding[],
): { readonly task: TaskStanding; readonly board: TaskBoard }[] {
  const done = new Set(changed.filter(({ completion }) => completion).map(({ id }) => id))
  if (done.size === 0) return []
  const board = boardOf(desk)
  return [...board.values()]
    .filter(({ owner, assignee }) => (owner ?? assignee) === desk.peer)
    .filter(({ depends_on }) => depends_on.some((id) => done.has(id)))
    .map((task) => ({ task, board }))
}

function becameReady(task: TaskStanding, board: TaskBoard): Notice[] {
  const { id, title, holds, completion } = task
  if (completion || !holds || openDependencies(task, board).length > 0) return []
  const readyAt = Math.max(...task.depends_on.map((each) => board.get(each)?.completion?.at ?? 0))
  // Who came to it later saw that it was ready.
  if (readyAt < holds.at) return []
  const isAssigned = task.owner === null
  const next = isAssigned ? ' Begin with claim_task.' : ''
  return [
    {
      id: `task/${id}/ready/${readyAt}`,
      at: readyAt,
      text: `Task ${id}, ${quote(title)}, is ready: all that it waited for is completed.${next}`,
      wakes: isAssigned,
    },
  ]
}
