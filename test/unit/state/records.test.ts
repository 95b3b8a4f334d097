import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../state/canonical.ts'
import type { PeerId } from '../../../state/ids.ts'
import {
  contentHash,
  type Rec,
  readRecord,
  recordCharactersMax,
  signRecord,
  verifyRecord,
  writerOf,
} from '../../../state/records.ts'
import { type Person, person, sibling, verify } from './people.ts'

const document = 'group:lobby@1'
const ada = person(1)
const bob = person(2)

/** What somebody would say under a key of its own. */
function word(by: Person, value: unknown, key = `vote/p/${by.peer}`): Omit<Rec, 'device'> {
  return { key, value, by: by.peer, node: by.node, at: 7 }
}

/** A record of Ada's, and what a link brings of it, with something different. */
function arrives(different: object, key = `vote/p/${ada.peer}`): Rec | undefined {
  const stored = signRecord(document, word(ada, { vote: 'approve' }), ada.signer)
  return verifyRecord(document, [key, { ...stored, ...different }], verify)
}

describe('records', () => {
  it('what a peer signed is read by everybody as it was written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const rec = word(ada, value)
        const stored = signRecord(document, rec, ada.signer)
        const expected = { ...rec, device: ada.signer.key }
        expect(verifyRecord(document, [rec.key, stored], verify)).toEqual(expected)
        expect(readRecord(rec.key, stored)).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  it('a signature holds after a journey that changes the order of fields', () => {
    const rec = word(ada, { a: 1, b: { c: 2, d: 3 } })
    const stored = signRecord(document, rec, ada.signer)
    const travelled: unknown = JSON.parse(canonicalJson(stored))
    expect(verifyRecord(document, [rec.key, travelled], verify)?.value).toEqual(rec.value)
  })

  it('the last part of a key is its only writer', () => {
    expect(writerOf(`vote/p/${ada.peer}`)).toBe(ada.peer)
    expect(writerOf('alone')).toBe('alone')
    expect(writerOf('vote/')).toBe('')
  })

  it.each([
    ['another value', { value: { vote: 'reject' } }],
    ['one more field in its value', { value: { vote: 'approve', more: 1 } }],
    ['another writer', { by: bob.peer }],
    ['another session of the same device as its writer', { by: sibling(ada, 9).peer }],
    ['another node', { node: bob.node }],
    ['another time', { at: 8 }],
    ['another device', { key: bob.signer.key }],
    ['another signature', { sig: bob.signer.sign('x') }],
    ['no signature', { sig: undefined }],
    ['a time before time', { at: -1 }],
    ['half a tick', { at: 7.5 }],
    ['a time that no number holds', { at: Number.MAX_SAFE_INTEGER + 1 }],
    ['an endless time', { at: Number.POSITIVE_INFINITY }],
    ['a time in words', { at: '7' }],
  ])('a record that came with %s is not its writer’s word', (_name, different) => {
    expect(arrives({})).toBeDefined()
    expect(arrives(different)).toBeUndefined()
  })

  it('a record is not valid under any other key, its writer’s own included', () => {
    expect(arrives({}, `vote/q/${ada.peer}`)).toBeUndefined()
    expect(arrives({}, `vote/p/${bob.peer}`)).toBeUndefined()
    expect(arrives({}, ada.peer)).toBeUndefined()
  })

  it('a record is not valid in another document', () => {
    const rec = word(ada, 1)
    const stored = signRecord('directory@1', rec, ada.signer)
    expect(verifyRecord(document, [rec.key, stored], verify)).toBeUndefined()
  })

  it('nobody signs validly under somebody else’s key', () => {
    const key = `vote/p/${bob.peer}`
    const asHerself = signRecord(document, word(ada, 1, key), ada.signer)
    const asBob = signRecord(document, { ...word(ada, 1, key), by: bob.peer }, ada.signer)
    for (const stored of [asHerself, asBob, { ...asBob, key: bob.signer.key }]) {
      expect(verifyRecord(document, [key, stored], verify)).toBeUndefined()
    }
  })

  it('a key that ends in no peer has no writer, so nobody may write it', () => {
    const { device } = ada.signer
    for (const by of ['', device.slice(0, 1), device.slice(0, 8), `${device.slice(0, 8)}-`]) {
      const rec = { ...word(ada, 1, `vote/p/${by}`), by: by as PeerId }
      const stored = signRecord(document, rec, ada.signer)
      expect(verifyRecord(document, [rec.key, stored], verify)).toBeUndefined()
    }
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'text'],
    ['a number', 1],
    ['an array', []],
    ['an empty object', {}],
    ['bytes', new Uint8Array(64)],
  ])('%s under a key is no record', (_name, stored) => {
    const key = `vote/p/${ada.peer}`
    expect(readRecord(key, stored)).toBeUndefined()
    expect(verifyRecord(document, [key, stored], verify)).toBeUndefined()
  })

  it('whatever a link brings, reading it never throws', () => {
    const key = `vote/p/${ada.peer}`
    const genuine = signRecord(document, word(ada, 1), ada.signer)
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (rubbish) => {
        expect(verifyRecord(document, [key, rubbish], verify)).toBeUndefined()
        expect(contentHash(key, rubbish)).toHaveLength(43)
        const changed = { ...genuine, value: rubbish }
        const read = verifyRecord(document, [key, changed], verify)
        expect(read === undefined || Object.is(Number(rubbish), 1)).toBe(true)
      }),
    )
  })

  it('a value that gets its fields from a prototype is not read', () => {
    const inherited = Object.create({ vote: 'approve' })
    expect(arrives({ value: inherited })).toBeUndefined()
    const stored = signRecord(document, word(ada, 1), ada.signer)
    const key = `vote/p/${ada.peer}`
    expect(verifyRecord(document, [key, Object.create(stored)], verify)).toBeUndefined()
  })

  it('a field called __proto__ is signed like any other', () => {
    const value: unknown = JSON.parse('{"__proto__":{"trusted":true}}')
    const rec = word(ada, value)
    const stored = signRecord(document, rec, ada.signer)
    expect(verifyRecord(document, [rec.key, stored], verify)).toBeDefined()
    const without = { ...stored, value: {} }
    expect(verifyRecord(document, [rec.key, without], verify)).toBeUndefined()
  })

  it('a record is as large as its limit, and neither signed nor read beyond it', () => {
    const shell = canonicalJson([
      'record',
      document,
      `vote/p/${ada.peer}`,
      '',
      ada.peer,
      ada.node,
      7,
    ])
    const room = recordCharactersMax - shell.length
    const fits = signRecord(document, word(ada, 'x'.repeat(room)), ada.signer)
    expect(verifyRecord(document, [`vote/p/${ada.peer}`, fits], verify)).toBeDefined()
    expect(() => signRecord(document, word(ada, 'x'.repeat(room + 1)), ada.signer)).toThrow(
      RangeError,
    )
    expect(arrives({ value: 'x'.repeat(1_000_000) })).toBeUndefined()
  })

  it('a key longer than its limit is not read', () => {
    const key = `${'x'.repeat(500)}/${ada.peer}`
    const stored = signRecord(document, word(ada, 1, key), ada.signer)
    expect(verifyRecord(document, [key, stored], verify)).toBeUndefined()
  })

  it('the hash of an entry tells apart its key, its value and its signature', () => {
    const stored = signRecord(document, word(ada, 1), ada.signer)
    const hashes = [
      contentHash('a', stored),
      contentHash('b', stored),
      contentHash('a', { ...stored, value: 2 }),
      contentHash('a', { ...stored, sig: bob.signer.sign('x') }),
      contentHash('a', 1),
      contentHash('a', '1'),
      contentHash('a', undefined),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(contentHash('a', JSON.parse(canonicalJson(stored)))).toBe(hashes[0])
  })
})
