import { whyNoLab } from '../lan/lab.ts'
import { createPlace, type LanSession, type Place } from '../lan/sites.ts'
import { until } from '../sessions.ts'
import { type Figure, median, ms } from './figures.ts'

const rounds = 7
const machines = 3
const sessionsEach = 10
/** Between two questions. */
const lookMs = 50
/** However slow the machine: after this time something is broken. */
const patienceMs = 120_000

/** How soon sessions of machines that have not met see each other, with multicast alone to help them. */
export async function measureDiscovery(): Promise<Figure[]> {
  const reason = await whyNoLab()
  if (reason !== undefined) return [skipped(reason)]
  return [await inPlace(2, measureTwo), await inPlace(machines, measureMany)]
}

function skipped(reason: string): Figure {
  const what = 'sessions of several machines find each other'
  return { what, measured: `skipped because ${reason}`, target: '-', isMet: true }
}

async function inPlace<Result>(
  count: number,
  measure: (place: Place) => Promise<Result>,
): Promise<Result> {
  const place = await createPlace(count)
  try {
    return await measure(place)
  } finally {
    await place.stop()
  }
}

/** From the spawn of a process to its first answer that names the session on the other machine. */
async function measureTwo(place: Place): Promise<Figure> {
  const waiting = await place.site(1).enter('waiting')
  const [answered, linked]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const since = performance.now()
    const coming = await place.site(2).enter(`coming-${round}`)
    answered.push(performance.now() - since)
    await untilSees(coming, 1)
    linked.push(performance.now() - since)
    await coming.close()
    await until(async () => (await waiting.peers()).length === 0, patienceMs)
  }
  const [middle, worst] = [median(linked), Math.max(...linked)]
  return {
    what: 'session spawned -> it sees a session of another machine, by mDNS',
    measured: `of ${rounds}: median ${ms(middle)}, worst ${ms(worst)} (its first answer: ${ms(median(answered))})`,
    target: 'median <= 2 s',
    isMet: middle <= 2_000,
  }
}

/** From the first spawn until the last of many sees all others. */
async function measureMany(place: Place): Promise<Figure> {
  const since = performance.now()
  const names = Array.from({ length: machines * sessionsEach }, (_, index) => `many-${index}`)
  const entering = names.map((name, index) => place.site(1 + (index % machines)).enter(name))
  const sessions = await Promise.all(entering)
  const answeredMs = performance.now() - since
  // One after the other, so that the asking costs next to nothing.
  for (const session of sessions) await untilSees(session, names.length - 1)
  const seenMs = performance.now() - since
  return {
    what: `${names.length} sessions on ${machines} machines spawned at once: all see all, by mDNS`,
    measured: `${ms(seenMs)} after the first was spawned (all had answered after ${ms(answeredMs)})`,
    target: '<= 10 s',
    isMet: seenMs <= 10_000,
  }
}

async function untilSees(session: LanSession, count: number): Promise<void> {
  await until(async () => {
    const { length } = await session.peers()
    if (length < count) await new Promise((done) => setTimeout(done, lookMs))
    return length === count
  }, patienceMs)
}
