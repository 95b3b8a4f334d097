import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createFeedStore, type FeedStore } from '../../../state/feedStore.ts'
import { type Draft, directScope, type Entry, groupScope } from '../../../state/feeds.ts'
import { createObjectId } from '../../../state/ids.ts'
import { createLedger } from '../../../state/ledger.ts'
import { createMemoryDisk, type MemoryDisk } from './memory.ts'
import { nodeOf, noonMs, type Person, person, stillClock, verify } from './people.ts'

const [ada, bob, eve] = [person(1), person(2), person(3)]
const scope = directScope(ada.peer, bob.peer)
const all = Number.MAX_SAFE_INTEGER

let objects = 0
beforeEach(() => {
  objects = 0
})

function draft(text: string, different: Partial<Draft> = {}): Draft {
  objects += 1
  const chance = new Uint8Array(10)
  new DataView(chance.buffer).setUint32(4, objects)
  return {
    scope,
    id: createObjectId(noonMs + objects, chance),
    group: 'lobby',
    kind: 'message',
    to: [bob.peer],
    body: { text, hops: 0 },
    ...different,
  }
}

/** Feeds on a disk, with whole changes. */
async function openFeeds(by: Person, disk: MemoryDisk = createMemoryDisk()) {
  const store = disk.open()
  const ledger = createLedger(store)
  const clock = stillClock()
  const feeds: FeedStore = createFeedStore({ store, ...by, verify, hybrid: clock.hybrid })
  ledger.mirror(feeds)
  await feeds.reload()
  return {
    ...clock,
    disk,
    feeds,
    ledger,
    feed: { scope, peer: by.peer, node: by.node },
    async say(text: string, different: Partial<Draft> = {}): Promise<Entry> {
      const batch = await ledger.begin()
      const item = feeds.append(batch, draft(text, different))
      await batch.commit()
      return item
    },
    async hear(...items: readonly Entry[]): Promise<string[]> {
      const batch = await ledger.begin()
      const answers = items.map((item) => feeds.accept(batch, item))
      await batch.commit()
      return answers
    },
    async texts(feed: { scope: string; peer: Person['peer']; node: Person['node'] }) {
      return textsOf(await feeds.range(feed, { from: 1, to: 1_000, bytesMax: all }))
    },
  }
}

function textsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ body }) => (body && 'text' in body ? body.text : ''))
}

describe('the feed store', () => {
  it('counts what is said from 1, each scope for itself', async () => {
    const own = await openFeeds(ada)
    const lobby = groupScope('lobby')
    const [one, two] = [await own.say('one'), await own.say('two')]
    const other = await own.say('other', { scope: lobby })
    expect([one.seq, two.seq, other.seq]).toEqual([1, 2, 1])
    expect(two.at).toBeGreaterThan(one.at)
    expect(own.feeds.head(own.feed)).toBe(2)
    expect(own.feeds.heads(scope)).toEqual({ [`${ada.peer}/${ada.node}`]: 2 })
    expect([...own.feeds.scopes()].sort()).toEqual([scope, lobby].sort())
    expect(own.feeds.heads('unknown')).toEqual({})
  })

  it('knows after a new start what it knew, and a new process begins a new feed', async () => {
    const own = await openFeeds(ada)
    await own.say('one')
    const again = await openFeeds({ ...ada, node: nodeOf(9) }, own.disk)
    expect(again.feeds.heads(scope)).toEqual(own.feeds.heads(scope))
    expect(again.feeds.hash([scope])).toBe(own.feeds.hash([scope]))
    expect((await again.say('two')).seq).toBe(1)
    expect(await again.texts(own.feed)).toEqual(['one'])
  })

  it('what failed to be written was never said', async () => {
    const own = await openFeeds(ada)
    await own.say('one')
    own.disk.failNext()
    await expect(own.say('lost')).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await own.ledger.settled()
    expect(own.feeds.head(own.feed)).toBe(1)
    expect((await own.say('two')).seq).toBe(2)
    expect(await own.texts(own.feed)).toEqual(['one', 'two'])
  })

  it('takes the next word of a feed, and no other', async () => {
    const [own, other] = [await openFeeds(ada), await openFeeds(bob)]
    const items = [await own.say('one'), await own.say('two'), await own.say('three')]
    const [one, two, three] = items
    if (!one || !two || !three) throw new Error('nothing was said')
    expect(await other.hear(two)).toEqual(['gap'])
    expect(await other.hear(one, one, three)).toEqual(['accepted', 'known', 'gap'])
    expect(await other.hear(one, two, three, two)).toEqual([
      'known',
      'accepted',
      'accepted',
      'known',
    ])
    expect(await other.texts(own.feed)).toEqual(['one', 'two', 'three'])
    expect(other.feeds.hash([scope])).toBe(own.feeds.hash([scope]))
  })

  it('whatever comes in whatever order, a feed is stored in order, without gaps, each word once', async () => {
    const own = await openFeeds(ada)
    const items: Entry[] = []
    for (let number = 0; number < 6; number += 1) items.push(await own.say(`${number}`))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 40 }), async (order) => {
        const other = await openFeeds(bob)
        let head = 0
        for (const index of order) {
          await other.hear(...items.slice(index, index + 1))
          if (index === head) head += 1
          expect(other.feeds.head(own.feed)).toBe(head)
        }
        expect(await other.texts(own.feed)).toEqual(['0', '1', '2', '3', '4', '5'].slice(0, head))
        expect((await other.feeds.timeline(scope, { limit: 100 })).length).toBe(head)
      }),
      { numRuns: 40 },
    )
  })

  it('an invalid word leaves no trace, and the true one is still taken', async () => {
    const [own, other] = [await openFeeds(ada), await openFeeds(bob)]
    const item = await own.say('one')
    const forged: Entry[] = [
      { ...item, body: { text: 'forged', hops: 0 } },
      { ...item, to: [eve.peer] },
      { ...item, key: eve.signer.key },
      { ...item, peer: eve.peer },
      { ...item, scope: groupScope('lobby') },
      { ...item, node: nodeOf(9) },
    ]
    expect(await other.hear(...forged)).toEqual(forged.map(() => 'invalid'))
    expect(other.feeds.scopes()).toEqual([])
    expect(other.disk.contents.size).toBe(0)
    expect(await other.hear(item)).toEqual(['accepted'])
  })

  it('a word whose body was forgotten is taken all the same', async () => {
    const [own, other] = [await openFeeds(ada), await openFeeds(bob)]
    expect(await other.hear({ ...(await own.say('one')), body: null })).toEqual(['accepted'])
    expect(await other.texts(own.feed)).toEqual([''])
  })

  it('follows the time of what it hears, but not into tomorrow', async () => {
    const [own, other] = [await openFeeds(ada), await openFeeds(bob)]
    own.move(30_000)
    const soon = await own.say('soon')
    own.move(86_400_000)
    const tomorrow = await own.say('tomorrow')
    await other.hear(soon, tomorrow)
    const answer = await other.say('answer')
    expect(answer.at).toBeGreaterThan(soon.at)
    expect(answer.at).toBeLessThan(tomorrow.at)
  })

  it('two nodes have one hash when they know the same, and else not', async () => {
    const [own, other] = [await openFeeds(ada), await openFeeds(bob)]
    const lobby = groupScope('lobby')
    const scopes = [scope, lobby]
    expect(own.feeds.hash(scopes)).toBe(other.feeds.hash(scopes))
    const one = await own.say('one')
    const two = await own.say('two', { scope: lobby })
    expect(own.feeds.hash(scopes)).not.toBe(other.feeds.hash(scopes))
    await other.hear(two)
    expect(own.feeds.hash(scopes)).not.toBe(other.feeds.hash(scopes))
    expect(own.feeds.hash([lobby])).toBe(other.feeds.hash([lobby]))
    await other.hear(one)
    expect(own.feeds.hash(scopes)).toBe(other.feeds.hash([...scopes].reverse()))
  })

  it('gives a range in order, as much as fits, and at least one', async () => {
    const own = await openFeeds(ada)
    for (const text of ['one', 'two', 'three', 'four']) await own.say(text)
    const range = async (from: number, to: number, bytesMax: number = all) =>
      textsOf(await own.feeds.range(own.feed, { from, to, bytesMax }))
    expect(await range(2, 3)).toEqual(['two', 'three'])
    expect(await range(1, 100)).toEqual(['one', 'two', 'three', 'four'])
    expect(await range(0, 1)).toEqual(['one'])
    expect(await range(5, 9)).toEqual([])
    expect(await range(3, 2)).toEqual([])
    expect(await range(1, 4, 1)).toEqual(['one'])
    const bytes = JSON.stringify(
      (await own.feeds.range(own.feed, { from: 1, to: 1, bytesMax: 1 }))[0],
    )
    expect(await range(1, 4, bytes.length * 2.5)).toEqual(['one', 'two'])
  })

  it('finds a message by its ID or a beginning of six characters, in any case', async () => {
    const own = await openFeeds(ada)
    const item = await own.say('one', { id: createObjectId(1, new Uint8Array(10).fill(7)) })
    for (const text of [item.id, item.id.slice(0, 6), ` ${item.id.toUpperCase()} `]) {
      expect(await own.feeds.find(text)).toEqual(item)
    }
  })

  it('refuses to guess: a short, unknown or ambiguous beginning is an error that says so', async () => {
    const own = await openFeeds(ada)
    const [one, two] = [await own.say('one'), await own.say('two')]
    const unknown = [
      '',
      one.id.slice(0, 5),
      'zzzzzz',
      `${one.id}0`,
      '~~~~~~',
      '__proto__',
      '😀😀😀',
    ]
    for (const text of [...unknown, one.id.slice(0, 6).replaceAll('0', '~')]) {
      await expect(own.feeds.find(text)).rejects.toMatchObject({ code: 'UNKNOWN_MESSAGE' })
    }
    const shared = one.id.slice(0, 8)
    expect(two.id.startsWith(shared)).toBe(true)
    await expect(own.feeds.find(shared)).rejects.toMatchObject({ code: 'AMBIGUOUS_MESSAGE' })
    expect(await own.feeds.find(two.id)).toEqual(two)
  })

  it('pages through a scope from the newest to the oldest, missing and repeating nothing', async () => {
    const [own, other] = [await openFeeds(ada), await openFeeds(bob)]
    const said: string[] = []
    for (let number = 0; number < 9; number += 1) {
      const by = number % 2 === 0 ? own : other
      by.move(1_000)
      const item = await by.say(`${number}`)
      if (by === other) await own.hear(item)
      else other.move(1_000)
      said.unshift(`${number}`)
    }
    await own.say('elsewhere', { scope: groupScope('lobby') })
    for (const limit of [1, 2, 3, 4, 9, 20]) {
      const seen: Entry[] = []
      let before: string | undefined
      for (;;) {
        const query = before === undefined ? { limit } : { limit, before }
        const page = await own.feeds.timeline(scope, query)
        seen.push(...page.map(({ entry }) => entry))
        before = page.at(-1)?.place
        if (page.length < limit) break
      }
      expect(textsOf(seen)).toHaveLength(said.length)
      expect(new Set(textsOf(seen))).toEqual(new Set(said))
      const times = seen.map(({ at }) => at)
      expect(times).toEqual([...times].sort((left, right) => right - left))
    }
    expect(await own.feeds.timeline('unknown', { limit: 9 })).toEqual([])
  })

  it('the timeline of a pair does not show another pair whose IDs begin alike', async () => {
    const own = await openFeeds(ada)
    await own.say('to bob')
    await own.say('to eve', { scope: directScope(ada.peer, eve.peer), to: [eve.peer] })
    const page = await own.feeds.timeline(scope, { limit: 9 })
    expect(textsOf(page.map(({ entry }) => entry))).toEqual(['to bob'])
  })

  it('an author who takes the ID of another hides nothing', async () => {
    const lobby = groupScope('lobby')
    const [own, rival] = [await openFeeds(ada), await openFeeds(eve)]
    const mine = await own.say('mine', { scope: lobby })
    const copy = await rival.say('copied', { scope: lobby, id: mine.id, to: [] })
    expect(await own.hear(copy)).toEqual(['accepted'])
    expect(await own.feeds.find(mine.id)).toEqual(mine)
    const rows = await own.feeds.timeline(lobby, { limit: 10 })
    expect(textsOf(rows.map(({ entry }) => entry)).sort()).toEqual(['copied', 'mine'])
  })
})
