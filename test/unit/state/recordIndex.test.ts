import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRecordIndex } from '../../../state/recordIndex.ts'
import type { Rec } from '../../../state/records.ts'
import { person } from './people.ts'

const ada = person(1)

function rec(key: string, at = 1): Rec {
  return { key, value: at, by: ada.peer, node: ada.node, at, device: ada.signer.key }
}

describe('the index of records', () => {
  it('finds for every prefix what looking at all would find', () => {
    const part = fc.constantFrom('task', 'vote', 'a', 'b', 'taskless')
    const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
    const change = fc.tuple(fc.constantFrom('set', 'delete'), key)
    fc.assert(
      fc.property(fc.array(change), key, fc.boolean(), (changes, prefix, whole) => {
        const index = createRecordIndex()
        const known = new Map<string, Rec>()
        for (const [kind, at] of changes) {
          if (kind === 'set') {
            known.set(at, rec(at))
            index.set(at, known.get(at) ?? rec(at))
          } else {
            known.delete(at)
            index.delete(at)
          }
        }
        const wanted = whole ? `${prefix}/` : prefix
        const expected = [...known.keys()].filter((each) => each.startsWith(wanted)).sort()
        expect(
          index
            .list(wanted)
            .map((found) => found.key)
            .sort(),
        ).toEqual(expected)
      }),
    )
  })

  it('lists many under one prefix as they are now, in the order in which they came', () => {
    const index = createRecordIndex()
    const keys = Array.from({ length: 40 }, (_, number) => `task/${number}/ada`)
    for (const key of keys) {
      index.set(key, rec(key))
      expect(index.list('task/').at(-1)?.key).toBe(key)
    }
    index.set('task/7/ada', rec('task/7/ada', 2))
    expect(index.list('task/')[7]?.at).toBe(2)
    for (const key of keys) {
      expect(index.list('task/')[0]?.key).toBe(key)
      index.delete(key)
    }
    expect(index.list('task/')).toEqual([])
  })

  it('gives the newest record of a key', () => {
    const index = createRecordIndex()
    index.set('task/1/ada', rec('task/1/ada', 1))
    index.set('task/1/ada', rec('task/1/ada', 2))
    expect(index.list('task/').map(({ at }) => at)).toEqual([2])
    expect(index.get('task/1/ada')?.at).toBe(2)
  })
})
