import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createObjectId } from '../../../state/ids.ts'
import { shortIds } from '../../../state/shortIds.ts'
import { noonMs } from './people.ts'

describe('short IDs', () => {
  it('are eight characters long when that is enough', () => {
    expect([...shortIds(['abcdefghij', 'bbcdefghij']).values()]).toEqual(['abcdefgh', 'bbcdefgh'])
  })

  it('are the same for some of many as for all of them', () => {
    const part = fc.stringMatching(/^[ab]{9,12}$/)
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.array(part), (ids, others) => {
        const all = shortIds(ids)
        const wanted = [...ids.slice(0, 3), ...others]
        const expected = [...all].filter(([id]) => wanted.includes(id))
        expect(new Map(shortIds(ids, wanted))).toEqual(new Map(expected))
      }),
    )
  })

  it('are as long as it takes to mean one ID alone', () => {
    const anyId = fc
      .tuple(fc.nat(3_000), fc.uint8Array({ minLength: 10, maxLength: 10 }))
      .map(([ms, random]) => createObjectId(noonMs + ms, random))
    fc.assert(
      fc.property(fc.array(anyId, { maxLength: 40 }), (ids) => {
        for (const [id, short] of shortIds(ids)) {
          expect(short.length).toBeGreaterThanOrEqual(8)
          expect([...new Set(ids)].filter((other) => other.startsWith(short))).toEqual([id])
        }
      }),
    )
  })
})
