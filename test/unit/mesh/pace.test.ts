import { describe, expect, it } from 'vitest'
import { createPace, type Pace } from '../../../mesh/pace.ts'

/** Begins dials to a host until no more may be under way; answers how many. */
function fill(pace: Pace, host: string): number {
  let count = 0
  for (; count < 100 && pace.mayDial(host); count += 1) pace.begun(host)
  return count
}

function end(pace: Pace, host: string, answers: readonly (readonly [boolean, number])[]): void {
  for (const [isLinked, tookMs] of answers) pace.ended(host, { isLinked, tookMs })
}

const answered = [true, 20] as const
const silent = [false, 3_000] as const
const refused = [false, 5] as const

describe('the pace of dials', () => {
  it('a host that answers nothing holds up none that answers', () => {
    const pace = createPace()
    pace.begun('good')
    end(pace, 'good', [answered])
    expect(fill(pace, 'dead')).toBe(2)
    expect(pace.mayDial('deaf')).toBe(false)
    expect(fill(pace, 'good')).toBeGreaterThan(3)
  })

  it('grows with each answer, to eight at most', () => {
    const pace = createPace()
    for (let round = 0; round < 20; round += 1) {
      pace.begun('good')
      end(pace, 'good', [answered])
    }
    expect(fill(pace, 'good')).toBe(8)
  })

  it('is halved each time when one that answered is silent, and is never nothing', () => {
    const pace = createPace()
    const hosts = Array.from({ length: 8 }, (_, index) => `host ${index}`)
    for (const host of hosts) {
      pace.begun(host)
      end(pace, host, [answered])
    }
    const sizes = []
    for (const host of hosts.slice(1)) {
      pace.begun(host)
      end(pace, host, [silent])
      const size = fill(pace, 'host 0')
      sizes.push(size)
      end(pace, 'host 0', Array(size).fill(refused))
    }
    expect(sizes).toEqual([4, 2, 1, 1, 1, 1, 1])
  })

  it('a refusal is an answer too: it changes nothing', () => {
    const pace = createPace()
    pace.begun('good')
    end(pace, 'good', [answered])
    const before = fill(pace, 'good')
    end(pace, 'good', Array(before).fill(refused))
    expect(fill(pace, 'good')).toBe(before)
  })
})
