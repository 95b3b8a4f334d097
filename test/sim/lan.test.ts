import { describe, expect, it } from 'vitest'
import type { LinkStatus } from '../../mesh/mesh.ts'
import { createLanWorld, type LanNode, type LanWorld } from './lanWorld.ts'

const tenEach = { machines: 3, each: 10 }
const fiveEach = { machines: 3, each: 5 }

/** Fills machines with nodes, all started within two seconds. */
async function fill(
  world: LanWorld,
  { machines, each }: { readonly machines: number; readonly each: number },
  settingsOf: (machine: number, index: number) => Parameters<LanWorld['start']>[1] = () => ({}),
): Promise<void> {
  for (let index = 0; index < each; index += 1) {
    for (let machine = 1; machine <= machines; machine += 1) {
      await world.start(world.machine(machine), settingsOf(machine, index))
      await world.scheduler.run(world.scheduler.chance() * 60)
    }
  }
}

/** The one address that the first node of every other machine was told. */
const acquaintance = [{ host: '10.0.0.1', port: 7_910 }]
const oneAcquaintance = (machine: number, index: number) =>
  machine > 1 && index === 0 ? { peers: acquaintance } : {}

async function linksOf({ mesh }: LanNode): Promise<LinkStatus[]> {
  return [...(await mesh.status()).links]
}

describe('machines on one network', () => {
  it.each([1])(
    'thirty nodes on three of them are a full mesh within ten seconds, seed %i',
    async (seed) => {
      const world = createLanWorld(seed)
      await fill(world, tenEach)
      expect(await world.untilFull(10_000)).toBeLessThan(10_000)
    },
  )

  it('fifteen are so without multicast, if one node of each was told one address', async () => {
    const world = createLanWorld(3, { hasMulticast: false })
    await fill(world, fiveEach, oneAcquaintance)
    expect(await world.untilFull(10_000)).toBeLessThan(10_000)
  })

  it.each([true, false])(
    'fifteen are so when one machine can dial and not be dialled (multicast: %s)',
    async (hasMulticast) => {
      const world = createLanWorld(4, { hasMulticast })
      world.network.shield(world.machine(3))
      await fill(world, fiveEach, oneAcquaintance)
      expect(await world.untilFull(10_000)).toBeLessThan(10_000)
    },
  )

  it('nodes of one machine speak over loopback, whatever else they were told', async () => {
    const world = createLanWorld(5)
    await fill(world, { machines: 2, each: 4 })
    await world.untilFull(10_000)
    await world.scheduler.run(60_000)
    for (const node of world.nodes) {
      const hosts = (await linksOf(node)).map(({ address }) => address.split(':')[0]).sort()
      const other = node.machine.address === '10.0.0.1' ? '10.0.0.2' : '10.0.0.1'
      expect(hosts).toEqual([...Array(4).fill(other), ...Array(3).fill('127.0.0.1')])
    }
  })

  it('a link once made stays: nothing is dialled anew that is linked already', async () => {
    const world = createLanWorld(6)
    await fill(world, { machines: 3, each: 3 })
    await world.untilFull(10_000)
    await world.scheduler.run(20_000)
    const ages = async () =>
      (await Promise.all(world.nodes.map(linksOf))).flat().map(({ node, since }) => [node, since])
    const before = await ages()
    await world.scheduler.run(120_000)
    expect(await ages()).toEqual(before)
  })
})

describe('the LAN of a node', () => {
  it('is off while the mesh has one device: nobody listens and nobody is found', async () => {
    const world = createLanWorld(7)
    for (const index of [1, 1, 2]) await world.start(world.machine(index), { lan: 'auto' })
    await world.scheduler.run(60_000)
    expect(world.network.open()).toEqual([])
    expect(
      await Promise.all(world.nodes.map(async (node) => (await linksOf(node)).length)),
    ).toEqual([1, 1, 0])
  })

  it('goes on for all of a device once one of them has met another device', async () => {
    const world = createLanWorld(8, { hasMulticast: false })
    await world.start(world.machine(1), { lan: 'on' })
    await world.start(world.machine(2), { lan: 'auto', peers: acquaintance })
    await world.start(world.machine(2), { lan: 'auto' })
    expect(await world.untilFull(10_000)).toBeLessThan(10_000)
    expect(world.network.open()).toEqual(['10.0.0.1:7910', '10.0.0.2:7910', '10.0.0.2:7911'])
  })

  it('may go off and on any number of times, and ends as was wished last', async () => {
    const world = createLanWorld(9)
    await fill(world, { machines: 2, each: 2 })
    await world.untilFull(10_000)
    const [one] = world.nodes
    const far = async () =>
      (
        await Promise.all(
          world.nodes.filter(({ machine }) => machine === one?.machine).map(linksOf),
        )
      )
        .flat()
        .filter(({ address }) => address.startsWith('10.')).length
    for (let round = 0; round < 20; round += 1) {
      for (const node of world.nodes) node.setLan(round % 2 === 0 ? 'off' : 'on')
      await world.scheduler.run(round * 40)
    }
    for (const node of world.nodes) node.setLan('off')
    await world.scheduler.run(5_000)
    expect(world.network.open()).toEqual([])
    expect(await far()).toBe(0)
    for (const node of world.nodes) node.setLan('on')
    expect(await world.untilFull(10_000)).toBeLessThan(10_000)
  })

  it('tells the others why it went, and keeps what the user named', async () => {
    const world = createLanWorld(10, { hasMulticast: false })
    await world.start(world.machine(1))
    const teller = await world.start(world.machine(2), { peers: acquaintance })
    await world.start(world.machine(2))
    await world.untilFull(10_000)
    for (const node of world.nodes.slice(1)) node.setLan('off')
    await world.scheduler.run(30_000)
    const addresses = (await linksOf(teller)).map(({ address }) => address)
    expect(addresses).toContain('10.0.0.1:7910')
    expect(
      await Promise.all(world.nodes.map(async (node) => (await linksOf(node)).length)),
    ).toEqual([1, 2, 1])
  })
})
