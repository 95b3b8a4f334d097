import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Announcement, Candidate, Discovery } from '../../mesh/discovery.ts'
import type { NodeId } from '../../state/ids.ts'

/** Some sources that can find each other, and a way to let their time pass. */
export interface DiscoveryRig {
  /** A source for one node; what it announces is found by the others. */
  create(node: NodeId): Discovery
  until(isTrue: () => boolean): Promise<boolean>
  stop(): Promise<void>
}

/** What one source told, in order. */
interface Told {
  readonly discovery: Discovery
  readonly events: string[]
  readonly candidates: Map<string, Candidate>
}

const nodes = ['a', 'b', 'c'].map((letter) => `0${letter.repeat(25)}` as NodeId)

function announcementOf(index: number): Announcement {
  return { node: nodes[index] as NodeId, host: '127.0.0.1', port: 4_000 + index }
}

/** The promises of a `Discovery` whose nodes find each other, whatever it is made of. */
export function discoveryContract(name: string, create: () => Promise<DiscoveryRig>): void {
  describe(`the discovery contract, ${name}`, () => {
    let rig: DiscoveryRig
    const started: Discovery[] = []

    beforeEach(async () => {
      rig = await create()
    })

    afterEach(async () => {
      await Promise.all(started.splice(0).map((discovery) => discovery.stop()))
      await rig.stop()
    })

    async function start(index: number): Promise<Told> {
      const discovery = rig.create(nodes[index] as NodeId)
      started.push(discovery)
      const told: Told = { discovery, events: [], candidates: new Map() }
      await discovery.start(announcementOf(index), {
        seen(candidate) {
          told.events.push(`seen ${candidate.port}`)
          told.candidates.set(String(candidate.port), candidate)
        },
        gone: ({ port }) => told.events.push(`gone ${port}`),
      })
      return told
    }

    async function becomes(isTrue: () => boolean): Promise<void> {
      expect(await rig.until(isTrue), `${isTrue}`).toBe(true)
    }

    it('those who come later are seen, and see those who were there', async () => {
      const first = await start(0)
      const second = await start(1)
      await becomes(() => first.events.includes('seen 4001') && second.events.includes('seen 4000'))
      const third = await start(2)
      await becomes(() => first.events.includes('seen 4002') && second.events.includes('seen 4002'))
      await becomes(() => third.events.length >= 2)
      expect(first.candidates.get('4001')).toMatchObject({ host: '127.0.0.1', port: 4_001 })
    })

    it('nobody sees itself, and nobody is seen twice without having gone', async () => {
      const first = await start(0)
      const second = await start(1)
      await becomes(() => first.events.length > 0 && second.events.length > 0)
      const third = await start(2)
      await becomes(() => third.events.length >= 2 && first.events.length === 2)
      await third.discovery.stop()
      await becomes(() => first.events.includes('gone 4002'))
      expect(first.events).toEqual(['seen 4001', 'seen 4002', 'gone 4002'])
    })

    it('who stops is gone, and may come back', async () => {
      const first = await start(0)
      const second = await start(1)
      await becomes(() => first.events.includes('seen 4001'))
      await second.discovery.stop()
      await second.discovery.stop()
      await becomes(() => first.events.includes('gone 4001'))
      await start(1)
      await becomes(() => first.events.at(-1) === 'seen 4001')
    })

    it('a refused dial to somebody who lives changes nothing', async () => {
      const first = await start(0)
      await start(1)
      await becomes(() => first.events.length === 1)
      const candidate = first.candidates.get('4001')
      if (candidate) first.discovery.refused(candidate)
      await start(2)
      await becomes(() => first.events.includes('seen 4002'))
      expect(first.events).toEqual(['seen 4001', 'seen 4002'])
    })

    it('nothing is told after the stop, and starting twice is starting once', async () => {
      const first = await start(0)
      await first.discovery.start(announcementOf(0), { seen() {}, gone() {} })
      await first.discovery.stop()
      const second = await start(1)
      await start(2)
      await becomes(() => second.events.includes('seen 4002'))
      expect(first.events).toEqual([])
      expect(second.events).not.toContain('seen 4000')
    })
  })
}
