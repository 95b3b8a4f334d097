import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Candidate } from '../../../mesh/discovery.ts'
import type { NetworkInterfaces } from '../../../mesh/interfaces.ts'
import type { Keyring } from '../../../mesh/keyring.ts'
import { silentLog } from '../../../mesh/log.ts'
import { createMdns, type Mdns } from '../../../mesh/mdns.ts'
import type { MulticastEvents, MulticastSettings } from '../../../mesh/multicast.ts'
import type { NodeId } from '../../../state/ids.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler, type Scheduler } from '../../sim/world.ts'
import { entryOf, loopback } from './network.ts'

const seed = 11
const dayMs = 86_400_000
const suffix = '_claude-mesh._tcp.local'
const announcement = { node: '01234567890123456789012345' as NodeId, host: '0.0.0.0', port: 7_910 }

/** A socket that was opened, and what was done with it. */
interface Opened extends MulticastEvents {
  readonly settings: MulticastSettings
  readonly askedMs: number[]
  readonly closed: boolean[]
}

interface Heard {
  readonly instance?: string
  readonly port?: number
  readonly tag?: string
}

/** What a node announces, as it arrives. */
function packetOf({ instance = 'other', port = 7_911, tag = '' }: Heard, ttl = 28_800) {
  const name = `${instance}.${suffix}`
  return {
    answers: [{ type: 'PTR', name: suffix, ttl, data: name }],
    additionals: [
      { type: 'A', name: 'x.local', ttl, data: '8.8.8.8' },
      { type: 'SRV', name, ttl, data: { port, target: 'x.local' } },
      { type: 'TXT', name, ttl, data: [Buffer.from('v=1'), Buffer.from(`t=${tag}`)] },
    ],
  }
}

describe(`multicast DNS, seed ${seed}`, () => {
  const keys = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  let world: Scheduler
  let ring: Keyring
  let interfaces: NetworkInterfaces
  let isReadable: boolean
  let opened: Opened[]
  let told: string[]
  let mdns: Mdns
  const log = { ...silentLog, info: vi.fn() }

  function create(skewMs = 0): Mdns {
    const clock = createSimulatedClock(world, { skewMs: () => skewMs })
    const open = (settings: MulticastSettings, events: MulticastEvents) => {
      const one: Opened = { ...events, settings, askedMs: [], closed: [] }
      opened.push(one)
      return {
        ask: () => void one.askedMs.push(world.elapsed()),
        close: async (goodbye: boolean) => void one.closed.push(goodbye),
      }
    }
    const multicast = async () => open
    const read = () => {
      if (!isReadable) throw new Error('unreadable')
      return interfaces
    }
    const deps = { clock, log, keyring: () => ring, interfaces: read, multicast }
    return createMdns(deps, { protocol: 1 })
  }

  const addressOf = ({ source, host, port }: Candidate) => `${source} ${host}:${port}`
  const events = {
    seen: (candidate: Candidate) => told.push(`seen ${addressOf(candidate)}`),
    gone: (candidate: Candidate) => told.push(`gone ${addressOf(candidate)}`),
  }
  function newest(): Opened {
    const last = opened.at(-1)
    if (!last) throw new Error('nothing was opened')
    return last
  }
  /** The tag that somebody announces who holds our newest key and has this clock. */
  async function tagAt(skewMs = 0): Promise<string> {
    const other = create(skewMs)
    await other.start(announcement, { seen() {}, gone() {} })
    const tag = newest().settings.text['t'] ?? ''
    await other.stop()
    opened.pop()
    return tag
  }

  beforeEach(async () => {
    world = createScheduler(seed)
    ring = { mesh: 'mesh one', epoch: 1, key: (epoch) => keys[epoch - 1] }
    interfaces = { lo: [loopback], eth0: [entryOf('10.0.0.1')] }
    isReadable = true
    opened = []
    told = []
    log.info.mockClear()
    mdns = create()
    await mdns.start(announcement, events)
  })

  const hear = (heard: Heard, from = '10.0.0.2') => newest().heard(packetOf(heard), from)

  it('announces the port, the protocol and a tag, and nothing else', () => {
    expect(opened).toHaveLength(1)
    const { address, port, text, instance } = newest().settings
    expect({ address, port }).toEqual({ address: '10.0.0.1', port: 7_910 })
    expect(text).toEqual({ v: '1', t: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(instance).toMatch(/^[0-9a-z]{16}$/)
  })

  it('somebody with our key is a candidate where the packet came from, and only once', async () => {
    const tag = await tagAt()
    hear({ tag })
    hear({ tag })
    await world.run(10_000)
    expect(told).toEqual(['seen mdns 10.0.0.2:7911'])
    expect(mdns.health()).toMatchObject([{ interface: 'eth0', heard: 2 }])
  })

  it('without our key, from beyond the link or by ourselves, nothing is a candidate', async () => {
    const tag = await tagAt()
    hear({ tag: 'ffffffffffffffff' })
    hear({ tag: '' })
    hear({ tag }, '10.0.1.2')
    hear({ tag }, 'fe80::2')
    hear({ tag, instance: newest().settings.instance }, '10.0.0.1')
    hear({ tag, port: 0 })
    for (const packet of [null, 'x', {}, { answers: [null, { type: 'PTR' }], additionals: [] }]) {
      newest().heard(packet, '10.0.0.2')
    }
    expect(told).toEqual([])
  })

  it.each([
    ['yesterday', -1, 1],
    ['tomorrow', 1, 1],
    ['the day before yesterday', -2, 0],
    ['the day after tomorrow', 2, 0],
  ])('a tag of %s counts as its day says', async (_day, days, count) => {
    hear({ tag: await tagAt(days * dayMs) })
    expect(told).toHaveLength(count)
  })

  it('a key that came later is known at once, and older ones stay known', async () => {
    const old = await tagAt()
    ring = { ...ring, epoch: 2 }
    const fresh = await tagAt()
    ring = { ...ring, epoch: 1 }
    hear({ tag: fresh })
    expect(told).toEqual([])
    ring = { ...ring, epoch: 2 }
    hear({ tag: fresh, port: 1 })
    hear({ tag: old, port: 2 })
    expect(told).toHaveLength(2)
    await world.run(2_000)
    expect(newest().settings.text['t']).toBe(fresh)
    expect(opened.map(({ closed }) => closed)).toEqual([[false], []])
  })

  it('asks at once, and then at intervals that double up to a minute', async () => {
    await world.run(200_000)
    const { askedMs } = newest()
    expect(askedMs.map((ms) => Math.round(ms / 1_000))).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183])
  })

  it('a changed interface gets a new socket without a goodbye, and is asked again soon', async () => {
    await world.run(100_000)
    interfaces = { lo: [loopback], eth0: [entryOf('10.0.0.9')], eth1: [entryOf('10.1.0.1')] }
    await world.run(2_000)
    expect(opened.map(({ settings, closed }) => [settings.address, closed])).toEqual([
      ['10.0.0.1', [false]],
      ['10.0.0.9', []],
      ['10.1.0.1', []],
    ])
    await world.run(8_000)
    expect(newest().askedMs).toHaveLength(4)
  })

  it('an interface that is gone is closed, and one that comes back is opened', async () => {
    interfaces = {}
    await world.run(2_000)
    expect(newest().closed).toEqual([false])
    expect(mdns.health()).toEqual([])
    interfaces = { eth0: [entryOf('10.0.0.1')] }
    await world.run(2_000)
    expect(opened).toHaveLength(2)
  })

  it('is renewed quietly every five minutes, and nobody is told', async () => {
    hear({ tag: await tagAt() })
    await world.run(910_000)
    expect(opened.map(({ closed }) => closed)).toEqual([[false], [false], [false], []])
    expect(new Set(opened.map(({ settings }) => settings.instance)).size).toBe(1)
    expect(told).toHaveLength(1)
    opened[0]?.heard(packetOf({ tag: await tagAt(), port: 1 }), '10.0.0.2')
    expect(told).toHaveLength(1)
  })

  it('the tag changes with the UTC day', async () => {
    const first = newest().settings.text['t']
    await world.run(dayMs + 4_000)
    expect(newest().settings.text['t']).not.toBe(first)
  })

  it('a system that cannot tell its interfaces is asked again', async () => {
    isReadable = false
    await world.run(2_000)
    isReadable = true
    await world.run(2_000)
    expect(mdns.health()).toHaveLength(1)
  })

  it('a failure is logged once with its code, and is over when we hear ourselves', async () => {
    newest().failed('ENETUNREACH')
    newest().failed('ENETUNREACH')
    await world.run(310_000)
    newest().failed('ENETUNREACH')
    expect(log.info.mock.calls).toEqual([
      ['mdns_unusable', { interface: 'eth0', address: '10.0.0.1', code: 'ENETUNREACH' }],
    ])
    expect(mdns.health()).toMatchObject([{ ok: false, problem: 'ENETUNREACH' }])
    hear({ instance: newest().settings.instance, tag: 'any' }, '10.0.0.1')
    expect(mdns.health()).toEqual([{ interface: 'eth0', address: '10.0.0.1', ok: true, heard: 0 }])
  })

  it('stopping says goodbye everywhere, and nothing is told or opened any more', async () => {
    const tag = await tagAt()
    await Promise.all([mdns.stop(), mdns.stop()])
    expect(newest().closed).toEqual([true])
    hear({ tag })
    newest().failed('EBADF')
    await world.run(400_000)
    expect([told, opened.length, log.info.mock.calls]).toEqual([[], 1, []])
  })

  it('what is stopped before it was loaded never opens', async () => {
    const other = create()
    const starting = other.start(announcement, events)
    await other.stop()
    await starting
    await world.run(10_000)
    expect(opened).toHaveLength(1)
  })
})
