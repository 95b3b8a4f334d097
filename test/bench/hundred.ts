import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Figure, ms } from './figures.ts'

const processes = 4
const nodesEach = 25
const nodes = processes * nodesEach
/** Each of them to each other. */
const links = (nodes * (nodes - 1)) / 2
const updates = 20
/** However slow the machine: after this time something is broken. */
const patienceMs = 120_000
/** After the last update, for what is still under way. */
const restMs = 500

/** Where somebody listens. */
export interface Whereabout {
  readonly node: string
  readonly host: string
  readonly port: number
}

/** What the bench tells a process. */
export type Order =
  | { readonly kind: 'meet'; readonly others: readonly Whereabout[] }
  | { readonly kind: 'await'; readonly text: string }
  | { readonly kind: 'say'; readonly index: number; readonly text: string }
  | { readonly kind: 'usage' }

/** What a process tells the bench. `busyMs`: processor time since it began; `ends`: links, as its nodes count them. */
export type Report =
  | { readonly kind: 'listening'; readonly at: Whereabout }
  | { readonly kind: 'ready' }
  | { readonly kind: 'full' }
  | { readonly kind: 'heard'; readonly text: string }
  | { readonly kind: 'usage'; readonly busyMs: number; readonly ends: number }

interface Worker {
  readonly child: ChildProcess
  readonly listening: Whereabout[]
  order(order: Order): void
  /** Resolves with the next report of that kind, or the past one that nobody took. */
  next<Kind extends Report['kind']>(kind: Kind): Promise<Extract<Report, { kind: Kind }>>
}

/** A hundred nodes in a few processes: how long until all are linked, and what an update costs each. */
export async function measureHundred(): Promise<Figure[]> {
  const before = await measureBare()
  const found = await measureNodes()
  const bareMs = (before + (await measureBare())) / 2
  return [figureOfLinks(found, bareMs), figureOfUpdates(found)]
}

/** What came out for the nodes; `updateMs` only when all were linked. */
interface Found {
  readonly linkedMs: number
  readonly made: number
  readonly updateMs?: number
}

function figureOfLinks({ linkedMs, made }: Found, bareMs: number): Figure {
  const ratio = linkedMs / bareMs
  const isFull = made >= links
  const bare = `the ${ms(bareMs)} of as many bare TLS and WebSocket handshakes`
  return {
    what: `${nodes} nodes in ${processes} processes: full mesh of ${links} links`,
    measured: isFull
      ? `${ms(linkedMs)}, ${ratio.toFixed(1)} x ${bare}`
      : `only ${made} within ${ms(linkedMs)}; beside ${bare}`,
    target: '<= 3 x',
    isMet: isFull && ratio <= 3,
  }
}

function figureOfUpdates({ updateMs }: Found): Figure {
  return {
    what: `processor time of an update, at each of ${nodes} nodes`,
    measured:
      updateMs === undefined
        ? 'not without a full mesh'
        : `${updateMs.toFixed(2)} ms (mean of ${updates})`,
    target: '<= 0.6 ms',
    isMet: updateMs !== undefined && updateMs <= 0.6,
  }
}

/** As many bare connections between as many processes. Milliseconds. */
async function measureBare(): Promise<number> {
  const workers = await startAll('hundredBare.ts')
  const places = workers.flatMap(({ listening }) => listening)
  const dials = workers.map((): Whereabout[] => [])
  for (let index = 0; index < links; index += 1) {
    const to = places[index % processes]
    if (to) dials[Math.floor(index / processes) % processes]?.push(to)
  }
  const takenMs = await timeUntilFull(workers, (index) => dials[index] ?? [])
  stopAll(workers)
  return takenMs
}

async function measureNodes(): Promise<Found> {
  const workers = await startAll('hundredNodes.ts', [String(nodesEach), String(nodes)])
  try {
    const places = workers.flatMap(({ listening }) => listening)
    const linkedMs = await timeUntilFull(workers, () => places)
    const { ends } = await usageOf(workers)
    const made = Math.floor(ends / 2)
    return made < links
      ? { linkedMs, made }
      : { linkedMs, made, updateMs: await measureUpdates(workers) }
  } finally {
    stopAll(workers)
  }
}

/** Updates one after the other, each heard by all: processor time of all processes for one, by node. */
async function measureUpdates(workers: readonly Worker[]): Promise<number> {
  await rest()
  const before = await usageOf(workers)
  for (let round = 0; round < updates; round += 1) {
    const text = `update ${round}.`
    for (const worker of workers) worker.order({ kind: 'await', text })
    const author = workers[round % processes]
    author?.order({ kind: 'say', index: round % nodesEach, text })
    await Promise.all(workers.map((worker) => worker.next('heard')))
  }
  await rest()
  const after = await usageOf(workers)
  return (after.busyMs - before.busyMs) / nodes / updates
}

/** From the moment at which all are told where the others are, to the full mesh or the end of patience. */
async function timeUntilFull(
  workers: readonly Worker[],
  othersOf: (index: number) => readonly Whereabout[],
): Promise<number> {
  const since = performance.now()
  for (const [index, worker] of workers.entries()) {
    worker.order({ kind: 'meet', others: othersOf(index) })
  }
  const full = Promise.all(workers.map((worker) => worker.next('full')))
  const patience = new AbortController()
  await Promise.race([full, rest(patienceMs, patience.signal)])
  patience.abort()
  return performance.now() - since
}

async function usageOf(workers: readonly Worker[]) {
  for (const worker of workers) worker.order({ kind: 'usage' })
  const usages = await Promise.all(workers.map((worker) => worker.next('usage')))
  return {
    busyMs: usages.reduce((sum, usage) => sum + usage.busyMs, 0),
    ends: usages.reduce((sum, usage) => sum + usage.ends, 0),
  }
}

async function startAll(program: string, words: readonly string[] = []): Promise<Worker[]> {
  const workers = Array.from({ length: processes }, () => start(program, words))
  await Promise.all(workers.map((worker) => worker.next('ready')))
  return workers
}

function stopAll(workers: readonly Worker[]): void {
  for (const { child } of workers) child.disconnect()
}

function start(program: string, words: readonly string[]): Worker {
  const child = fork(join(import.meta.dirname, program), [...words])
  const listening: Whereabout[] = []
  const reports: Report[] = []
  let look = () => {}
  child.on('message', (report: Report) => {
    if (report.kind === 'listening') listening.push(report.at)
    else reports.push(report)
    look()
  })
  return {
    child,
    listening,
    order: (order) => void child.send(order),
    next: (kind) =>
      new Promise((resolve) => {
        look = () => {
          const index = reports.findIndex((report) => report.kind === kind)
          const [found] = index < 0 ? [] : reports.splice(index, 1)
          if (found && isKind(found, kind)) resolve(found)
        }
        look()
      }),
  }
}

function isKind<Kind extends Report['kind']>(
  report: Report,
  kind: Kind,
): report is Extract<Report, { kind: Kind }> {
  return report.kind === kind
}

async function rest(ms = restMs, signal?: AbortSignal): Promise<void> {
  await pause(ms, undefined, signal ? { signal } : {}).catch(() => {})
}
