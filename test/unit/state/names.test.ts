import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../../state/ids.ts'
import {
  type Claim,
  claimsOf,
  freeName,
  isReserved,
  nameKey,
  ownersOfNames,
  peerName,
  rankAmongLosers,
} from '../../../state/names.ts'
import type { Rec } from '../../../state/records.ts'
import { orders, type Person, person } from './people.ts'

const [ada, bob, eve] = [person(1), person(2), person(3)]
const people = Array.from({ length: 8 }, (_, index) => person(index + 1))

function claim(by: Person, name: string, at: number, over: Claim['over'] = []): Claim {
  return { peer: by.peer, name, at, over, auto: false }
}

function record(by: Person, value: unknown, key: string = nameKey(by.peer)): Rec {
  return { key, value, by: by.peer, node: by.node, at: 7, device: by.signer.key }
}

/** Who is called what, by the number of the person. */
function namesOf(claims: readonly Claim[]): (string | undefined)[] {
  const owners = ownersOfNames(claims)
  return [ada, bob, eve].map(({ peer }) => owners.get(peer))
}

/** Any claims that peers could have written, one for each; they step over each other or over nothing. */
const anyClaims = fc
  .array(
    fc.record({
      name: fc.constantFrom('bob', 'Bob', 'BOB', 'claude-1', 'claude-2', 'Claude-1'),
      at: fc.integer({ min: 1, max: 5 }),
      over: fc.array(fc.record({ number: fc.nat(7), at: fc.integer({ min: 1, max: 5 }) }), {
        maxLength: 6,
      }),
    }),
    { maxLength: 8 },
  )
  .map((drafts) =>
    drafts.map(({ name, at, over }, index): Claim => {
      const steps = over.map(({ number, at: when }) => ({ peer: peerOf(number), at: when }))
      return { peer: peerOf(index), name, at, over: steps, auto: false }
    }),
  )

function peerOf(number: number): PeerId {
  return (people[number] ?? ada).peer
}

describe('names', () => {
  it('the earliest claim owns a name, and who lost it has none', () => {
    const claims = [claim(ada, 'bob', 2), claim(bob, 'bob', 1), claim(eve, 'eve', 3)]
    expect(namesOf(claims)).toEqual([undefined, 'bob', 'eve'])
  })

  it('names that differ in case alone are one name, written as its owner writes it', () => {
    expect(namesOf([claim(ada, 'ADA', 1), claim(bob, 'ada', 2)])).toEqual([
      'ADA',
      undefined,
      undefined,
    ])
  })

  it('a later claim that steps over an expired one owns the name', () => {
    const expired = claim(ada, 'bob', 1)
    const taken = claim(bob, 'Bob', 2, [{ peer: ada.peer, at: 1 }])
    expect(namesOf([expired, taken])).toEqual([undefined, 'Bob', undefined])
    expect(namesOf([expired, taken, claim(eve, 'bob', 3)])).toEqual([undefined, 'Bob', undefined])
  })

  it('who was stepped over and claims again stands behind who took the name', () => {
    const taken = claim(bob, 'bob', 2, [{ peer: ada.peer, at: 1 }])
    expect(namesOf([claim(ada, 'bob', 3), taken])).toEqual([undefined, 'bob', undefined])
  })

  it('a claim that was renewed meanwhile is not stepped over', () => {
    const renewed = claim(ada, 'bob', 2)
    expect(namesOf([renewed, claim(bob, 'bob', 3, [{ peer: ada.peer, at: 1 }])])).toEqual([
      'bob',
      undefined,
      undefined,
    ])
  })

  it('nobody steps over what comes later, or over oneself', () => {
    const early = claim(ada, 'bob', 1, [
      { peer: bob.peer, at: 2 },
      { peer: ada.peer, at: 1 },
    ])
    expect(namesOf([early, claim(bob, 'bob', 2)])).toEqual(['bob', undefined, undefined])
  })

  it('of two that step over each other the later owns the name, and not nobody', () => {
    const early = claim(ada, 'x', 1, [{ peer: bob.peer, at: 2 }])
    const late = claim(bob, 'x', 2, [{ peer: ada.peer, at: 1 }])
    expect(namesOf([early, late])).toEqual([undefined, 'x', undefined])
  })

  it('a claim steps over nobody who is called otherwise', () => {
    const other = claim(bob, 'bob', 2, [{ peer: ada.peer, at: 1 }])
    expect(namesOf([claim(ada, 'ada', 1), other])).toEqual(['ada', 'bob', undefined])
  })

  it('claims of one moment have one owner, the same for all', () => {
    const claims = [claim(ada, 'x', 1), claim(bob, 'x', 1), claim(eve, 'x', 1)]
    const [first, ...others] = orders(claims).map(namesOf)
    expect(first?.filter(Boolean)).toHaveLength(1)
    for (const other of others) expect(other).toEqual(first)
  })

  it('any claims in any order give the same names, unique and one for each name', () => {
    fc.assert(
      fc.property(anyClaims, fc.infiniteStream(fc.nat()), (claims, keys) => {
        const expected = ownersOfNames(claims)
        const shuffled = claims
          .map((item) => ({ item, key: Number(keys.next().value) }))
          .sort((left, right) => left.key - right.key)
          .map(({ item }) => item)
        expect([...ownersOfNames(shuffled)].sort()).toEqual([...expected].sort())
        const lower = [...expected.values()].map((name) => name.toLowerCase())
        expect(new Set(lower).size).toBe(lower.length)
        const claimed = new Set(claims.map(({ name }) => name.toLowerCase()))
        expect(new Set(lower)).toEqual(claimed)
        for (const [peer, name] of expected) {
          expect(claims.find((item) => item.peer === peer)?.name).toBe(name)
        }
      }),
    )
  })

  it('the losers of one name stand in line, each in a place of its own', () => {
    fc.assert(
      fc.property(anyClaims, (claims) => {
        const owners = ownersOfNames(claims)
        for (const name of new Set(claims.map((item) => item.name.toLowerCase()))) {
          const losers = claims.filter(
            (item) => item.name.toLowerCase() === name && !owners.has(item.peer),
          )
          const ranks = losers.map(({ peer }) => rankAmongLosers(claims, peer))
          expect(ranks.sort((left, right) => left - right)).toEqual(losers.map((_, index) => index))
        }
      }),
    )
    expect(rankAmongLosers([], ada.peer)).toBe(0)
  })

  it('losers that step aside by their rank find different names', () => {
    const claims = people.map((someone, index) => claim(someone, 'claude-1', index + 1))
    const losers = people.slice(1)
    const taken = new Set(['claude-1', 'claude-3'])
    const names = losers.map(({ peer }) =>
      freeName('claude', taken, { skip: rankAmongLosers(claims, peer) }),
    )
    expect(names).toEqual([2, 4, 5, 6, 7, 8, 9].map((number) => `claude-${number}`))
  })

  it('a free name has the lowest free number', () => {
    expect(freeName('claude', new Set())).toBe('claude-1')
    expect(freeName('claude', new Set(['claude-1', 'claude-3']))).toBe('claude-2')
    expect(freeName('Claude', new Set(['claude-1']))).toBe('Claude-2')
    expect(freeName('bob', new Set(['bob-2']), { first: 2 })).toBe('bob-3')
  })

  it('a free name is a possible name, however long the wish', () => {
    const stem = 'x'.repeat(32)
    const taken = new Set(
      Array.from({ length: 120 }, (_, index) => freeName(stem, new Set(), { skip: index })),
    )
    expect(taken.size).toBe(120)
    for (const name of taken) expect(peerName.safeParse(name).success).toBe(true)
    expect(taken.has(freeName(stem, taken))).toBe(false)
  })

  it.each(['operator', 'Operator', 'mesh', 'MESH', ada.peer, ada.peer.toUpperCase(), ada.node])(
    '%s is nobody’s name',
    (name) => {
      expect(isReserved(name)).toBe(true)
      const claims = claimsOf([record(ada, { name, auto: false, over: [] })])
      expect(ownersOfNames(claims).size).toBe(0)
    },
  )

  it.each(['operators', 'claude-1', 'x', 'mesh-2', '__proto__', 'constructor'])(
    '%s is a name like any other',
    (name) => {
      expect(isReserved(name)).toBe(false)
      const claims = claimsOf([record(ada, { name, auto: false, over: [] })])
      expect(ownersOfNames(claims).get(ada.peer)).toBe(name)
    },
  )

  it.each(['', ' ', 'a b', 'a\n', 'é', 'x'.repeat(33), 'a/b', '\ud800', '<b>', 'ada\u202e'])(
    '%j is no name',
    (name) => {
      expect(peerName.safeParse(name).success).toBe(false)
      expect(claimsOf([record(ada, { name, auto: false, over: [] })])).toEqual([])
    },
  )

  it('a peer has one claim, however many keys it writes', () => {
    const value = (name: string) => ({ name, auto: false, over: [] })
    const records = [
      record(ada, value('first'), `name/more/${ada.peer}`),
      record(ada, value('ada')),
      record(ada, value('last'), `name/zzz/${ada.peer}`),
    ]
    for (const order of orders(records)) {
      expect([...ownersOfNames(claimsOf(order)).values()]).toEqual(['ada'])
    }
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'ada'],
    ['no list of steps', { name: 'ada', auto: true }],
    ['a step over nobody', { name: 'ada', auto: true, over: [null] }],
    ['endless steps', { name: 'ada', auto: true, over: Array(51).fill({ peer: 'x', at: 1 }) }],
  ])('%s is no claim', (_name, value) => {
    expect(claimsOf([record(ada, value)])).toEqual([])
  })
})
