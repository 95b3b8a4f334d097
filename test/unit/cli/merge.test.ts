import { describe, expect, it } from 'vitest'
import type { EventAnswer } from '../../../cli/answers.ts'
import { createMerge } from '../../../cli/merge.ts'

function event(kind: EventAnswer['kind'], id: string, different: Partial<EventAnswer> = {}) {
  return { at: '2026-01-01T00:00:00.000Z', kind, peer: { id, name: id }, text: 't', ...different }
}

const message = (id: string) =>
  event('message', 'a', { message: { id, to: ['b'], kind: 'direct' } })

/** Two nodes of this device, `x` with peer `a` and `y` with peer `b`, linked to each other. */
function mergeOfTwo() {
  const merge = createMerge()
  merge.begin('x', 'a', ['b'])
  merge.begin('y', 'b', ['a'])
  return merge
}

describe('what several nodes tell', () => {
  it('a message is told once, by whichever end tells it first', () => {
    const merge = mergeOfTwo()
    expect(merge.isNews('y', message('1'))).toBe(true)
    expect(merge.isNews('x', message('1'))).toBe(false)
    expect(merge.isNews('x', message('2'))).toBe(true)
  })

  it('an activity is told once, and again when it happens again', () => {
    const merge = mergeOfTwo()
    expect(merge.isNews('x', event('activity', 'a'))).toBe(true)
    expect(merge.isNews('y', event('activity', 'a'))).toBe(false)
    expect(merge.isNews('x', event('activity', 'a', { at: 'later' }))).toBe(true)
  })

  it('a peer joins when the first node sees it and leaves when the last one does not', () => {
    const merge = mergeOfTwo()
    expect(merge.isNews('x', event('joined', 'c'))).toBe(true)
    expect(merge.isNews('y', event('joined', 'c'))).toBe(false)
    expect(merge.isNews('x', event('left', 'c'))).toBe(false)
    expect(merge.isNews('y', event('left', 'c'))).toBe(true)
    expect(merge.isNews('y', event('left', 'c'))).toBe(false)
    expect(merge.isNews('y', event('joined', 'c'))).toBe(true)
  })

  it('those who were there before are not told to join', () => {
    expect(mergeOfTwo().isNews('x', event('joined', 'b'))).toBe(false)
  })

  it('a node that ends takes its peer along once nobody sees that peer', () => {
    const merge = mergeOfTwo()
    expect(merge.end('x')).toBeUndefined()
    expect(merge.isNews('y', event('left', 'a'))).toBe(true)
    expect(merge.end('y')).toBe('b')
    expect(merge.end('y')).toBeUndefined()
  })
})
