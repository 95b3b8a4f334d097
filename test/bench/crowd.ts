import { join } from 'node:path'
import { systemClock } from '../../mesh/clock.ts'
import type { Door } from '../../mesh/door.ts'
import { environmentOf } from '../../mesh/environment.ts'
import { openHome } from '../../mesh/home.ts'
import { knock } from '../../mesh/knock.ts'
import { readRendezvous } from '../../mesh/rendezvous.ts'
import { startSession, type TestSession, until } from '../sessions.ts'
import { type Figure, ms, quantile } from './figures.ts'

const size = 30
const updates = 20

/** Many real sessions started at once: when all have answered, when all are linked, how fast all hear. */
export async function measureCrowd(scratch: string): Promise<Figure[]> {
  const since = performance.now()
  const answered: number[] = []
  const sessions = await Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const session = await startSession({
        home: join(scratch, 'home'),
        directory: scratch,
        name: `crowd-${index}`,
      })
      answered.push(performance.now() - since)
      // The first call joins, as an agent's would.
      await session.call('whoami')
      return session
    }),
  )
  const doors = await openDoors(join(scratch, 'home'), size)
  await Promise.all(doors.map((door) => untilFull(door, size)))
  const linkedMs = performance.now() - since
  const answeredMs = Math.max(...answered)
  const hearing = await measureHearing(sessions, doors)
  for (const door of doors) door.close()
  await Promise.all(sessions.map((session) => session.close()))
  const ratio = linkedMs / answeredMs
  const slow = quantile(hearing, 0.99)
  return [
    {
      what: `${size} real node processes started at once: full mesh`,
      measured: `${ms(linkedMs)}, ${ratio.toFixed(2)} x the ${ms(answeredMs)} until all answered \`initialize\``,
      target: '<= 1.5 x',
      isMet: ratio <= 1.5,
    },
    {
      what: `one update visible on all ${size}`,
      measured: `p50 ${ms(quantile(hearing, 0.5))}, p99 ${ms(slow)}`,
      target: 'p99 <= 150 ms',
      isMet: slow <= 150,
    },
  ]
}

/** The control doors of so many sessions, once they are there. */
export async function openDoors(directory: string, size: number): Promise<Door[]> {
  const home = await openHome(directory, environmentOf(process), systemClock)
  const entries = await until(async () => {
    const all = await readRendezvous(join(directory, 'run'))
    const found = all.filter(({ role }) => role === 'session')
    return found.length === size && found
  }, 60_000)
  return Promise.all(entries.map((entry) => knock(home, entry, new AbortController().signal)))
}

/** Resolves when a session is linked to all others. */
export function untilFull(door: Door, size: number): Promise<unknown> {
  return until(async () => {
    const status = await door.request('status', {})
    if (!hasLinks(status)) return false
    return status.links.filter(({ name }) => name !== 'operator').length === size - 1
  }, 120_000)
}

function hasLinks(status: unknown): status is { links: readonly { readonly name: string }[] } {
  return typeof status === 'object' && status !== null && 'links' in status
}

/** One session changes its summary; every other node tells its watcher. Milliseconds to the last. */
async function measureHearing(sessions: readonly TestSession[], doors: readonly Door[]) {
  const heard = new Map<string, number>()
  let resolve = () => {}
  let awaited = ''
  for (const door of doors) {
    door.onEvent((event) => {
      const text = textOf(event)
      if (!text.includes(awaited) || awaited === '') return
      heard.set(door.node, performance.now())
      if (heard.size === doors.length) resolve()
    })
    await door.request('watch', {})
  }
  const times: number[] = []
  for (let round = 0; round < updates; round += 1) {
    heard.clear()
    awaited = `round ${round}.`
    const all = new Promise<void>((done) => {
      resolve = done
    })
    const since = performance.now()
    await sessions[round % sessions.length]?.call('set_summary', { summary: awaited })
    await all
    for (const at of heard.values()) times.push(at - since)
  }
  return times
}

function textOf(event: unknown): string {
  const isText = typeof event === 'object' && event !== null && 'text' in event
  return isText && typeof event.text === 'string' ? event.text : ''
}
