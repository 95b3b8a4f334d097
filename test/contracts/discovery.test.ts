import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../mesh/clock.ts'
import { silentLog } from '../../mesh/log.ts'
import { createMdns } from '../../mesh/mdns.ts'
import { loadMulticast } from '../../mesh/multicast.ts'
import { createRendezvous, isProcessAlive, readRendezvous } from '../../mesh/rendezvous.ts'
import { createStaticPeers } from '../../mesh/staticPeers.ts'
import { createPeerId, type DeviceId, type NodeId } from '../../state/ids.ts'
import { createMemoryDiscovery } from '../sim/memoryDiscovery.ts'
import { createScheduler } from '../sim/world.ts'
import { discoveryContract } from './discovery.ts'

const peer = createPeerId('0abcdefg' as DeviceId, new Uint8Array(5))
/** Larger than any process ID of any system. */
const deadPid = 2 ** 30

/** What a node leaves behind that was killed. */
function entryOf(node: NodeId) {
  const startedAt = '2026-01-01T00:00:00.000Z'
  const self = { node, peer, pid: deadPid, parentPid: 1, session: null, startedAt, proto: 1 }
  return { ...self, host: '127.0.0.1', port: 4_001 }
}

function rendezvousIn(directory: string, node: NodeId) {
  const deps = { clock: systemClock, log: silentLog, isAlive: isProcessAlive }
  const startedAt = '2026-01-01T00:00:00.000Z'
  const role = 'session' as const
  const facts = { node, peer, pid: process.pid, parentPid: 1 }
  const self = { ...facts, session: 's', startedAt, proto: 1, role }
  return createRendezvous(deps, directory, self)
}

async function until(isTrue: () => boolean): Promise<boolean> {
  return vi.waitFor(() => isTrue() || Promise.reject(new Error('not yet')), 20_000)
}

discoveryContract('rendezvous directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-run-'))
  return {
    create: (node) => rendezvousIn(directory, node),
    until,
    stop: () => rm(directory, { recursive: true, force: true }),
  }
})

discoveryContract('multicast DNS, on loopback', async () => {
  const key = systemClock.random(32)
  const ring = { mesh: 'mesh one', epoch: 1, key: () => key }
  // Not the port of mDNS: nobody else on this machine shall take part.
  const port = 20_000 + (process.pid % 10_000)
  const deps = { clock: systemClock, log: silentLog, interfaces: networkInterfaces }
  return {
    create: () =>
      createMdns(
        { ...deps, keyring: () => ring, multicast: () => loadMulticast(systemClock, port) },
        { protocol: 1 },
      ),
    until,
    stop: async () => {},
  }
})

const seed = 7

discoveryContract(`simulated, seed ${seed}`, async () => {
  const world = createScheduler(seed)
  const place = createMemoryDiscovery({ after: world.after, random: world.chance })
  return {
    create: place.source,
    until: (isTrue) => world.until(isTrue, 60_000),
    stop: async () => {},
  }
})

describe('the rendezvous directory', () => {
  const [one, other] = ['1', '2'].map((letter) => `0${letter.repeat(25)}` as NodeId)
  let directory: string
  const ignored = { seen() {}, gone() {} }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mesh-run-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  const start = async (node: NodeId, events = ignored) => {
    const discovery = rendezvousIn(directory, node)
    await discovery.start({ node, host: '127.0.0.1', port: 4_000 }, events)
    return discovery
  }

  it('a file goes when the dial is refused and its process is gone', async () => {
    const seen = vi.fn()
    const gone = vi.fn()
    await writeFile(join(directory, `${other}.json`), JSON.stringify(entryOf(other as NodeId)))
    const mine = await start(one as NodeId, { seen, gone })
    expect(seen).toHaveBeenCalledTimes(1)
    mine.refused(seen.mock.calls[0]?.[0])
    await until(() => gone.mock.calls.length === 1)
    expect((await readRendezvous(directory)).map(({ node }) => node)).toEqual([one])
    await mine.stop()
  })

  it('a node whose own file disappears writes it again', async () => {
    const mine = await start(one as NodeId)
    await rm(join(directory, `${one}.json`))
    await vi.waitFor(async () => expect(await readRendezvous(directory)).toHaveLength(1), 20_000)
    await mine.stop()
    expect(await readdir(directory)).toEqual([])
  })

  it('what nobody of us wrote is passed over', async () => {
    await writeFile(join(directory, 'a.json'), '{"node":')
    await writeFile(join(directory, 'b.json'), JSON.stringify({ node: one, port: 'x' }))
    await writeFile(join(directory, 'c.txt'), 'hello')
    const mine = await start(one as NodeId)
    expect((await readRendezvous(directory)).map(({ node }) => node)).toEqual([one])
    await mine.stop()
  })

  it('static peers are told at the start and withdrawn at the end', async () => {
    const seen = vi.fn()
    const gone = vi.fn()
    const source = createStaticPeers([{ host: '127.0.0.1', port: 7_910 }])
    await source.start({ node: one as NodeId, host: '127.0.0.1', port: 1 }, { seen, gone })
    await source.start({ node: one as NodeId, host: '127.0.0.1', port: 1 }, { seen, gone })
    expect(seen.mock.calls).toEqual([[{ source: 'static', host: '127.0.0.1', port: 7_910 }]])
    await source.stop()
    await source.stop()
    expect(gone).toHaveBeenCalledTimes(1)
  })
})
