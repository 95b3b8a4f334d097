import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Draft,
  directScope,
  type Entry,
  entry,
  genuineOf,
  groupScope,
  isGenuine,
  pairOf,
  recipientsMax,
  signEntry,
} from '../../../state/feeds.ts'
import { createObjectId } from '../../../state/ids.ts'
import { createVerifyAll } from '../../../state/signatures.ts'
import { nodeOf, noonMs, person, sibling, verify } from './people.ts'

const ada = person(1)
const bob = person(2)
const eve = person(3)
const objectOf = (number: number) => createObjectId(noonMs, new Uint8Array(10).fill(number))

function draft(different: Partial<Draft> = {}): Draft {
  return {
    scope: directScope(ada.peer, bob.peer),
    id: objectOf(1),
    group: 'lobby',
    kind: 'message',
    to: [bob.peer],
    body: { text: 'hello', hops: 0 },
    ...different,
  }
}

function signed(different: Partial<Draft> = {}): Entry {
  const place = { peer: ada.peer, node: ada.node, seq: 1, at: 7 }
  return signEntry(draft(different), place, ada.signer)
}

/** The same after a journey over a link: as text, and parsed at the door. */
function travelled(item: unknown): Entry {
  return entry.parse(JSON.parse(JSON.stringify(item)))
}

const context = { branch: null, files: ['a.ts'], summary: '', cwd: '/somewhere' }

describe('feeds', () => {
  it.each<[string, Partial<Draft>]>([
    ['a direct message', {}],
    ['a message with its context', { body: { text: 'hello', hops: 20, context } }],
    ['a reply', { reply_to: objectOf(2) }],
    ['a broadcast', { scope: groupScope('lobby'), to: [bob.peer, eve.peer] }],
    [
      'an activity',
      { scope: groupScope('lobby'), kind: 'activity', to: [], body: { action: 'a', detail: 'b' } },
    ],
    ['a text with half a character in it', { body: { text: 'a\ud800b', hops: 0 } }],
    ['an empty text', { body: { text: '', hops: 0 } }],
  ])('%s is its author’s word after a journey', (_name, different) => {
    const item = signed(different)
    expect(isGenuine(travelled(item), verify)).toBe(true)
    expect(travelled(item)).toEqual(item)
  })

  it('any text is carried unchanged', () => {
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const item = travelled(signed({ body: { text, hops: 0 } }))
        expect(isGenuine(item, verify)).toBe(true)
        expect(item.body).toEqual({ text, hops: 0 })
      }),
      { numRuns: 50 },
    )
  })

  it.each<[string, Partial<Entry>]>([
    ['scope', { scope: groupScope('lobby') }],
    ['author', { peer: bob.peer }],
    ['author, another session of the device', { peer: sibling(ada, 9).peer }],
    ['process', { node: nodeOf(9) }],
    ['place', { seq: 2 }],
    ['time', { at: 8 }],
    ['ID', { id: objectOf(9) }],
    ['group', { group: 'other' }],
    ['kind', { kind: 'activity' }],
    ['recipients', { to: [bob.peer, eve.peer] }],
    ['reply', { reply_to: objectOf(9) }],
    ['body', { body: { text: 'hullo', hops: 0 } }],
    ['hops', { body: { text: 'hello', hops: 1 } }],
    ['context', { body: { text: 'hello', hops: 0, context } }],
    ['hash', { hash: eve.signer.key }],
    ['device', { key: eve.signer.key }],
    ['signature', { sig: eve.signer.sign('x') }],
  ])('an entry whose %s was changed is not genuine', (_name, different) => {
    expect(isGenuine({ ...signed(), ...different }, verify)).toBe(false)
  })

  it('nobody speaks for a peer of another device', () => {
    const place = { peer: ada.peer, node: ada.node, seq: 1, at: 7 }
    const forged = signEntry(draft(), place, eve.signer)
    expect(isGenuine(forged, verify)).toBe(false)
    expect(isGenuine({ ...forged, key: ada.signer.key }, verify)).toBe(false)
  })

  it('a body can be forgotten without breaking the signature', () => {
    const forgotten = travelled({ ...signed(), body: null })
    expect(isGenuine(forgotten, verify)).toBe(true)
    expect(isGenuine({ ...forgotten, hash: eve.signer.key }, verify)).toBe(false)
  })

  it.each<[string, object]>([
    ['a peer that is none', { peer: 'ada' }],
    ['a node that is none', { node: 'x'.repeat(26) }],
    ['an ID that is none', { id: '__proto__' }],
    ['a recipient that is none', { to: ['__proto__'] }],
    ['too many recipients', { to: Array(recipientsMax + 1).fill(bob.peer) }],
    ['place 0', { seq: 0 }],
    ['a place between two', { seq: 1.5 }],
    ['a place that no number holds', { seq: Number.MAX_SAFE_INTEGER }],
    ['a time that no number holds', { at: Number.MAX_SAFE_INTEGER + 1 }],
    ['a time before time', { at: -1 }],
    ['a kind of its own', { kind: 'order' }],
    ['a text that is too long', { body: { text: 'x'.repeat(65_537), hops: 0 } }],
    ['fewer than no hops', { body: { text: 'x', hops: -1 } }],
    ['endless hops', { body: { text: 'x', hops: Number.POSITIVE_INFINITY } }],
    ['no body at all', { body: undefined }],
    ['a signature of another length', { sig: 'x' }],
  ])('an entry with %s is refused at the door', (_name, different) => {
    expect(entry.safeParse({ ...signed(), ...different }).success).toBe(false)
  })

  it('what else an entry carries is dropped at the door', () => {
    const text = JSON.stringify(signed())
    const parsed = entry.parse(JSON.parse(`{"__proto__":{"a":1},"more":1,${text.slice(1)}`))
    expect(Object.keys(parsed)).not.toContain('more')
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(isGenuine(parsed, verify)).toBe(true)
  })

  it('the direct scope of two peers is one, whoever of them asks', () => {
    const scope = directScope(ada.peer, bob.peer)
    expect(directScope(bob.peer, ada.peer)).toBe(scope)
    expect([...(pairOf(scope) ?? [])].sort()).toEqual([ada.peer, bob.peer].sort())
    const [one, other] = pairOf(scope) ?? []
    expect(pairOf(`dm:${other}~${one}`)).toBeUndefined()
    expect(pairOf(`dm:${one}~${one}`)).toBeUndefined()
  })

  it('a scope that merely resembles a direct one has no pair', () => {
    const scope = directScope(ada.peer, bob.peer)
    const others = ['', 'dm:', 'dm:~', `dm:${ada.peer}`, `${scope}~${eve.peer}`, ` ${scope}`]
    for (const text of [...others, `${scope}/`, scope.slice(3), groupScope('lobby')]) {
      expect(pairOf(text)).toBeUndefined()
    }
  })

  it.each(['directory@1', 'group:lobby@1', 'group:a/b', 'dm:a~b', '__proto__', 'dm:x'])(
    'nothing is said in %s, which is no scope',
    (scope) => {
      expect(entry.shape.scope.safeParse(scope).success).toBe(false)
    },
  )

  it('many at once are judged as one by one', async () => {
    const good = signed()
    const items = [
      good,
      { ...good, body: { text: 'another', hops: 0 } },
      { ...good, sig: [...good.sig].reverse().join('') },
      { ...good, peer: bob.peer },
      { ...good, key: 'x'.repeat(43) },
      { ...good, seq: 2 },
      signed({ body: { text: 'second', hops: 1 } }),
    ]
    const genuine = await genuineOf(items, createVerifyAll())
    expect(items.map((item) => genuine.has(item))).toEqual(
      items.map((item) => isGenuine(item, verify)),
    )
    expect(genuine.size).toBe(2)
  })
})
