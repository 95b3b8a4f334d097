import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { type Rec, signRecord } from '../../../state/records.ts'
import { type Person, person, sibling } from './people.ts'
import { exchange, openReplica, type Replica, readingOf, reopen } from './replica.ts'

const ada = person(1)
const bob = person(2)
const eve = person(3)

const documentName = 'group:lobby@1'
const cardOf = (of: { readonly peer: string }) => `card/${of.peer}`

/** Somebody who has what the others have, and writes into it whatever it likes. */
function createForger() {
  const doc = new Y.Doc()
  const map = doc.getMap<unknown>('records')
  return {
    doc,
    map,
    learn: (from: Replica) => Y.applyUpdate(doc, from.document.difference()),
    /** The update that a change makes. */
    forge(change: () => void): Uint8Array {
      const before = Y.encodeStateVector(doc)
      doc.transact(change)
      return Y.encodeStateAsUpdate(doc, before)
    },
  }
}

/** What somebody really signed, as it stands in the map. */
function signed(by: Person, rec: Partial<Rec>): object {
  const { key = cardOf(by), value = 1, at = 7 } = rec
  const whole = { key, value, by: by.peer, node: by.node, at }
  return signRecord(documentName, whole, by.signer)
}

async function expectDurable(replica: Replica): Promise<void> {
  const again = await reopen(replica)
  expect(readingOf(again)).toEqual(readingOf(replica))
  expect(again.document.hash()).toBe(replica.document.hash())
}

describe('a document among forgers', () => {
  it('a record under somebody else’s key is skipped and counted, also after a new start', async () => {
    const replica = await openReplica(bob)
    const forger = createForger()
    const forged = forger.forge(() => {
      forger.map.set(cardOf(ada), signed(eve, { key: cardOf(ada) }))
      forger.map.set(cardOf(sibling(eve, 9)), signed(eve, { key: cardOf(sibling(eve, 9)) }))
      forger.map.set(cardOf(eve), signed(eve, { value: 'mine' }))
      forger.map.set('__proto__', signed(eve, { key: '__proto__' }))
    })
    await replica.receive(forged)
    expect(readingOf(replica)).toEqual({ [cardOf(eve)]: 'mine' })
    expect(replica.told.skipped).toBe(3)
    await expectDurable(replica)
  })

  it('a true word replaces a skipped one, and a skipped one hides a true one from all alike', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    const forger = createForger()
    await other.receive(forger.forge(() => void forger.map.set(cardOf(eve), 'rubbish')))
    expect(readingOf(other)).toEqual({})
    const mine = signed(eve, { value: 'mine' })
    await other.receive(forger.forge(() => void forger.map.set(cardOf(eve), mine)))
    expect(readingOf(other)).toEqual({ [cardOf(eve)]: 'mine' })
    await expectDurable(other)
    await other.receive(forger.forge(() => void forger.map.set(cardOf(eve), 'rubbish')))
    await exchange(one, other)
    expect(readingOf(one)).toEqual({})
    expect(readingOf(other)).toEqual({})
    expect(one.document.hash()).toBe(other.document.hash())
    await expectDurable(one)
    await expectDurable(other)
  })

  it.each<[string, (map: Y.Map<unknown>, key: string) => void]>([
    ['rubbish', (map, key) => map.set(key, 'rubbish')],
    ['a record of the forger', (map, key) => map.set(key, signed(eve, { key }))],
    ['a nested map', (map, key) => map.set(key, new Y.Map())],
    ['bytes', (map, key) => map.set(key, new Uint8Array(9))],
    ['nothing: it deletes', (map, key) => map.delete(key)],
  ])('a writer whose word is replaced by %s says it again, and all agree', async (_name, harm) => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 'mine')
    await exchange(one, other)
    const forger = createForger()
    forger.learn(one)
    const forged = forger.forge(() => harm(forger.map, cardOf(ada)))
    await other.receive(forged)
    await one.receive(forged)
    expect(readingOf(one)).toEqual({ [cardOf(ada)]: 'mine' })
    expect(one.committed).toHaveLength(2)
    await exchange(one, other)
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 'mine' })
    expect(one.document.hash()).toBe(other.document.hash())
    await expectDurable(one)
    await expectDurable(other)
  })

  it('a writer whose older word is put back says its newest again', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 'old')
    const forger = createForger()
    forger.learn(one)
    const old = forger.map.get(cardOf(ada))
    await one.put(cardOf(ada), 'new')
    await exchange(one, other)
    forger.learn(one)
    const replayed = forger.forge(() => void forger.map.set(cardOf(ada), old))
    await one.receive(replayed)
    await other.receive(replayed)
    await exchange(one, other)
    expect(readingOf(one)).toEqual({ [cardOf(ada)]: 'new' })
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 'new' })
    expect(one.document.get(cardOf(ada))).toEqual(other.document.get(cardOf(ada)))
  })

  it('a writer that was away says its word again when it comes back', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 'mine')
    await exchange(one, other)
    const forger = createForger()
    forger.learn(one)
    await other.receive(forger.forge(() => void forger.map.delete(cardOf(ada))))
    const back = await reopen(one)
    await exchange(back, other)
    expect(readingOf(back)).toEqual({ [cardOf(ada)]: 'mine' })
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 'mine' })
    await expectDurable(back)
  })

  it('an object with a prototype of its own making is no record', async () => {
    const replica = await openReplica(bob)
    const forger = createForger()
    const inner = signed(eve, { value: 'inherited' })
    const outer: unknown = JSON.parse(`{"__proto__":${JSON.stringify(inner)}}`)
    const shaped: unknown = JSON.parse('{"__proto__":{"trusted":true}}')
    await replica.receive(
      forger.forge(() => {
        forger.map.set(cardOf(eve), outer)
        forger.map.set(`name/${eve.peer}`, { ...signed(eve, {}), value: shaped })
      }),
    )
    expect(readingOf(replica)).toEqual({})
    expect(replica.told.skipped).toBe(2)
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(readingOf(await reopen(replica))).toEqual({})
  })

  it('a forgery that changes its face on the way to disk is still none after a new start', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 'mine')
    await exchange(one, other)
    const forger = createForger()
    forger.learn(one)
    const value: unknown = JSON.parse('{"__proto__":{"a":1},"text":"forged"}')
    const forged = { ...signed(eve, { at: 9 }), by: ada.peer, node: ada.node, value }
    await other.receive(forger.forge(() => void forger.map.set(cardOf(ada), forged)))
    expect(readingOf(other)).toEqual({})
    expect(readingOf(await reopen(other))).toEqual({})
  })

  it('a forgery that waits for a word of ours does not slip in when that is read from disk', async () => {
    const other = await openReplica(bob)
    await other.put(cardOf(bob), 'first')
    const [update = new Uint8Array()] = other.committed
    const impostor = createForger()
    impostor.learn(other)
    impostor.doc.clientID = Y.decodeUpdate(update).structs[0]?.id.client ?? 0
    const guessed = impostor.forge(() => void impostor.map.set(cardOf(bob), 'second'))
    const forger = createForger()
    forger.learn(other)
    Y.applyUpdate(forger.doc, guessed)
    const forged = { ...signed(eve, { value: 'forged', at: 9 }), by: ada.peer, node: ada.node }
    const waiting = forger.forge(() => {
      forger.map.set(cardOf(bob), 'rubbish')
      forger.map.set(cardOf(ada), forged)
    })
    expect(await other.receive(waiting)).toBe(true)
    for (const word of ['a', 'b', 'c']) await other.put(cardOf(bob), word.repeat(30_000))
    const again = await reopen(other)
    expect(again.document.get(cardOf(ada))).toBeUndefined()
    expect(readingOf(again)).toEqual(readingOf(other))
  })

  it('an update that can never be complete does not make every later one look incomplete', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    const forger = createForger()
    forger.forge(() => void forger.map.set(cardOf(eve), 1))
    const orphan = forger.forge(() => void forger.map.set(cardOf(eve), 2))
    expect(await other.receive(orphan)).toBe(true)
    await one.put(cardOf(ada), 1)
    expect(await other.receive(one.document.difference())).toBe(false)
  })

  it('what else is hung into the document is not read', async () => {
    const replica = await openReplica(bob)
    const forger = createForger()
    const forged = forger.forge(() => {
      forger.doc.getMap('other').set(cardOf(eve), signed(eve, {}))
      forger.map.set(cardOf(eve), new Y.Map([['value', 1]]))
      forger.map.set(`name/${eve.peer}`, new Y.Array())
      forger.map.set(`vote/p/${eve.peer}`, new Y.Doc())
    })
    await replica.receive(forged)
    expect(readingOf(replica)).toEqual({})
    await replica.put(cardOf(bob), 1)
    await expectDurable(replica)
  })

  it('numbers and texts at their limits arrive as they were signed', async () => {
    const replica = await openReplica(bob)
    const forger = createForger()
    const at = Number.MAX_SAFE_INTEGER
    const value = { surrogate: 'a\ufffd', most: Number.MAX_VALUE, least: -5e-324, deep: [[[[1]]]] }
    await replica.receive(
      forger.forge(() => {
        forger.map.set(cardOf(eve), signed(eve, { value, at }))
        forger.map.set(`name/${eve.peer}`, {
          ...signed(eve, { key: `name/${eve.peer}` }),
          at: 2 ** 60,
        })
      }),
    )
    expect(replica.document.get(cardOf(eve))).toMatchObject({ value, at })
    expect(replica.told.skipped).toBe(1)
    await replica.put(cardOf(bob), 1)
    expect(replica.document.get(cardOf(bob))?.at).toBeLessThan(at / 2)
  })

  it('a malformed update harms nothing, and what it held is still learned', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 1)
    await one.put(`name/${ada.peer}`, 2)
    const whole = one.document.difference()
    for (let cut = 1; cut < whole.length; cut += 1) {
      const trial = await openReplica(bob)
      await expect(trial.receive(whole.slice(0, whole.length - cut))).rejects.toThrow()
      await expectDurable(trial)
      await exchange(one, trial)
      expect(readingOf(trial)).toEqual(readingOf(one))
      expect(trial.document.hash()).toBe(one.document.hash())
    }
    await exchange(one, other)
    expect(readingOf(other)).toEqual(readingOf(one))
  })

  it('random damage to an update never parts memory from disk', async () => {
    const one = await openReplica(ada)
    await one.put(cardOf(ada), { text: 'some words' })
    await one.put(cardOf(ada), { text: 'other words' })
    const whole = one.document.difference()
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 3,
    })
    await fc.assert(
      fc.asyncProperty(damage, async (places) => {
        const bytes = whole.slice()
        for (const [place, byte] of places) bytes[place] = byte
        const trial = await openReplica(bob)
        await trial.receive(bytes).catch(() => undefined)
        for (const value of Object.values(readingOf(trial))) {
          expect(['some words', 'other words']).toContain(Object(value).text)
        }
        await trial.put(cardOf(bob), 1)
        await expectDurable(trial)
      }),
      { numRuns: 200 },
    )
  })
})
