import { describe, expect, it } from 'vitest'
import { createDerivation } from '../../../state/derivation.ts'
import type { ObjectId, PeerId } from '../../../state/ids.ts'
import type { Rec } from '../../../state/records.ts'
import { createDesk, type Seat } from './desk.ts'
import { person } from './people.ts'

/** Counts how often each object is read, and adds up the numbers in its records. */
function counting() {
  const reads: string[] = []
  const derived = createDerivation<number, readonly string[]>('sum', {
    derive(recs, isOperator) {
      reads.push(recs[0]?.key.split('/')[1] ?? 'gone')
      const counted = recs.filter(({ by }) => by !== undefined && !isOperator(by))
      return counted.length === 0 ? undefined : counted.reduce((all, rec) => all + numberIn(rec), 0)
    },
    arrange: (_, changed, last = []) => [...new Set([...last, ...changed])],
  })
  return { reads, derived }
}

function numberIn({ value }: Rec): number {
  return typeof value === 'number' ? value : 0
}

function seatWith(count: number): { seat: Seat; ids: ObjectId[] } {
  const desks = createDesk({ people: [{ name: 'ann', person: person(1) }] })
  const seat = desks.seat('ann')
  const ids = Array.from({ length: count }, () => seat.desk.createId())
  for (const id of ids) seat.plant(`sum/${id}/a/${seat.peer}`, 1)
  return { seat, ids }
}

describe('a derivation', () => {
  it('reads only what changed, and answers the same as if it read all', () => {
    const { seat, ids } = seatWith(100)
    const [, second = '', third = ''] = ids
    const { reads, derived } = counting()
    expect(derived(seat.desk).things.size).toBe(100)
    expect(reads).toHaveLength(100)
    const before = derived(seat.desk)
    expect(derived(seat.desk)).toBe(before)
    seat.plant(`sum/${second}/b/${seat.peer}`, 5)
    seat.plant(`sum/${third}/a/${seat.peer}`, 7)
    const after = derived(seat.desk)
    expect(reads.slice(100).sort()).toEqual([second, third].sort())
    expect(after.things).toEqual(counting().derived(seat.desk).things)
    expect([...after.things.values()].slice(0, 4)).toEqual([1, 6, 7, 1])
    expect(after.order).toHaveLength(100)
    expect(before.things.get(ids[1] ?? ids[0] ?? ('' as ObjectId))).toBe(1)
  })

  it('reads anew when somebody becomes an operator', () => {
    const { seat, ids } = seatWith(3)
    const { derived } = counting()
    expect(derived(seat.desk).things.size).toBe(3)
    const isOperator = (peer: PeerId) => peer === seat.peer
    expect(derived({ ...seat.desk, isOperator }).things.size).toBe(0)
    expect([...derived(seat.desk).things.keys()]).toEqual(ids)
  })

  it('forgets what is gone, and keeps groups apart', () => {
    const { seat, ids } = seatWith(4)
    const { derived } = counting()
    derived(seat.desk)
    const rest = seat.desk.list('sum/').slice(0, 2)
    const less = {
      ...seat.desk,
      list: (prefix: string) => rest.filter(({ key }) => key.startsWith(prefix)),
    }
    expect([...derived(less).things.keys()]).toEqual(ids.slice(0, 2))
    expect(derived(seatWith(1).seat.desk).things.size).toBe(1)
    expect(derived({ ...less, list: () => [] }).things.size).toBe(0)
  })

  it('leaves out what is under no ID', () => {
    const { seat } = seatWith(1)
    seat.plant(`sum/everything/a/${seat.peer}`, 1)
    seat.plant(`sum/${seat.peer}`, 1)
    expect(counting().derived(seat.desk).things.size).toBe(1)
  })
})
