import { describe, expect, it } from 'vitest'
import { createFeedStore } from '../../../state/feedStore.ts'
import { directScope, type Entry, signEntry } from '../../../state/feeds.ts'
import { createObjectId } from '../../../state/ids.ts'
import { atOf, createInboxStore, idOf, type Notice } from '../../../state/inbox.ts'
import { type Batch, createLedger } from '../../../state/ledger.ts'
import { createMemoryDisk, type MemoryDisk } from './memory.ts'
import { nodeOf, noonMs, type Person, person, stillClock, verify } from './people.ts'

const [ada, bob] = [person(1), person(2)]

/** The word of that number in somebody's feed to Bob. */
function word(seq: number, by: Person = ada): Entry {
  const scope = directScope(by.peer, bob.peer)
  const draft = {
    scope,
    id: createObjectId(noonMs + seq, new Uint8Array(10).fill(by.node.charCodeAt(20))),
    group: 'lobby',
    kind: 'message' as const,
    to: [bob.peer],
    body: { text: `word ${seq}`, hops: 0 },
  }
  return signEntry(draft, { peer: by.peer, node: by.node, seq, at: 1_000 + seq }, by.signer)
}

function noticeOf(id: string): Notice {
  return { id, at: 7, text: `about ${id}`, wakes: false }
}

async function openInbox(disk: MemoryDisk = createMemoryDisk()) {
  const store = disk.open()
  const ledger = createLedger(store)
  const inbox = createInboxStore(store)
  const feeds = createFeedStore({ store, ...bob, verify, hybrid: stillClock().hybrid })
  for (const mirror of [inbox, feeds]) {
    ledger.mirror(mirror)
    await mirror.reload()
  }
  async function change<Answer>(make: (batch: Batch) => Answer): Promise<Answer> {
    const batch = await ledger.begin()
    const answer = make(batch)
    await batch.commit()
    return answer
  }
  return {
    disk,
    ledger,
    inbox,
    change,
    add: (...items: readonly Entry[]) =>
      change((batch) => {
        for (const item of items) inbox.add(batch, item)
      }),
    /** Takes what a link brought: feed and inbox in one batch. */
    receive: (...items: readonly Entry[]) =>
      change((batch) => {
        for (const item of items) {
          if (feeds.accept(batch, item) === 'accepted') inbox.add(batch, item)
        }
      }),
    tell: (id: string) => change((batch) => inbox.tell(batch, noticeOf(id))),
    show: (...ids: readonly string[]) => change((batch) => inbox.markShown(batch, new Set(ids))),
    remove: (...ids: readonly string[]) => change((batch) => inbox.remove(batch, new Set(ids))),
    ids: () => inbox.list().map(idOf),
  }
}

const ids = (...items: readonly Entry[]) => items.map(({ id }) => id)

describe('the inbox', () => {
  it('holds what came in the order in which it came, also after a new start', async () => {
    const own = await openInbox()
    const items = [word(2), word(1), word(1, person(3))]
    for (const item of items) await own.add(item)
    await own.tell('left/somebody')
    const expected = [...ids(...items), 'left/somebody']
    expect(own.ids()).toEqual(expected)
    expect(own.inbox.list().map(atOf)).toEqual([1_002, 1_001, 1_001, 7])
    const again = await openInbox(own.disk)
    expect(again.ids()).toEqual(expected)
    expect(again.inbox.list()).toEqual(own.inbox.list())
    await again.add(word(3))
    expect((await openInbox(own.disk)).ids()).toEqual([...expected, word(3).id])
  })

  it('holds a message once, however often a link brings it', async () => {
    const own = await openInbox()
    await own.receive(word(1), word(1), word(2))
    await own.receive(word(1), word(2), word(3))
    expect(own.ids()).toEqual(ids(word(1), word(2), word(3)))
    await own.remove(word(2).id)
    const again = await openInbox(own.disk)
    await again.receive(word(1), word(2), word(3))
    expect(again.ids()).toEqual(ids(word(1), word(3)))
  })

  it('a message that failed to be written comes again, and is there once', async () => {
    const own = await openInbox()
    own.disk.failNext()
    await expect(own.receive(word(1))).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await own.ledger.settled()
    expect(own.ids()).toEqual([])
    await own.receive(word(1))
    expect(own.ids()).toEqual(ids(word(1)))
    expect((await openInbox(own.disk)).ids()).toEqual(ids(word(1)))
  })

  it('what was shown without proof that it was read stays, marked as a repeat', async () => {
    const own = await openInbox()
    await own.add(word(1), word(2))
    await own.tell('left/somebody')
    expect(await own.show(word(1).id, 'left/somebody', 'unknown')).toEqual([word(1)])
    expect(own.inbox.list().map(({ shown }) => shown)).toEqual([true, false, true])
    expect(await own.show(word(1).id, word(2).id)).toEqual([word(2)])
    const again = await openInbox(own.disk)
    expect(again.inbox.list().map(({ shown }) => shown)).toEqual([true, true, true])
  })

  it('what was read leaves, and does not come back', async () => {
    const own = await openInbox()
    await own.add(word(1), word(2))
    await own.tell('left/somebody')
    expect(await own.remove(word(1).id, 'left/somebody', 'unknown')).toEqual([word(1)])
    expect(await own.remove(word(1).id)).toEqual([])
    expect(own.ids()).toEqual(ids(word(2)))
    expect((await openInbox(own.disk)).ids()).toEqual(ids(word(2)))
  })

  it('a reading that failed to be written did not happen', async () => {
    const own = await openInbox()
    await own.add(word(1), word(2))
    own.disk.failNext()
    await expect(own.remove(word(1).id)).rejects.toThrow()
    own.disk.failNext()
    await expect(own.show(word(2).id)).rejects.toThrow()
    await own.ledger.settled()
    expect(own.ids()).toEqual(ids(word(1), word(2)))
    expect(own.inbox.list().some(({ shown }) => shown)).toBe(false)
  })

  it('a notice is told once, also when it was read and after a new start', async () => {
    const own = await openInbox()
    expect(await own.tell('left/somebody')).toBe(true)
    expect(await own.tell('left/somebody')).toBe(false)
    expect(own.ids()).toEqual(['left/somebody'])
    await own.remove('left/somebody')
    const again = await openInbox(own.disk)
    expect(await again.tell('left/somebody')).toBe(false)
    expect(await again.tell('left/another')).toBe(true)
    expect(again.ids()).toEqual(['left/another'])
  })

  it('a notice that failed to be written is told the next time', async () => {
    const own = await openInbox()
    own.disk.failNext()
    await expect(own.tell('left/somebody')).rejects.toThrow()
    await own.ledger.settled()
    expect(own.ids()).toEqual([])
    expect(await own.tell('left/somebody')).toBe(true)
  })

  it.each(['__proto__', 'constructor', 'x/y/z', '~'])('a notice may be called %s', async (id) => {
    const own = await openInbox()
    expect(await own.tell(id)).toBe(true)
    expect(await own.tell(id)).toBe(false)
    await own.remove(id)
    expect(own.ids()).toEqual([])
  })

  it('notices give way to newer ones, messages never do', async () => {
    const own = await openInbox()
    await own.add(word(1))
    for (let number = 0; number < 150; number += 1) await own.tell(`notice ${number}`)
    expect(own.ids()).toHaveLength(101)
    expect(own.ids()[0]).toBe(word(1).id)
    expect(own.ids()[1]).toBe('notice 50')
    expect((await openInbox(own.disk)).ids()).toEqual(own.ids())
    expect(await own.tell('notice 0')).toBe(false)
  })

  it('knows how far each feed waits, and how far it was hidden', async () => {
    const own = await openInbox()
    const restarted = { ...ada, node: nodeOf(9) }
    await own.add(word(3), word(2), word(4), word(1, restarted))
    expect(own.inbox.lowestWaiting(word(1))).toBe(2)
    expect(own.inbox.lowestHidden(word(1))).toBe(2)
    await own.show(word(2).id)
    expect(own.inbox.lowestWaiting(word(1))).toBe(2)
    expect(own.inbox.lowestHidden(word(1))).toBe(3)
    await own.remove(word(2).id, word(3).id)
    expect(own.inbox.lowestWaiting(word(1))).toBe(4)
    expect(own.inbox.lowestWaiting(word(1, restarted))).toBe(1)
    expect(own.inbox.lowestWaiting(word(1, person(3)))).toBeUndefined()
    await own.remove(...own.ids())
    expect(own.inbox.lowestWaiting(word(1))).toBeUndefined()
    expect(own.inbox.lowestHidden(word(1))).toBeUndefined()
  })
})
