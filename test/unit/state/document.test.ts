import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msToHybrid } from '../../../state/hybrid.ts'
import { noonMs, person } from './people.ts'
import { exchange, openReplica, type Replica, readingOf, reopen } from './replica.ts'

const ada = person(1)
const bob = person(2)
const eve = person(3)

const cardOf = (of: { readonly peer: string }) => `card/${of.peer}`

/** Memory and disk say the same. */
async function expectDurable(replica: Replica): Promise<void> {
  const again = await reopen(replica)
  expect(readingOf(again)).toEqual(readingOf(replica))
  expect(again.document.hash()).toBe(replica.document.hash())
  expect(again.document.vector()).toEqual(replica.document.vector())
}

describe('a document', () => {
  it('what is written is read at once, and after a new start', async () => {
    const replica = await openReplica(ada)
    await replica.put(cardOf(ada), { summary: 'é😀' })
    const rec = replica.document.get(cardOf(ada))
    expect(rec).toMatchObject({ value: { summary: 'é😀' }, by: ada.peer, node: ada.node })
    expect(rec?.device).toBe(ada.signer.key)
    expect(replica.document.get(cardOf(bob))).toBeUndefined()
    const again = await reopen(replica)
    expect(again.document.get(cardOf(ada))).toEqual(rec)
  })

  it('lists the records under a prefix, and those alone', async () => {
    const replica = await openReplica(ada)
    const keys = ['vote/p/', 'vote/pp/', 'vote/', '__proto__/'].map((start) => start + ada.peer)
    for (const key of keys) await replica.put(key, 1)
    const under = (prefix: string) => replica.document.list(prefix).map(({ key }) => key)
    expect(under('vote/p/')).toEqual([keys[0]])
    expect(under('vote/')).toEqual(keys.slice(0, 3))
    expect(under('__proto__/')).toEqual([keys[3]])
    expect(under('nothing/')).toEqual([])
    expect(replica.document.get('__proto__')).toBeUndefined()
  })

  it('an update is offered to others only when it is on disk', async () => {
    const replica = await openReplica(ada)
    replica.disk.hold()
    const work = replica.put(cardOf(ada), 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(replica.document.get(cardOf(ada))?.value).toBe(1)
    expect(replica.committed).toEqual([])
    replica.disk.release()
    await work
    expect(replica.committed).toHaveLength(1)
  })

  it('others read what was written, and only they are told who are told of it', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), { summary: 'here' })
    expect(one.changed).toEqual([cardOf(ada)])
    const [update = new Uint8Array()] = one.committed
    expect(await other.receive(update)).toBe(false)
    expect(readingOf(other)).toEqual(readingOf(one))
    expect(other.changed).toEqual([cardOf(ada)])
    expect(other.committed).toEqual([])
    await other.receive(update)
    expect(other.changed).toEqual([cardOf(ada)])
    await expectDurable(other)
  })

  it('several records of one change travel in one update', async () => {
    const replica = await openReplica(ada)
    const batch = await replica.ledger.begin()
    const keys = [cardOf(ada), `name/${ada.peer}`]
    replica.document.put(
      batch,
      keys.map((key) => ({ key, value: key })),
    )
    await batch.commit()
    expect(replica.committed).toHaveLength(1)
    expect(replica.changed).toEqual(keys)
  })

  it('all who know the same agree, whatever the order in which it came and how often', async () => {
    const write = fc.record({ by: fc.nat(2), key: fc.nat(3), value: fc.jsonValue({ maxDepth: 2 }) })
    const hearing = fc.array(fc.nat(1_000), { minLength: 5, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 15 }), hearing, async (writes, order) => {
        const people = [ada, bob, eve]
        const replicas = await Promise.all(people.map((someone) => openReplica(someone)))
        const updates: Uint8Array[] = []
        for (const { by, key, value } of writes) {
          await replicas[by]?.put(`k${key}/${people[by]?.peer}`, value)
          updates.push(replicas[by]?.committed.at(-1) ?? new Uint8Array([0, 0]))
        }
        for (const [turn, pick] of order.entries()) {
          const update = updates[pick % Math.max(1, updates.length)]
          if (update) await replicas[turn % 3]?.receive(update)
        }
        await exchange(...replicas)
        const [first] = replicas
        for (const replica of replicas) {
          expect(readingOf(replica)).toEqual(first && readingOf(first))
          expect(replica.document.hash()).toBe(first?.document.hash())
          expect(replica.told.skipped).toBe(0)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('hashes differ while two replicas know different things', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    const empty = one.document.hash()
    expect(Buffer.from(empty, 'base64url')).toHaveLength(16)
    expect(other.document.hash()).toBe(empty)
    await one.put(cardOf(ada), 1)
    const first = one.document.hash()
    expect(first).not.toBe(empty)
    await exchange(one, other)
    expect(other.document.hash()).toBe(first)
    await one.put(cardOf(ada), 2)
    expect(one.document.hash()).not.toBe(first)
    expect(one.document.hash()).not.toBe(empty)
  })

  it('an update whose predecessor is missing says so, and the state that is asked for has both', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 1)
    await one.put(cardOf(ada), 2)
    const [, second = new Uint8Array()] = one.committed
    expect(await other.receive(second)).toBe(true)
    expect(readingOf(other)).toEqual({})
    expect(await other.receive(one.document.difference(other.document.vector()))).toBe(false)
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 2 })
    await expectDurable(other)
  })

  it('hands over exactly what the other end lacks', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 'x'.repeat(10_000))
    await exchange(one, other)
    await one.put(`name/${ada.peer}`, 1)
    const difference = one.document.difference(other.document.vector())
    expect(difference.length).toBeLessThan(1_000)
    await other.receive(difference)
    expect(other.document.hash()).toBe(one.document.hash())
  })

  it('a new word of a writer is later than its last, and than what it was told to follow', async () => {
    const replica = await openReplica(ada)
    const at = () => replica.document.get(cardOf(ada))?.at ?? 0
    await replica.put(cardOf(ada), 1)
    const first = at()
    replica.move(-3_600_000)
    await replica.put(cardOf(ada), 2)
    expect(at()).toBeGreaterThan(first)
    const tomorrow = msToHybrid(noonMs + 86_400_000)
    await replica.put(cardOf(ada), 3, tomorrow)
    const third = at()
    expect(third).toBeGreaterThan(tomorrow)
    await replica.put(cardOf(ada), 4)
    expect(at()).toBeGreaterThan(third)
    const again = await reopen(replica)
    await again.put(cardOf(ada), 5)
    expect(again.document.get(cardOf(ada))?.at).toBeGreaterThan(third)
  })

  it('whatever time a rival claims, a writer’s next words are valid and of its own time', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 1, Number.MAX_SAFE_INTEGER)
    await one.put(`name/${ada.peer}`, 2)
    await exchange(one, other)
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 1, [`name/${ada.peer}`]: 2 })
    const at = one.document.get(`name/${ada.peer}`)?.at ?? 0
    expect(at).toBeLessThan(msToHybrid(noonMs + 1_000))
    await one.put(cardOf(ada), 3)
    await exchange(one, other)
    expect(other.document.get(cardOf(ada))?.value).toBe(3)
  })

  it('a record that is too large is refused, and nothing of its change is written', async () => {
    const replica = await openReplica(ada)
    const before = replica.document.hash()
    const batch = await replica.ledger.begin()
    const entries = [
      { key: cardOf(ada), value: 1 },
      { key: `name/${ada.peer}`, value: 'x'.repeat(40_000) },
    ]
    expect(() => replica.document.put(batch, entries)).toThrow(RangeError)
    await batch.commit()
    expect(readingOf(replica)).toEqual({})
    expect(replica.document.hash()).toBe(before)
    expect(replica.disk.commits).toEqual([])
  })

  it('a failed change is gone from memory, told to nobody, and does not stop the next', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 'kept')
    const kept = one.document.hash()
    one.disk.failNext()
    await expect(one.put(cardOf(ada), 'lost')).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await one.ledger.settled()
    expect(readingOf(one)).toEqual({ [cardOf(ada)]: 'kept' })
    expect(one.document.hash()).toBe(kept)
    expect(one.committed).toHaveLength(1)
    await one.put(cardOf(ada), 'next')
    for (const update of one.committed) expect(await other.receive(update)).toBe(false)
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 'next' })
    expect(other.document.hash()).toBe(one.document.hash())
    await expectDurable(one)
  })

  it('what came from others is read again after a change of it failed', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 1)
    const [update = new Uint8Array()] = one.committed
    other.disk.failNext()
    await expect(other.receive(update)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await other.ledger.settled()
    expect(readingOf(other)).toEqual({})
    await other.receive(update)
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 1 })
    await expectDurable(other)
  })

  it('what is on our own disk is not verified again', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 1)
    await exchange(one, other)
    expect(other.told.verified).toBe(1)
    const again = await reopen(other)
    expect(readingOf(again)).toEqual(readingOf(other))
    expect(again.told.verified).toBe(0)
  })

  it('a writer restored from an old copy takes up its own newer word, and goes on after it', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(cardOf(ada), 'old')
    const copy = new Map(one.disk.contents)
    await one.put(cardOf(ada), 'new')
    await exchange(one, other)
    one.disk.contents.clear()
    for (const [key, value] of copy) one.disk.contents.set(key, value)
    const restored = await reopen(one)
    expect(readingOf(restored)).toEqual({ [cardOf(ada)]: 'old' })
    await exchange(restored, other)
    expect(readingOf(restored)).toEqual({ [cardOf(ada)]: 'new' })
    await restored.put(cardOf(ada), 'newest')
    await exchange(restored, other)
    expect(readingOf(other)).toEqual({ [cardOf(ada)]: 'newest' })
    expect(other.document.hash()).toBe(restored.document.hash())
  })
})
