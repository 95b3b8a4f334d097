import { describe, expect, it } from 'vitest'
import { createAsking } from '../../../mesh/asking.ts'
import type { Link } from '../../../mesh/link.ts'
import type { Document } from '../../../state/document.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler } from '../../sim/world.ts'

function open() {
  const scheduler = createScheduler(1)
  const state = { hash: 'mine' }
  const document = { name: 'directory@1', hash: () => state.hash } as unknown as Document
  const links = Array.from({ length: 5 }, (_, index) => ({ node: `n${index}` }) as unknown as Link)
  const asked: string[] = []
  const asking = createAsking({
    clock: createSimulatedClock(scheduler),
    ask: (link) => void asked.push(link.node),
  })
  return { scheduler, state, document, links, asked, asking }
}

describe('asking for what others have', () => {
  it('asks two at once, and the others only for what is missing even then', () => {
    const { state, document, links, asked, asking } = open()
    for (const link of links) asking.differs(link, document, 'theirs')
    expect(asked).toEqual(['n0', 'n1'])
    const [first, second, third] = links
    if (!first || !second || !third) throw new Error('there are five links')
    expect(asking.isOpen(third)).toBe(true)
    state.hash = 'theirs'
    asking.answered(first, document)
    expect(asked).toEqual(['n0', 'n1'])
    expect(asking.isOpen(third)).toBe(false)
    expect(asking.isOpen(second)).toBe(true)
    asking.answered(second, document)
    expect(links.some(asking.isOpen)).toBe(false)
  })

  it('goes on to the next when the first answers bring something else', () => {
    const { state, document, links, asked, asking } = open()
    for (const [index, link] of links.entries()) asking.differs(link, document, `hash ${index}`)
    const [first] = links
    if (!first) throw new Error('there are five links')
    state.hash = 'hash 0 and more'
    asking.answered(first, document)
    expect(asked).toEqual(['n0', 'n1', 'n2'])
  })

  it('is held up neither by who does not answer nor by who leaves', async () => {
    const { scheduler, document, links, asked, asking } = open()
    for (const link of links) asking.differs(link, document, 'theirs')
    const [first, , third] = links
    if (!first || !third) throw new Error('there are five links')
    asking.ended(first)
    expect(asked).toEqual(['n0', 'n1', 'n2'])
    asking.ended(third)
    await scheduler.run(2_001)
    expect(asked).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
    await scheduler.run(2_001)
    expect(links.some(asking.isOpen)).toBe(false)
  })
})
