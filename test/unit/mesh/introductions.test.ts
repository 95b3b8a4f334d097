import { beforeEach, describe, expect, it } from 'vitest'
import { introductionsMax } from '../../../mesh/frames.ts'
import { createIntroductions, type Introductions, introduced } from '../../../mesh/introductions.ts'
import type { NodeId } from '../../../state/ids.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler, type Scheduler } from '../../sim/world.ts'
import { createToldLink, type LinkWishes, nodeId, type ToldLink } from './links.ts'

let world: Scheduler
let links: ToldLink[]
let lanPorts: Map<NodeId, number>
let introductions: Introductions

beforeEach(() => {
  world = createScheduler(1)
  links = []
  lanPorts = new Map()
  introductions = createIntroductions({
    clock: createSimulatedClock(world),
    links: () => links,
    lanPortOf: (node) => lanPorts.get(node),
  })
})

function link(letter: string, wishes: Omit<LinkWishes, 'node'> = {}): ToldLink {
  const made = createToldLink({ node: nodeId(letter), ...wishes })
  links.push(made)
  introductions.linked(made)
  return made
}

const onThisMachine = (port: number) => ({
  ...{ loopback: true, port },
  remote: { host: '127.0.0.1', port },
})
const at = (host: string, port = 50_000) => ({ remote: { host, port } })

/** Everything that a link was told, in order. */
const told = ({ sent }: ToldLink) => sent.flatMap((frame) => ('nodes' in frame ? frame.nodes : []))

describe('a link is told of the others', () => {
  it('on its own machine: where they listen there, and where those elsewhere do', () => {
    link('a', onThisMachine(4_001))
    link('b', { ...at('10.0.0.2'), port: 7_911 })
    const asker = link('c', onThisMachine(4_003))
    expect(told(asker)).toEqual([
      { node: nodeId('a'), host: '127.0.0.1', port: 4_001 },
      { node: nodeId('b'), host: '10.0.0.2', port: 7_911 },
    ])
  })

  it('elsewhere: those of our machine that listen for it, at the address by which it knows us', () => {
    lanPorts.set(nodeId('a'), 7_912)
    lanPorts.set(nodeId('b'), 0)
    link('a', onThisMachine(4_001))
    link('b', onThisMachine(4_002))
    link('c', { ...at('10.0.0.3', 7_913), side: 'dialled' })
    const asker = link('d', at('10.0.0.4'))
    expect(told(asker)).toEqual([
      { node: nodeId('a'), host: '', port: 7_912 },
      { node: nodeId('c'), host: '10.0.0.3', port: 7_913 },
    ])
  })

  it('but not of those that nobody can dial, or only on one machine', () => {
    link('a', at('10.0.0.2'))
    link('b', { ...at('fe80::1%eth0'), port: 7_910 })
    link('c', { ...at('fe80::1'), port: 7_910 })
    const asker = link('d', at('10.0.0.4'))
    expect(told(asker)).toEqual([])
    expect(asker.sent).toEqual([])
  })

  it('soon after they come or listen elsewhere, together and once', async () => {
    const asker = link('a', at('10.0.0.2'))
    link('b', { ...at('10.0.0.3'), port: 7_910 })
    link('c', { ...at('10.0.0.4'), port: 7_910 })
    link('d', onThisMachine(4_001))
    await world.run(1_100)
    expect(asker.sent).toHaveLength(1)
    expect(told(asker).map(({ host }) => host)).toEqual(['10.0.0.3', '10.0.0.4'])
    lanPorts.set(nodeId('d'), 7_920)
    lanPorts.set(nodeId('b'), 7_921)
    for (const one of links) introductions.changed(one)
    await world.run(1_100)
    expect(told(asker).slice(2)).toEqual([
      { node: nodeId('b'), host: '10.0.0.3', port: 7_921 },
      { node: nodeId('d'), host: '', port: 7_920 },
    ])
    for (const one of links) introductions.changed(one)
    await world.run(5_000)
    expect(asker.sent).toHaveLength(2)
  })

  it('in frames that a node takes, however many there are', async () => {
    for (let index = 0; index < 300; index += 1) {
      const node = `0${String(index).padStart(25, '0')}` as NodeId
      links.push(createToldLink({ node, port: 7_910 }))
    }
    const asker = link('z')
    await world.run(2_000)
    const sizes = asker.sent.map((frame) => ('nodes' in frame ? frame.nodes.length : 0))
    expect(sizes).toEqual([introductionsMax, 300 - introductionsMax])
  })

  it('later when it is too slow, and not at all when it has ended', async () => {
    let isSlow = true
    const asker = link('a', { isSlow: () => isSlow })
    link('b', { port: 7_910 })
    await world.run(5_000)
    expect(asker.sent).toEqual([])
    isSlow = false
    await world.run(1_100)
    expect(told(asker)).toHaveLength(1)
    links.splice(links.indexOf(asker), 1)
    introductions.ended(asker)
    link('c', { port: 7_911 })
    introductions.stop()
    await world.run(1_100)
    expect(told(asker)).toHaveLength(1)
  })
})

describe('what a link tells', () => {
  const nodes = [
    { node: nodeId('a'), host: '', port: 7_910 },
    { node: nodeId('b'), host: '127.0.0.1', port: 4_000 },
    { node: nodeId('c'), host: '::1', port: 4_000 },
    { node: nodeId('d'), host: '10.0.0.4', port: 7_910 },
  ]
  const hosts = (from: ToldLink) =>
    introduced(from, { kind: 'nodes', nodes }).map(({ host }) => host)

  it('about its own machine is looked for where it is itself', () => {
    expect(hosts(createToldLink({ node: nodeId('z'), ...at('10.0.0.2') }))).toEqual([
      '10.0.0.2',
      '10.0.0.4',
    ])
  })

  it('about loopback addresses counts only on this machine', () => {
    const near = createToldLink({ node: nodeId('z'), ...onThisMachine(4_001) })
    expect(hosts(near)).toEqual(['127.0.0.1', '127.0.0.1', '::1', '10.0.0.4'])
  })
})
