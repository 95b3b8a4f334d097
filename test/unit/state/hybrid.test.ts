import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHybridClock, hybridToIso, hybridToMs, msToHybrid } from '../../../state/hybrid.ts'
import { noonMs, stillClock } from './people.ts'

const hourMs = 3_600_000
/** A clock may be believed when it is at most this far ahead. */
const aheadMs = 60_000

describe('the hybrid clock', () => {
  it('never goes back, whatever the wall clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -hourMs, max: hourMs })), (jumps) => {
        let nowMs = noonMs
        const hybrid = createHybridClock(() => nowMs)
        let last = 0
        for (const jump of jumps) {
          nowMs += jump
          const moment = hybrid.next()
          expect(moment).toBeGreaterThan(last)
          last = moment
        }
      }),
    )
  })

  it('is the wall clock when nothing is ahead of it', () => {
    const { hybrid, move } = stillClock()
    expect(hybridToMs(hybrid.next())).toBe(noonMs)
    move(5_000)
    expect(hybridToMs(hybrid.next())).toBe(noonMs + 5_000)
  })

  it('gives a moment after everything it has witnessed', () => {
    const { hybrid } = stillClock()
    const theirs = msToHybrid(noonMs + aheadMs)
    hybrid.witness(theirs)
    expect(hybrid.next()).toBeGreaterThan(theirs)
  })

  it('does not follow a moment that is more than a minute ahead', () => {
    const { hybrid } = stillClock()
    hybrid.witness(msToHybrid(noonMs + aheadMs + 1))
    hybrid.witness(Number.MAX_SAFE_INTEGER)
    expect(hybridToMs(hybrid.next())).toBe(noonMs)
  })

  it('gives a moment after any it is asked to exceed', () => {
    const { hybrid } = stillClock()
    for (const ms of [0, noonMs, noonMs + aheadMs, noonMs + 24 * hourMs]) {
      const after = msToHybrid(ms)
      expect(hybrid.next(after)).toBeGreaterThan(after)
    }
  })

  it('exceeds a moment of tomorrow without living in tomorrow from then on', () => {
    const { hybrid } = stillClock()
    const tomorrow = msToHybrid(noonMs + 24 * hourMs)
    const moment = hybrid.next(tomorrow)
    expect(hybrid.next(moment)).toBeGreaterThan(moment)
    expect(hybridToMs(hybrid.next())).toBe(noonMs)
  })

  it('whatever it is asked to exceed, its moments are ones that a record can carry', () => {
    const { hybrid } = stillClock()
    for (const after of [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1]) {
      expect(Number.isSafeInteger(hybrid.next(after))).toBe(true)
    }
    const [one, other] = [hybrid.next(), hybrid.next()]
    expect(other).toBeGreaterThan(one)
    expect(hybridToMs(other)).toBe(noonMs)
  })

  it('a millisecond and its first moment stand for each other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8_000_000_000_000 }), (ms) => {
        expect(hybridToMs(msToHybrid(ms))).toBe(ms)
        expect(hybridToMs(msToHybrid(ms) + 1_023)).toBe(ms)
        expect(hybridToMs(msToHybrid(ms) + 1_024)).toBe(ms + 1)
      }),
    )
  })

  it('any number that a record can carry reads as a date', () => {
    expect(hybridToIso(msToHybrid(noonMs))).toBe('2025-06-15T15:06:40.000Z')
    for (const at of [0, -1, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE]) {
      expect(hybridToIso(at)).toMatch(/^[+\d].*Z$/)
    }
  })
})
