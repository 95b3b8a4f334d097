import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../state/canonical.ts'
import type { ObjectId } from '../../../state/ids.ts'
import { isPinned, pin, pinKey } from '../../../state/pins.ts'
import { type Emoji, emojis, react, reactionsTo } from '../../../state/reactions.ts'
import { createDesk, type Seat } from './desk.ts'
import { orders, person } from './people.ts'

const people = ['ann', 'bob', 'eve'].map((name, index) => ({ person: person(index + 1), name }))
const message = '0'.repeat(26) as ObjectId

const shownAt = ({ desk }: Seat) =>
  reactionsTo(message, desk).map(({ emoji, peers }) => `${emoji} ${peers.length}`)
const pinnedAt = ({ desk }: Seat) => isPinned(message, desk.list)
const give = (emoji: Emoji, remove = false) => react({ message, emoji, remove })

describe('reactions', () => {
  it('count once for each peer and emoji, in the order of the emojis', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(give('🎉'))
    desks.seat('ann').act(give('🎉'))
    desks.seat('ann').act(give('👍'))
    desks.seat('bob').act(give('🎉'))
    desks.exchange()
    for (const seat of desks.seats) expect(shownAt(seat)).toEqual(['👍 1', '🎉 2'])
  })

  it('are taken back by who gave them, and by nobody else', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(give('👀'))
    desks.exchange()
    desks.seat('bob').act(give('👀', true))
    desks.exchange()
    expect(shownAt(desks.seat('bob'))).toEqual(['👀 1'])
    desks.seat('ann').act(give('👀', true))
    desks.exchange()
    expect(shownAt(desks.seat('bob'))).toEqual([])
  })

  it.each([
    ['of another shape', 'yes', 0],
    ['without a word', {}, 0],
    ['for an emoji that is none', { isOn: true }, 8],
  ])('a record %s is none', (_name, value, place) => {
    const ann = createDesk({ people }).seat('ann')
    ann.plant(`reaction/${message}/${place}/${ann.peer}`, value)
    expect(shownAt(ann)).toEqual([])
  })
})

describe('pins', () => {
  it('anybody in the group pins and unpins, and the later word counts', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(pin(message, true))
    desks.exchange()
    expect(desks.seats.map(pinnedAt)).toEqual([true, true, true])
    desks.seat('bob').act(pin(message, false))
    desks.exchange()
    expect(desks.seats.map(pinnedAt)).toEqual([false, false, false])
  })

  it('of two who pin and unpin at once the later wins, in every order', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(pin(message, true))
    desks.move(5)
    desks.seat('bob').act(pin(message, false))
    desks.exchange()
    for (const order of orders(desks.seat('eve').records())) {
      const late = createDesk({ people }).seat('eve')
      late.take(...order, ...order)
      expect(pinnedAt(late)).toBe(false)
    }
  })

  it('a record of another shape is none', () => {
    const ann = createDesk({ people }).seat('ann')
    ann.plant(pinKey(message, ann.peer), { pinned: 'yes' })
    expect(pinnedAt(ann)).toBe(false)
  })
})

describe('all replicas agree', () => {
  it('on reactions and pins, whatever is done apart', () => {
    const step = fc.record({
      who: fc.nat(2),
      emoji: fc.constantFrom(...emojis),
      isOff: fc.boolean(),
      deed: fc.constantFrom('react', 'pin', 'meet'),
    })
    let contested = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const desks = createDesk({ people })
        for (const { who, emoji, isOff, deed } of steps) {
          const seat = desks.seats[who]
          if (deed === 'react') seat?.act(give(emoji, isOff))
          else if (deed === 'pin') seat?.act(pin(message, !isOff))
          else desks.exchange('ann', seat?.name ?? '')
        }
        if (new Set(desks.seats.map(pinnedAt)).size > 1) contested += 1
        desks.exchange()
        const views = desks.seats.map((seat) =>
          canonicalJson([shownAt(seat), pinnedAt(seat), reactionsTo(message, seat.desk)]),
        )
        expect(new Set(views).size).toBe(1)
      }),
      { numRuns: 150, seed: 3 },
    )
    expect(contested).toBeGreaterThan(20)
  })
})
