import { beforeEach, describe, expect, it } from 'vitest'
import { createCopies } from '../../../mesh/copies.ts'
import type { Core } from '../../../mesh/core.ts'
import type { Frame } from '../../../mesh/frames.ts'
import type { Link } from '../../../mesh/link.ts'
import type { Entry } from '../../../state/feeds.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler, type Scheduler } from '../../sim/world.ts'
import { person } from '../state/people.ts'

const [operator, bob] = [person(1), person(2)]
let scheduler: Scheduler
beforeEach(() => {
  scheduler = createScheduler(1)
})

function open() {
  const sent: Frame[] = []
  const core = {
    clock: createSimulatedClock(scheduler),
    counters: { add() {} },
    isOperator: (peer: string) => peer === operator.peer,
    sharesWith: () => true,
  } as unknown as Core
  const link = {
    peer: operator.peer,
    sendLive: (frame: Frame) => sent.push(frame) > 0,
  } as unknown as Link
  const copies = createCopies(core, () => [link])
  const behind: Link[] = []
  copies.behind.listen((each) => void behind.push(each))
  const counts = () =>
    sent.map((frame) => (frame.kind === 'entries' ? frame.entries.length : frame.kind))
  return { copies, sent, behind, counts }
}

const word = (seq: number) => ({ seq, to: [bob.peer], scope: 'group:lobby' }) as unknown as Entry

describe('copies for the archive', () => {
  it('travel together, a moment later', async () => {
    const { copies, counts } = open()
    for (let seq = 1; seq <= 5; seq += 1) copies.entry(word(seq), [])
    expect(counts()).toEqual([])
    await scheduler.run(60)
    expect(counts()).toEqual([5])
  })

  it('go at once when somebody could not be reached, and ask to be passed on', async () => {
    const { copies, sent } = open()
    copies.entry(word(1), [])
    copies.entry(word(2), [bob.peer])
    expect(sent).toMatchObject([
      { entries: [{ seq: 1 }] },
      { entries: [{ seq: 2 }], relay: [bob.peer] },
    ])
  })

  it('are left out of a burst, and fetched when it is over', async () => {
    const { copies, behind, counts } = open()
    for (let round = 0; round < 40; round += 1) {
      for (let count = 0; count < 20; count += 1) copies.entry(word(round * 20 + count), [])
      await scheduler.run(20)
    }
    const during = counts().length
    expect(during).toBeLessThanOrEqual(1)
    copies.entry(word(900), [bob.peer])
    expect(counts()).toHaveLength(during + 1)
    expect(behind).toEqual([])
    await scheduler.run(1_100)
    expect(behind).toHaveLength(1)
    copies.entry(word(901), [])
    await scheduler.run(60)
    expect(counts().at(-1)).toBe(1)
  })
})
