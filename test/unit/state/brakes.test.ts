import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Brakes, burstMax, createBrakes, perMinute, repeatMs } from '../../../state/brakes.ts'

const minuteMs = 60_000

/** Sends so many different texts at once; answers how many were free. */
function flood(brakes: Brakes, count: number, nowMs: number): number {
  return Array.from({ length: count }, (_, index) => `${nowMs}/${index}`).filter(
    (id) => brakes.take('bob', { id, text: id }, nowMs).kind === 'free',
  ).length
}

describe('brakes', () => {
  it('let a burst of 30 through, and no more', () => {
    expect([burstMax, perMinute, repeatMs]).toEqual([30, 10, minuteMs])
    expect(flood(createBrakes(), 100, 0)).toBe(30)
  })

  it('then let through 10 a minute', () => {
    const brakes = createBrakes()
    flood(brakes, 100, 0)
    let free = 0
    for (let nowMs = 1_000; nowMs <= 10 * minuteMs; nowMs += 1_000) free += flood(brakes, 1, nowMs)
    expect(free).toBe(100)
  })

  it('after a long silence allow one burst, not two', () => {
    const brakes = createBrakes()
    flood(brakes, 100, 0)
    expect(flood(brakes, 100, 1_000 * minuteMs)).toBe(30)
  })

  it('say when it may be tried again, and keep that promise', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 100 }), (pauses) => {
        const brakes = createBrakes()
        let nowMs = 0
        flood(brakes, 30, nowMs)
        for (const [index, pause] of pauses.entries()) {
          nowMs += pause
          const id = `message ${index}`
          const brake = brakes.take('bob', { id, text: id }, nowMs)
          if (brake.kind !== 'braked') continue
          expect(brake.retryMs).toBeGreaterThan(0)
          expect(brake.retryMs).toBeLessThanOrEqual(minuteMs / perMinute)
          nowMs += brake.retryMs
          expect(brakes.take('bob', { id, text: id }, nowMs).kind).toBe('free')
        }
      }),
    )
  })

  it('keep recipients apart, whatever they are called', () => {
    const brakes = createBrakes()
    flood(brakes, 100, 0)
    for (const to of ['eve', '__proto__', 'constructor']) {
      expect(brakes.take(to, { id: '1', text: 'hello' }, 0).kind).toBe('free')
    }
  })

  it('answer an identical text within a minute with the first message', () => {
    const brakes = createBrakes()
    const send = (id: string, nowMs: number, text = 'hello') =>
      brakes.take('bob', { id, text }, nowMs)
    expect(send('first', 0)).toEqual({ kind: 'free' })
    expect(send('second', minuteMs - 1)).toEqual({ kind: 'repeat', id: 'first' })
    expect(send('other', 1, 'hello ')).toEqual({ kind: 'free' })
    expect(brakes.take('eve', { id: 'to eve', text: 'hello' }, 1)).toEqual({ kind: 'free' })
    expect(send('third', minuteMs)).toEqual({ kind: 'free' })
    expect(send('fourth', minuteMs + 1)).toEqual({ kind: 'repeat', id: 'third' })
  })

  it('a repeat costs nothing, and is answered even when the burst is used up', () => {
    const brakes = createBrakes()
    brakes.take('bob', { id: 'first', text: 'hello' }, 0)
    for (let index = 0; index < 100; index += 1) {
      expect(brakes.take('bob', { id: `${index}`, text: 'hello' }, 0).kind).toBe('repeat')
    }
    expect(flood(brakes, 100, 0)).toBe(29)
    expect(brakes.take('bob', { id: 'again', text: 'hello' }, 0).kind).toBe('repeat')
  })

  it('a message that was refused is not remembered as sent', () => {
    const brakes = createBrakes()
    flood(brakes, 100, 0)
    expect(brakes.take('bob', { id: 'a', text: 'late' }, 0).kind).toBe('braked')
    expect(brakes.take('bob', { id: 'b', text: 'late' }, 0).kind).toBe('braked')
    expect(brakes.take('bob', { id: 'c', text: 'late' }, minuteMs).kind).toBe('free')
  })

  it('a message that came to nothing may be tried again at once, however often', () => {
    const brakes = createBrakes()
    for (let index = 0; index < 100; index += 1) {
      expect(brakes.take('bob', { id: `${index}`, text: 'hello' }, 0).kind).toBe('free')
      brakes.undo('bob', `${index}`)
    }
    expect(flood(brakes, 100, 0)).toBe(30)
  })

  it('undoing what was never sent gives nothing back', () => {
    const brakes = createBrakes()
    flood(brakes, 100, 0)
    for (const id of ['unknown', '0/0', '0/0']) brakes.undo('bob', id)
    brakes.undo('nobody', '0/0')
    expect(flood(brakes, 100, 0)).toBe(1)
  })
})
