import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../state/canonical.ts'

/** Wraps a value in so many arrays. */
function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)]
}

/** The same value with the keys of every object in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).reverse()
  return Object.fromEntries(fields.map(([name, field]) => [name, turned(field)]))
}

describe('canonical JSON', () => {
  it('is one text for one value, whatever the order of its keys', () => {
    expect(canonicalJson({ b: 1, a: [true, null, { d: 'x', c: 0.5 }] })).toBe(
      '{"a":[true,null,{"c":0.5,"d":"x"}],"b":1}',
    )
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value))
      }),
    )
  })

  it('is JSON for the same value, and says the same after a journey as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonicalJson(value)
        // JSON itself has no negative zero.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
    )
  })

  it('tells different values apart', () => {
    const values = [0, '0', false, null, '', [], {}, [[]], { a: null }, { a: [] }, [null], 'null']
    expect(new Set(values.map((value) => canonicalJson(value))).size).toBe(values.length)
  })

  it('leaves out what is undefined in an object, as JSON does', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}')
  })

  it('keeps a lone surrogate apart from the character that would replace it', () => {
    expect(canonicalJson('\ud800')).toBe('"\\ud800"')
    expect(canonicalJson('\ud800')).not.toBe(canonicalJson('\ufffd'))
    expect(canonicalJson({ '\udfff': 1, '\ud800': 2 })).toBe('{"\\ud800":2,"\\udfff":1}')
  })

  it('counts a field called __proto__ like any other', () => {
    const value: unknown = JSON.parse('{"__proto__":{"trusted":true},"a":1}')
    expect(canonicalJson(value)).toBe('{"__proto__":{"trusted":true},"a":1}')
  })

  it('refuses a value that inherits what it says', () => {
    expect(() => canonicalJson(Object.create({ trusted: true }))).toThrow(RangeError)
  })

  it.each([
    ['undefined', undefined],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a big integer', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['bytes', new Uint8Array(1)],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['undefined in an array', [undefined]],
    ['a hole in an array', new Array(1)],
    ['bytes deep inside', { a: [{ b: new Uint8Array(1) }] }],
  ])('refuses %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(RangeError)
  })

  it('refuses what is nested too deeply before the stack is full', () => {
    expect(canonicalJson(nested(12))).toBe(`${'['.repeat(12)}1${']'.repeat(12)}`)
    expect(() => canonicalJson(nested(13))).toThrow('nested too deeply')
    const text = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(() => canonicalJson(JSON.parse(text))).toThrow(RangeError)
    const loop: unknown[] = []
    loop.push(loop)
    expect(() => canonicalJson(loop)).toThrow(RangeError)
  })
})
