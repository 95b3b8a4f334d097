import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import type { Door } from '../../mesh/door.ts'
import { startSession, type TestSession, type ToolAnswer, until } from '../sessions.ts'
import { openDoors, untilFull } from './crowd.ts'
import { type Figure, median, ms, quantile } from './figures.ts'

const size = 30
const rounds = 5
/** Between rounds everything is delivered and nobody writes. */
const quietMs = 1_500
/** How soon a node is asked again that has every vote and does not know the outcome. */
const askAgainMs = 5

const made = z.object({ proposal: z.object({ id: z.string(), required: z.number() }) })
const proposals = z.object({
  proposals: z.array(z.object({ id: z.string(), status: z.string() })),
})
const task = z.object({ task: z.object({ id: z.string(), owner: z.string().nullable() }) })
const tasks = z.object({ tasks: z.array(z.object({ id: z.string() })) })
const event = z.object({ kind: z.string(), text: z.string() })

/** A crowd of real sessions that decides together, and of which all want the same task. */
export async function measureTogether(scratch: string): Promise<Figure[]> {
  const home = join(scratch, 'home')
  const sessions = await Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const session = await startSession({ home, directory: scratch, name: `member-${index}` })
      await session.call('whoami')
      return session
    }),
  )
  const doors = await openDoors(home, size)
  await Promise.all(doors.map((door) => untilFull(door, size)))
  for (const door of doors) await door.request('watch', {})
  const known: number[] = []
  const claimed: Claimed[] = []
  for (let round = 0; round < rounds; round += 1) {
    await pause(quietMs)
    known.push(...(await measureVote(sessions, doors, round)))
    await pause(quietMs)
    claimed.push(await measureClaim(sessions, doors, round))
  }
  for (const door of doors) door.close()
  await Promise.all(sessions.map((session) => session.close()))
  return [votingFigure(known), claimingFigure(claimed)]
}

function votingFigure(times: readonly number[]): Figure {
  const slow = quantile(times, 0.99)
  return {
    what: `${size} real node processes vote at once: the outcome is read on all`,
    measured: `${rounds} rounds: p50 ${ms(median(times))}, p99 ${ms(slow)}`,
    target: 'p99 <= 200 ms',
    isMet: slow <= 200,
  }
}

function claimingFigure(claimed: readonly Claimed[]): Figure {
  const times = claimed.map(({ took }) => took)
  const slow = Math.max(...times)
  const most = Math.max(...claimed.map(({ owners }) => owners))
  const misled = claimed.reduce((sum, round) => sum + round.misled, 0)
  return {
    what: `one task claimed by ${size} at once: one owner, whom all others are told`,
    measured: `${rounds} rounds: last answer after ${ms(median(times))}, worst ${ms(slow)}, settling included; ${most} owner${most === 1 ? '' : 's'} at most, ${misled} answers that name another`,
    target: '<= 1 s, 1 owner, 0 others',
    isMet: slow <= 1_000 && claimed.every(({ owners }) => owners === 1) && misled === 0,
  }
}

/** Milliseconds from the first vote until each node reads the outcome. */
async function measureVote(
  sessions: readonly TestSession[],
  doors: readonly Door[],
  round: number,
): Promise<number[]> {
  const author = sessions[round % sessions.length]
  const answer = await author?.call('create_proposal', { title: `Shall we, in round ${round}?` })
  const { id, required } = made.parse(answer?.data).proposal
  await Promise.all(doors.map((door) => until(async () => (await statusOf(door, id)) === 'open')))
  await pause(quietMs)
  const since = performance.now()
  const read = doors.map((door) => outcomeAt(door, id, required))
  await Promise.all(
    sessions.map((session) => session.call('vote_proposal', { proposal_id: id, vote: 'approve' })),
  )
  return (await Promise.all(read)).map((at) => at - since)
}

async function statusOf(door: Door, id: string): Promise<string | undefined> {
  const answer = proposals.parse(await door.request('proposals', { all: true }))
  return answer.proposals.find((proposal) => proposal.id === id)?.status
}

/** When a node reads an outcome: it is not asked before it has heard of enough votes. */
async function outcomeAt(door: Door, id: string, votes: number): Promise<number> {
  let heard = 0
  await new Promise<void>((resolve) => {
    door.onEvent((told) => {
      if (heard === votes) return
      const { kind, text } = event.parse(told)
      if (kind !== 'activity' || !text.startsWith('approved') || !text.includes(id)) return
      heard += 1
      if (heard === votes) resolve()
    })
  })
  for (;;) {
    const status = await statusOf(door, id)
    if (status === 'approved') return performance.now()
    if (status !== 'open') throw new Error(`the proposal is ${status}`)
    await pause(askAgainMs)
  }
}

/** What came of one claim of all. */
interface Claimed {
  /** Milliseconds from the first claim until the last answer. */
  readonly took: number
  /** How many were told that the task is theirs. */
  readonly owners: number
  /** How many were told of another owner than the first of those. */
  readonly misled: number
}

async function measureClaim(
  sessions: readonly TestSession[],
  doors: readonly Door[],
  round: number,
): Promise<Claimed> {
  const creator = sessions[round % sessions.length]
  const answer = await creator?.call('create_task', { title: `Wanted by all in round ${round}` })
  const { id } = task.parse(answer?.data).task
  const isThere = async (door: Door) => {
    const board = tasks.parse(await door.request('tasks', {}))
    return board.tasks.some((each) => each.id === id)
  }
  await Promise.all(doors.map((door) => until(() => isThere(door))))
  await pause(quietMs)
  const since = performance.now()
  const answers = await Promise.all(
    sessions.map((session) => session.call('claim_task', { task_id: id })),
  )
  const took = performance.now() - since
  return { took, ...judge(answers) }
}

/** One should have the task, and all others be told who. */
function judge(answers: readonly ToolAnswer[]): Omit<Claimed, 'took'> {
  const strange = answers.find(({ isError, data }) => isError && data.code !== 'TASK_TAKEN')
  if (strange) throw new Error(strange.text)
  const owners = [...answers.keys()].filter((index) => answers[index]?.isError === false)
  const isNamed = new RegExp(`by member-${owners[0]}\\b`)
  const misled = answers.filter(({ isError, text }) => isError && !isNamed.test(text))
  return { owners: owners.length, misled: misled.length }
}
