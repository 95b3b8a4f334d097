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
  const claimed: number[] = []
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

function claimingFigure(times: readonly number[]): Figure {
  const slow = Math.max(...times)
  return {
    what: `one task claimed by ${size} at once: one owner, and everybody has its answer`,
    measured: `${rounds} rounds: median ${ms(median(times))}, worst ${ms(slow)}, settling included`,
    target: '<= 1 s',
    isMet: slow <= 1_000,
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

/** Milliseconds from the first claim until the last answer. */
async function measureClaim(
  sessions: readonly TestSession[],
  doors: readonly Door[],
  round: number,
): Promise<number> {
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
  checkClaims(answers)
  return took
}

/** One has the task, and all others were told who. */
function checkClaims(answers: readonly ToolAnswer[]): void {
  const winners = [...answers.entries()].filter(([, { isError }]) => !isError)
  const [winner] = winners
  if (!winner || winners.length > 1) throw new Error(`${winners.length} own the task`)
  const name = `member-${winner[0]}`
  const losers = answers.filter(({ isError }) => isError)
  const strange = losers.find(
    ({ data, text }) => data.code !== 'TASK_TAKEN' || !new RegExp(`${name}\\b`).test(text),
  )
  if (strange) throw new Error(`${name} has the task, and somebody was told: ${strange.text}`)
}
