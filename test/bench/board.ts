import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { systemClock } from '../../mesh/clock.ts'
import { environmentOf } from '../../mesh/environment.ts'
import { openHome } from '../../mesh/home.ts'
import { readRendezvous } from '../../mesh/rendezvous.ts'
import { takeOperatorSeat } from '../../mesh/seats.ts'
import type { TasksQuery } from '../../state/tasks.ts'
import { startSession, type TestSession, until } from '../sessions.ts'
import type { BoardReport } from './boardNode.ts'
import { type Figure, median, ms, quantile } from './figures.ts'
import { filled, fillGroup } from './filled.ts'

const calls = 200
/** Lists between two changes of the board. */
const callsPerChange = 10
const starts = 9
const heaps = 3
/** What is asked, in turn. */
const queries: readonly TasksQuery[] = [
  {},
  { mine: true },
  { status: 'ready' },
  { status: 'in_progress' },
  { status: 'completed' },
  { status: 'pending', mine: true },
  { status: 'blocked' },
]
const listed = z.object({ tasks: z.array(z.unknown()), more: z.number().default(0) })

/** A board on which a group has worked for a month: how fast it is read, and what it costs to have it. */
export async function measureBoard(scratch: string): Promise<Figure[]> {
  const [full, empty] = [join(scratch, 'full'), join(scratch, 'empty')]
  for (const home of [full, empty]) mkdirSync(home, { mode: 0o700 })
  await fillGroup(full, scratch)
  // The first start after that tells of what happened, as the last one of a seat would have.
  for (const home of [full, empty]) await measureJoin(home, scratch)
  const joining = { full: [] as number[], empty: [] as number[] }
  for (let round = 0; round < starts; round += 1) {
    joining.empty.push(await measureJoin(empty, scratch))
    joining.full.push(await measureJoin(full, scratch))
  }
  const listing = await measureListing(full, scratch)
  const heap = { full: [] as number[], empty: [] as number[] }
  for (let round = 0; round < heaps; round += 1) {
    heap.empty.push((await measureHeap(empty, scratch)).bytes)
    heap.full.push(checked(await measureHeap(full, scratch)).bytes)
  }
  const growth = (median(heap.full) - median(heap.empty)) / 1_048_576
  return [
    listingFigure(listing),
    joiningFigure(joining),
    {
      what: 'heap and buffers of a node with that board, all of it read, beyond an empty one',
      measured: `medians of ${heaps}: ${growth.toFixed(1)} MB`,
      target: '<= 40 MB',
      isMet: growth <= 40,
    },
  ]
}

function listingFigure(times: readonly number[]): Figure {
  const { tasks, decisions, votes } = filled
  const slow = quantile(times, 0.95)
  const said = [tasks, decisions, votes].map((count) => count.toLocaleString('en'))
  return {
    what: `\`list_tasks\` over ${said[0]} tasks, beside ${said[1]} decisions and ${said[2]} votes`,
    measured: `of ${calls}: p50 ${ms(median(times))}, p95 ${ms(slow)}, worst ${ms(quantile(times, 1))}`,
    target: 'p95 <= 20 ms',
    isMet: slow <= 20,
  }
}

function joiningFigure({ full, empty }: Record<'full' | 'empty', readonly number[]>): Figure {
  const ratio = median(full) / median(empty)
  return {
    what: 'spawn -> first answer of `whoami` with that board',
    measured: `median of ${starts}: ${ms(median(full))}, ${ratio.toFixed(2)} x that with an empty one`,
    target: '<= 1 s',
    isMet: median(full) <= 1_000,
  }
}

async function measureJoin(home: string, directory: string): Promise<number> {
  const since = performance.now()
  const session = await startSession({ home, directory })
  const { isError, text } = await session.call('whoami')
  if (isError) throw new Error(text)
  const took = performance.now() - since
  await leadIn(home, session)
  await session.close()
  return took
}

/** Resolves when a session leads its device: until then what the lead has costs it nothing. */
async function leadIn(home: string, session: TestSession): Promise<void> {
  await until(async () => {
    const entries = await readRendezvous(join(home, 'run'))
    return entries.some(({ role }) => role === 'operator')
  }, 60_000)
  await session.call('whoami')
}

/** Milliseconds of each list; the board changes now and then. */
async function measureListing(home: string, directory: string): Promise<number[]> {
  const session = await startSession({ home, directory })
  await session.call('whoami')
  await leadIn(home, session)
  const times: number[] = []
  for (let asked = 0; asked < calls; asked += 1) {
    if (asked % callsPerChange === 0) await session.call('create_task', { title: `task ${asked}` })
    const since = performance.now()
    const { data } = await session.call('list_tasks', { ...queries[asked % queries.length] })
    times.push(performance.now() - since)
    const { tasks, more } = listed.parse(data)
    if (asked === 0 && tasks.length + more <= filled.tasks) throw new Error('tasks are missing')
  }
  await session.close()
  return times
}

/** The memory of a node that does not lead: whoever leads has everything once more. */
async function measureHeap(directory: string, project: string): Promise<BoardReport> {
  const home = await openHome(directory, environmentOf(process), systemClock)
  const operator = await takeOperatorSeat(home, systemClock)
  const child = fork(join(import.meta.dirname, 'boardNode.ts'), {
    cwd: project,
    env: { PATH: process.env['PATH'], MESH_HOME: directory },
    execArgv: [...process.execArgv, '--expose-gc'],
  })
  const [report]: BoardReport[] = await once(child, 'message')
  await once(child, 'exit')
  await operator?.store.close()
  if (!report) throw new Error('the node has said nothing')
  return report
}

function checked(report: BoardReport): BoardReport {
  const isWhole =
    report.tasks >= filled.tasks &&
    report.decisions >= filled.decisions &&
    // Those that came after an outcome do not count.
    report.votes >= filled.votes / 2
  if (!isWhole) throw new Error(`something is missing: ${JSON.stringify(report)}`)
  return report
}
