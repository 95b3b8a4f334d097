import { beforeEach, describe, expect, it } from 'vitest'
import { type CatchUp, createCatchUp } from '../../../mesh/catchUp.ts'
import type { Link } from '../../../mesh/link.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler, type Scheduler } from '../../sim/world.ts'
import { createToldLink, nodeId } from './links.ts'

let world: Scheduler
let catchUp: CatchUp
/** Which link was compared with, and when. */
let compared: [letter: string, atMs: number][]
const bufferedByLetter = new Map<string, number>()

beforeEach(() => {
  world = createScheduler(1)
  compared = []
  bufferedByLetter.clear()
  catchUp = createCatchUp(createSimulatedClock(world), ({ node }) => {
    compared.push([node.charAt(1), world.elapsed()])
  })
})

function linkOf(letter: string): Link {
  const told = createToldLink({ node: nodeId(letter) })
  return Object.defineProperty({ ...told }, 'bufferedBytes', {
    get: () => bufferedByLetter.get(letter) ?? 0,
  })
}

function linked(letter: string): Link {
  const link = linkOf(letter)
  catchUp.linked(link)
  return link
}

describe('a link that lost live frames', () => {
  it('is compared with once it has drained, and once for all that it lost', async () => {
    const link = linked('a')
    bufferedByLetter.set('a', 2_000_000)
    for (let count = 0; count < 100; count += 1) link.dropped.emit()
    await world.run(20_000)
    expect(compared).toEqual([])
    bufferedByLetter.set('a', 1_000)
    await world.run(300)
    expect(compared.map(([letter]) => letter)).toEqual(['a'])
    await world.run(60_000)
    expect(compared).toHaveLength(1)
  })

  it('is compared with once a second at most, while it goes on losing', async () => {
    const link = linked('a')
    for (let count = 0; count < 100; count += 1) {
      link.dropped.emit()
      await world.run(100)
    }
    expect(compared.length).toBeGreaterThanOrEqual(8)
    expect(compared.length).toBeLessThanOrEqual(10)
    const gaps = compared.slice(1).map(([, atMs], index) => atMs - (compared[index]?.[1] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000)
  })

  it('concerns no other link, and nobody where nothing is lost', async () => {
    linked('b')
    const link = linked('a')
    await world.run(60_000)
    expect(compared).toEqual([])
    link.dropped.emit()
    await world.run(60_000)
    expect(compared.map(([letter]) => letter)).toEqual(['a'])
  })

  it('is forgotten when it ends, and when the node stops', async () => {
    const [left, right] = [linked('a'), linked('b')]
    for (const link of [left, right]) link.dropped.emit()
    catchUp.ended(left)
    catchUp.stop()
    catchUp.stop()
    await world.run(60_000)
    expect(compared).toEqual([])
  })
})
