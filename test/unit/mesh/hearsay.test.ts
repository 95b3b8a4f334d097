import { beforeEach, describe, expect, it } from 'vitest'
import type { Candidate } from '../../../mesh/discovery.ts'
import { createHearsay, type Hearsay } from '../../../mesh/hearsay.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler, type Scheduler } from '../../sim/world.ts'

const [host, port, instance] = ['10.0.0.2', 7_911, 'one']
const rumour = { host, port, instance }
const candidate: Candidate = { source: 'mdns', host, port }

describe('what is heard of on the network', () => {
  let world: Scheduler
  let hearsay: Hearsay
  let told: string[]

  beforeEach(() => {
    world = createScheduler(1)
    told = []
    hearsay = createHearsay(createSimulatedClock(world), {
      seen: (found) => told.push(`seen ${found.port}`),
      gone: (found) => told.push(`gone ${found.port}`),
    })
    hearsay.heard(rumour)
  })

  it('who is silent stays, however long', async () => {
    await world.run(10_000_000)
    hearsay.settle()
    expect(told).toEqual(['seen 7911'])
  })

  it('who was refused and stays unheard of is gone after two minutes', async () => {
    hearsay.refused(candidate)
    await world.run(119_000)
    hearsay.settle()
    expect(told).toEqual(['seen 7911'])
    await world.run(1_000)
    hearsay.settle()
    expect(told).toEqual(['seen 7911', 'gone 7911'])
  })

  it('who was refused and is heard of again stays', async () => {
    hearsay.refused(candidate)
    await world.run(100_000)
    hearsay.heard(rumour)
    await world.run(10_000_000)
    hearsay.settle()
    expect(told).toEqual(['seen 7911'])
  })

  it('a refusal of what another source said changes nothing', async () => {
    hearsay.refused({ ...candidate, source: 'static' })
    hearsay.refused({ ...candidate, port: 1 })
    await world.run(10_000_000)
    hearsay.settle()
    expect(told).toEqual(['seen 7911'])
  })

  it('who says goodbye is gone, but nobody can say it for somebody else', () => {
    hearsay.goodbye({ host: '10.0.0.3', instance })
    hearsay.goodbye({ host, instance: 'two' })
    hearsay.settle()
    expect(told).toEqual(['seen 7911'])
    hearsay.goodbye({ host, instance })
    hearsay.settle()
    hearsay.settle()
    expect(told).toEqual(['seen 7911', 'gone 7911'])
  })

  it('another process at the same address is news, with a goodbye before it or without', () => {
    hearsay.heard({ ...rumour, instance: 'two' })
    hearsay.settle()
    expect(told).toEqual(['seen 7911', 'gone 7911', 'seen 7911'])
    hearsay.goodbye({ host, instance: 'two' })
    hearsay.heard({ ...rumour, instance: 'three' })
    hearsay.settle()
    expect(told.slice(3)).toEqual(['gone 7911', 'seen 7911'])
    hearsay.settle()
    expect(told).toHaveLength(5)
  })

  it('who comes back and leaves again before anybody was told is just gone', () => {
    hearsay.goodbye({ host, instance })
    hearsay.heard({ ...rumour, instance: 'two' })
    hearsay.goodbye({ host, instance: 'two' })
    hearsay.settle()
    expect(told).toEqual(['seen 7911', 'gone 7911'])
  })

  it('a flood of comings and goings at one address is one change at a time', () => {
    for (let round = 0; round < 1_000; round += 1) {
      hearsay.goodbye({ host, instance })
      hearsay.heard(rumour)
    }
    expect(told).toHaveLength(1)
    hearsay.settle()
    expect(told).toHaveLength(3)
  })

  it('a flood of names is forgotten, but one that was refused makes room', () => {
    for (let flood = 1; flood < 1_000; flood += 1) hearsay.heard({ ...rumour, port: flood })
    expect(told).toHaveLength(256)
    hearsay.refused(candidate)
    hearsay.heard({ ...rumour, port: 60_000 })
    expect(told.slice(256)).toEqual(['gone 7911', 'seen 60000'])
  })
})
