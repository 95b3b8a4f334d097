import { describe, expect, it } from 'vitest'
import { createEvidence } from '../../../mcp/evidence.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler } from '../../sim/world.ts'

/** Evidence over an inbox that only writes down what it is told. */
function open() {
  const world = createScheduler(1)
  const clock = createSimulatedClock(world)
  const told: string[] = []
  let unnoticed = 0
  const note = (word: string) => async (ids: readonly string[]) => {
    told.push(...ids.map((id) => `${word} ${id}`))
  }
  const evidence = createEvidence(
    { markShown: note('shown'), markSeen: note('seen') },
    clock,
    () => {
      unnoticed += 1
    },
  )
  return { evidence, world, told, unnoticed: () => unnoticed }
}

describe('evidence', () => {
  it('what an answer carried is seen at the next request, and not by the same one', async () => {
    const { evidence, told } = open()
    await evidence.requested()
    await evidence.answered(1, ['a', 'b'])
    expect(told).toEqual(['shown a', 'shown b'])
    await evidence.requested()
    expect(told.slice(2)).toEqual(['seen a', 'seen b'])
    await evidence.requested()
    expect(told).toHaveLength(4)
  })

  it('what a cancelled call carried is never seen by it', async () => {
    const { evidence, told } = open()
    await evidence.answered(1, ['a'])
    await evidence.answered(2, ['b'])
    evidence.cancelled(1)
    await evidence.requested()
    expect(told).toEqual(['shown a', 'shown b', 'seen b'])
  })

  it('a push proves nothing by itself: other calls leave it unread', async () => {
    const { evidence, told } = open()
    await evidence.pushed(['message-1'])
    await evidence.requested()
    await evidence.requested()
    expect(told).toEqual(['shown message-1'])
  })

  it('naming a pushed message proves the route, for it and for what follows', async () => {
    const { evidence, told } = open()
    await evidence.pushed(['message-1', 'message-2'])
    await evidence.named('MESSAGE-1')
    expect(told.slice(2)).toEqual(['seen message-1', 'seen message-2'])
    await evidence.pushed(['message-3'])
    await evidence.requested()
    expect(told.slice(4)).toEqual(['shown message-3', 'seen message-3'])
  })

  it('a call that comes while the push is still being written down counts', async () => {
    const { evidence, told } = open()
    await evidence.pushed(['message-1'])
    await evidence.named('message-1')
    const pushing = evidence.pushed(['message-2'])
    await evidence.requested()
    await pushing
    expect(told).toContain('seen message-2')
  })

  it.each(['message-9', 'mess', ''])(
    'naming %j, which was not pushed, proves nothing',
    async (id) => {
      const { evidence, told } = open()
      await evidence.pushed(['message-1'])
      await evidence.named(id)
      await evidence.requested()
      expect(told).toEqual(['shown message-1'])
    },
  )

  it('another route has to prove itself again', async () => {
    const { evidence, told } = open()
    await evidence.pushed(['message-1'])
    await evidence.named('message-1')
    evidence.rerouted()
    await evidence.pushed(['message-2'])
    await evidence.requested()
    expect(told.at(-1)).toBe('shown message-2')
  })

  it('a push without any call for a minute is unnoticed; a call in time is not', async () => {
    const { evidence, world, unnoticed } = open()
    await evidence.pushed(['a'])
    await world.run(59_000)
    await evidence.requested()
    await world.run(59_000)
    expect(unnoticed()).toBe(0)
    await evidence.pushed(['b'])
    await world.run(60_000)
    expect(unnoticed()).toBe(1)
  })

  it('nothing is said after the end', async () => {
    const { evidence, world, unnoticed } = open()
    await evidence.pushed(['a'])
    evidence.stop()
    await world.run(120_000)
    expect(unnoticed()).toBe(0)
  })
})
