import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../mesh/clock.ts'
import { environmentOf } from '../../mesh/environment.ts'
import { openHome } from '../../mesh/home.ts'
import { knock } from '../../mesh/knock.ts'
import { readRendezvous } from '../../mesh/rendezvous.ts'
import { takeOperatorSeat } from '../../mesh/seats.ts'
import { createFeedStore } from '../../state/feedStore.ts'
import { directScope } from '../../state/feeds.ts'
import { createHybridClock } from '../../state/hybrid.ts'
import { createObjectId, createPeerId, type NodeId, uuidV7 } from '../../state/ids.ts'
import { createLedger } from '../../state/ledger.ts'
import { createVerifier } from '../../state/signatures.ts'
import { startSession, until } from '../sessions.ts'
import { createChance } from '../sim/world.ts'
import { type Figure, median, ms, quantile } from './figures.ts'

const messages = 50_000
const questions = 200
const starts = 9
/** Words of each message, of a language of so many. */
const words = { each: 40, all: 20_000 } as const

/** An archive of many messages: how fast words are found, and whether it slows a start. */
export async function measureSearch(scratch: string): Promise<Figure[]> {
  const [full, empty] = [join(scratch, 'full'), join(scratch, 'empty')]
  for (const home of [full, empty]) mkdirSync(home, { mode: 0o700 })
  await fill(full)
  const starting = { full: [] as number[], empty: [] as number[] }
  for (let round = 0; round < starts; round += 1) {
    starting.empty.push(await measureJoin(empty, scratch))
    starting.full.push(await measureJoin(full, scratch))
  }
  const { first, times } = await ask(full, scratch)
  const slow = quantile(times, 0.95)
  const ratio = median(starting.full) / median(starting.empty)
  return [
    {
      what: `search in ${messages.toLocaleString('en')} messages`,
      measured: `of ${questions}: p50 ${ms(median(times))}, p95 ${ms(slow)}; the first, which reads the archive, ${ms(first)}`,
      target: 'p95 <= 50 ms',
      isMet: slow <= 50,
    },
    {
      what: 'spawn -> first answer of a lead with that archive',
      measured: `median of ${starts}: ${ms(median(starting.full))}, ${ratio.toFixed(2)} x that with an empty one`,
      target: '<= 1.2 x',
      isMet: ratio <= 1.2,
    },
  ]
}

/** Writes the archive of a device that has talked a lot. */
async function fill(directory: string): Promise<void> {
  const home = await openHome(directory, environmentOf(process), systemClock)
  const seat = await takeOperatorSeat(home, systemClock)
  if (!seat) throw new Error('nobody has that seat')
  const chance = createChance(1)
  const { signer } = home
  const [one, other] = [createPeerId(signer.device, new Uint8Array(5)), seat.peer]
  const node = uuidV7(systemClock.now(), systemClock.random(10)) as NodeId
  const feeds = createFeedStore({
    ...{ store: seat.store, peer: one, node, signer, verify: createVerifier() },
    hybrid: createHybridClock(systemClock.now),
  })
  const ledger = createLedger(seat.store)
  for (let written = 0; written < messages; written += 500) {
    const batch = await ledger.begin({ durable: false })
    for (let index = 0; index < 500; index += 1) {
      feeds.append(batch, {
        ...{ scope: directScope(one, other), group: 'lobby', kind: 'message', to: [other] },
        id: createObjectId(systemClock.now(), systemClock.random(10)),
        body: { text: sentence(chance), hops: 0 },
      })
    }
    await batch.commit()
  }
  await seat.store.close()
}

/** Words, the first of them common and the last rare, as in any language. */
function sentence(chance: () => number): string {
  return Array.from({ length: words.each }, () => word(chance() ** 3 * words.all)).join(' ')
}

function word(number: number): string {
  return `w${Math.floor(number).toString(36)}e`
}

async function measureJoin(home: string, directory: string): Promise<number> {
  const since = performance.now()
  const session = await startSession({ home, directory })
  await session.call('whoami')
  const took = performance.now() - since
  // Until it leads, its archive costs it nothing.
  await untilLed(home)
  await session.close()
  return took
}

async function untilLed(home: string) {
  return until(async () => {
    const entries = await readRendezvous(join(home, 'run'))
    return entries.find(({ role }) => role === 'operator')
  })
}

async function ask(directory: string, scratch: string) {
  const session = await startSession({ home: directory, directory: scratch })
  await session.call('whoami')
  const home = await openHome(directory, environmentOf(process), systemClock)
  const door = await knock(home, await untilLed(directory), new AbortController().signal)
  const chance = createChance(2)
  const times: number[] = []
  let first = 0
  for (let asked = 0; asked <= questions; asked += 1) {
    const query = Array.from({ length: 1 + (asked % 3) }, () => word(chance() ** 3 * words.all))
    const since = performance.now()
    await door.request('history', { query: query.join(' ') })
    const took = performance.now() - since
    if (asked === 0) first = took
    else times.push(took)
  }
  door.close()
  await session.close()
  return { first, times }
}
