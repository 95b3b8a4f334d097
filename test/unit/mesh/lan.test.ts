import { beforeEach, describe, expect, it } from 'vitest'
import type { Announcement, Discovery } from '../../../mesh/discovery.ts'
import { createLan, type Lan } from '../../../mesh/lan.ts'
import { silentLog } from '../../../mesh/log.ts'
import type { Network } from '../../../mesh/network.ts'
import { MeshError } from '../../../state/errors.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler, type Scheduler } from '../../sim/world.ts'
import { nodeId } from './links.ts'

let world: Scheduler
let lan: Lan
/** What happened, in order. */
let story: string[]
let open: Set<string>
let busy: Set<number>
let hasIpv6: boolean
let announcements: Announcement[]
let failing: boolean

/** Listens after a while, as the system does. */
const network: Network = {
  async listen(host, ports) {
    await new Promise<void>((resolve) => world.after(5, resolve))
    const port = ports.find((candidate) => !busy.has(candidate))
    if (port === undefined || (host === '::' && !hasIpv6)) {
      throw new MeshError('UNREACHABLE', 'No port could be opened.')
    }
    const name = `${host} ${port}`
    open.add(name)
    return {
      address: { host, port },
      async close() {
        await new Promise<void>((resolve) => world.after(5, resolve))
        open.delete(name)
      },
    }
  },
  dial: () => Promise.reject(new Error('nobody dials here')),
}

function createDiscovery(): Discovery {
  return {
    async start(announcement) {
      if (failing) throw new Error('it cannot')
      announcements.push(announcement)
      story.push('looks around')
    },
    refused() {},
    async stop() {
      story.push('looks no more')
    },
  }
}

function createLanOf(ports: readonly number[]): Lan {
  const made: Lan = createLan(
    {
      ...{ clock: createSimulatedClock(world), log: silentLog, network, node: nodeId('a') },
      place: { ports, discoveries: () => [createDiscovery()], ownAddresses: () => new Set() },
    },
    {
      ...{ seen() {}, gone() {}, accept() {} },
      changed: () => void story.push(`at ${made.address()?.port}, ${open.size} open`),
    },
  )
  return made
}

beforeEach(() => {
  world = createScheduler(1)
  story = []
  open = new Set()
  busy = new Set()
  hasIpv6 = true
  announcements = []
  failing = false
  lan = createLanOf([])
})

async function done(promise: Promise<void>): Promise<void> {
  let isDone = false
  void promise.then(() => {
    isDone = true
  })
  expect(await world.until(() => isDone, 60_000)).toBe(true)
}

describe('the LAN of a node', () => {
  it('takes the first free port of 7910 to 7989, on both families, and announces it', async () => {
    busy = new Set([7_910, 7_911])
    await done(lan.set(true))
    expect([...open]).toEqual(['0.0.0.0 7912', ':: 7912'])
    expect(announcements).toEqual([{ node: nodeId('a'), host: '0.0.0.0', port: 7_912 }])
    expect(lan.address()).toEqual({ host: '0.0.0.0', port: 7_912 })
  })

  it('takes the ports that the user names instead', async () => {
    lan = createLanOf([9_000, 9_001])
    busy = new Set([9_000])
    await done(lan.set(true))
    expect(lan.address()?.port).toBe(9_001)
  })

  it('needs no IPv6', async () => {
    hasIpv6 = false
    await done(lan.set(true))
    expect([...open]).toEqual(['0.0.0.0 7910'])
    expect(lan.problem()).toBeUndefined()
  })

  it('says that it goes off before it closes anything, and closes all', async () => {
    await done(lan.set(true))
    await done(lan.set(false))
    expect(story).toEqual([
      'at 7910, 1 open',
      'looks around',
      'at undefined, 2 open',
      'looks no more',
    ])
    expect(open.size).toBe(0)
  })

  it('ends as was wished last, however fast wishes follow one another', async () => {
    const wishes = Array.from({ length: 100 }, (_, index) => lan.set(index % 3 === 0))
    await done(Promise.all(wishes).then(() => {}))
    expect([open.size, lan.address()?.port]).toEqual([2, 7_910])
    await done(Promise.all([lan.set(true), lan.set(false)]).then(() => {}))
    expect([open.size, lan.address()]).toEqual([0, undefined])
    const looks = story.filter((line) => line === 'looks around').length
    expect(story.filter((line) => line === 'looks no more')).toHaveLength(looks)
  })

  it('says when all ports are busy, and goes on as soon as one is free', async () => {
    lan = createLanOf([9_000])
    busy = new Set([9_000])
    await done(lan.set(true))
    expect(lan.problem()).toContain('9000')
    expect(announcements).toEqual([])
    await world.run(120_000)
    expect(lan.address()).toBeUndefined()
    busy = new Set()
    await world.run(60_000)
    expect([lan.address()?.port, lan.problem()]).toEqual([9_000, undefined])
  })

  it('has no problem any more once it is off, and tries no more', async () => {
    busy = new Set(Array.from({ length: 80 }, (_, index) => 7_910 + index))
    await done(lan.set(true))
    expect(lan.problem()).toBeDefined()
    await done(lan.set(false))
    expect(lan.problem()).toBeUndefined()
    busy = new Set()
    await world.run(120_000)
    expect(open.size).toBe(0)
  })

  it('listens even when nothing can look around', async () => {
    failing = true
    await done(lan.set(true))
    expect(lan.address()?.port).toBe(7_910)
    await done(lan.set(false))
    expect(open.size).toBe(0)
  })

  it('stops once and for all, even while it goes on', async () => {
    void lan.set(true)
    await done(lan.stop())
    await done(lan.stop())
    await done(lan.set(true))
    expect([open.size, lan.address()]).toEqual([0, undefined])
  })
})
