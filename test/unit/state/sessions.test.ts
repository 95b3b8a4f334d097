import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rec } from '../../../state/records.ts'
import { currentSession, sessionKey } from '../../../state/sessions.ts'
import { nodeOf, type Person, person } from './people.ts'

const [ada, bob] = [person(1), person(2)]
/** Session IDs, the lower the earlier. */
const session = (number: number): string => nodeOf(number)

function word(by: Person, of: string, alias: unknown): Rec {
  const key = sessionKey(of, by.peer)
  return { key, value: { alias }, by: by.peer, node: by.node, at: 7, device: by.signer.key }
}

function currentBy(of: string, records: readonly Rec[]): string {
  return currentSession(of, (prefix) => records.filter(({ key }) => key.startsWith(prefix)))
}

describe('sessions', () => {
  it('a session stands for itself until it met another', () => {
    expect(currentBy(session(2), [])).toBe(session(2))
    expect(currentBy(session(2), [word(ada, session(2), null)])).toBe(session(2))
  })

  it('of two that met the lower ID wins, for both', () => {
    const records = [word(ada, session(1), null), word(bob, session(2), session(1))]
    expect(currentBy(session(1), records)).toBe(session(1))
    expect(currentBy(session(2), records)).toBe(session(1))
  })

  it('a higher ID is never an alias, so that two peers cannot send each other round', () => {
    const records = [word(ada, session(1), session(2)), word(bob, session(2), session(1))]
    expect(currentBy(session(1), records)).toBe(session(1))
    expect(currentBy(session(2), records)).toBe(session(1))
    expect(currentBy(session(3), [word(ada, session(3), session(3))])).toBe(session(3))
  })

  it('aliases lead through other aliases, to the lowest of all', () => {
    const chain = [word(ada, session(9), session(5)), word(bob, session(5), session(2))]
    expect(currentBy(session(9), chain)).toBe(session(2))
    const forked = [
      word(ada, session(9), session(5)),
      word(bob, session(9), session(4)),
      word(ada, session(5), session(2)),
    ]
    expect(currentBy(session(9), forked)).toBe(session(2))
  })

  it.each([
    ['a number', 1],
    ['an empty text', ''],
    ['a text that is no ID', '0'],
    ['__proto__', '__proto__'],
    ['an endless text', '0'.repeat(1_000)],
    ['an object', {}],
  ])('%s is no alias', (_name, alias) => {
    expect(currentBy(session(2), [word(ada, session(2), alias)])).toBe(session(2))
  })

  it('whatever was written in whatever order, all agree, and following twice is following once', () => {
    const link = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }))
    fc.assert(
      fc.property(fc.array(link, { maxLength: 12 }), (links) => {
        const records = links.map(([of, alias], index) =>
          word(person(index + 1), session(of), session(alias)),
        )
        for (let number = 1; number <= 8; number += 1) {
          const current = currentBy(session(number), records)
          expect(current <= session(number)).toBe(true)
          expect(currentBy(session(number), [...records].reverse())).toBe(current)
          expect(currentBy(current, records)).toBe(current)
        }
      }),
    )
  })
})
