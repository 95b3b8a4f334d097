import { beforeEach, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import type { Clock } from '../../../mesh/clock.ts'
import { type Core, createCore } from '../../../mesh/core.ts'
import { silentLog } from '../../../mesh/log.ts'
import { createNames } from '../../../mesh/names.ts'
import type { PeerId } from '../../../state/ids.ts'
import { signRecord } from '../../../state/records.ts'
import { createMemoryDisk } from '../state/memory.ts'
import { noonMs, type Person, person, verify } from '../state/people.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
const [ada, bob, eve] = [person(1), person(2), person(3)]

/** A wall clock for everybody, who is there by it, and when each was seen last. */
let nowMs = noonMs
let online = new Set<PeerId>()
let lastSeenByPeer = new Map<PeerId, number>()
let chances = 0
beforeEach(() => {
  nowMs = noonMs
  online = new Set()
  lastSeenByPeer = new Map()
  chances = 0
})

const clock: Clock = {
  now: () => nowMs,
  elapsed: () => nowMs,
  after: () => () => {},
  random(count) {
    chances += 1
    const bytes = new Uint8Array(count)
    new DataView(bytes.buffer).setUint32(0, chances)
    return bytes
  },
}

/** Somebody that names itself. */
async function seat(who: Person) {
  const store = createMemoryDisk().open()
  const core = createCore({ ...who, clock, log: silentLog, verify, store })
  await core.load()
  const names = createNames(core, {
    isOnline: (peer) => online.has(peer),
    lastSeenMs: (peer) => lastSeenByPeer.get(peer),
  })
  online.add(who.peer)
  async function change<Answer>(
    make: (batch: Awaited<ReturnType<typeof core.ledger.begin>>) => Answer,
  ) {
    const batch = await core.ledger.begin()
    const answer = make(batch)
    await batch.commit()
    return answer
  }
  return {
    who,
    core,
    names,
    settle: (wish?: string) => change((batch) => names.settle(batch, wish)),
    claim: (name: string) => change((batch) => names.claim(batch, name)),
    own: () => names.of(who.peer),
    leave() {
      online.delete(who.peer)
      lastSeenByPeer.set(who.peer, nowMs)
    },
    come: () => void online.add(who.peer),
  }
}

async function meet(...seats: readonly { readonly core: Core }[]): Promise<void> {
  for (const from of seats) {
    for (const to of seats) {
      if (from === to) continue
      const batch = await to.core.ledger.begin()
      to.core.group.apply(batch, from.core.group.difference(to.core.group.vector()))
      await batch.commit()
    }
  }
}

describe('naming', () => {
  it('gives the lowest free number, one after the other', async () => {
    const seats = [await seat(ada), await seat(bob), await seat(eve)]
    for (const one of seats) {
      await one.settle()
      await meet(...seats)
    }
    expect(seats.map((one) => one.own())).toEqual(['claude-1', 'claude-2', 'claude-3'])
    for (const one of seats) expect(one.names.isUnsettled()).toBe(false)
  })

  it('an automatic name is free five minutes after its peer left, and not before', async () => {
    const [first, second] = [await seat(ada), await seat(bob)]
    await first.settle()
    await meet(first, second)
    first.leave()
    nowMs += 5 * minuteMs
    expect(await second.settle()).toBe('claude-2')
    const third = await seat(eve)
    await meet(first, second, third)
    nowMs += 1
    expect(await third.settle()).toBe('claude-1')
  })

  it('who comes back to a name that was taken over gets another, and is told', async () => {
    const [first, second] = [await seat(ada), await seat(bob)]
    await first.settle()
    await meet(first, second)
    first.leave()
    nowMs += 6 * minuteMs
    await second.settle()
    first.come()
    await meet(first, second)
    expect(second.own()).toBe('claude-1')
    expect(first.names.isUnsettled()).toBe(true)
    expect(await first.settle()).toBe('claude-2')
    await meet(first, second)
    expect([first.own(), second.own()]).toEqual(['claude-2', 'claude-1'])
  })

  it('who comes back to a name that nobody took keeps it', async () => {
    const [first, second] = [await seat(ada), await seat(bob)]
    await first.settle()
    await meet(first, second)
    first.leave()
    nowMs += dayMs
    first.come()
    expect(await first.settle()).toBeUndefined()
    expect(await second.settle()).toBe('claude-2')
    expect(first.own()).toBe('claude-1')
  })

  it('a chosen name is kept for 30 days of absence, and may be taken over after', async () => {
    const [first, second] = [await seat(ada), await seat(bob)]
    await first.claim('Ada')
    await meet(first, second)
    first.leave()
    nowMs += 30 * dayMs
    await expect(second.claim('ada')).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    nowMs += 1
    expect(await second.claim('ada')).toBe('ada')
    await meet(first, second)
    expect(second.own()).toBe('ada')
    first.come()
    expect(await first.settle()).toBe('Ada-2')
  })

  it('names are one whatever their case, and a refusal names a free one', async () => {
    const [first, second] = [await seat(ada), await seat(bob)]
    await first.claim('Ada')
    await meet(first, second)
    await expect(second.claim('ADA')).rejects.toMatchObject({
      code: 'NAME_TAKEN',
      hint: expect.stringContaining('ADA-2'),
    })
    expect(await first.claim('ADA')).toBe('ADA')
    expect(first.own()).toBe('ADA')
  })

  it('of two that chose one name apart the earlier keeps it, the other gets name-2', async () => {
    const [first, second] = [await seat(ada), await seat(bob)]
    await first.claim('x')
    nowMs += 1_000
    await second.claim('X')
    await meet(first, second)
    expect(await first.settle()).toBeUndefined()
    expect(await second.settle()).toBe('X-2')
    await meet(first, second)
    expect([first.own(), second.own()]).toEqual(['x', 'X-2'])
  })

  it('many that numbered themselves apart agree in one round', async () => {
    const seats = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => seat(person(number))))
    for (const one of seats) await one.settle()
    expect(new Set(seats.map((one) => one.own()))).toEqual(new Set(['claude-1']))
    await meet(...seats)
    for (const one of seats) await one.settle()
    await meet(...seats)
    const expected = [1, 2, 3, 4, 5, 6].map((number) => `claude-${number}`)
    expect(seats.map((one) => one.own()).sort()).toEqual(expected)
    for (const one of seats) expect(one.names.isUnsettled()).toBe(false)
  })

  it.each(['', 'a b', 'é', 'x'.repeat(33), 'operator', 'MESH', ada.peer, ada.node])(
    'nobody can be called %j',
    async (name) => {
      const one = await seat(bob)
      await expect(one.claim(name)).rejects.toMatchObject({ code: 'BAD_INPUT' })
      expect(await one.settle(name)).toBe('claude-1')
    },
  )

  it('a wish is granted when it is free, and else numbered', async () => {
    const [first, second] = [await seat(ada), await seat(bob)]
    expect(await first.settle('builder')).toBe('builder')
    await meet(first, second)
    expect(await second.settle('builder')).toBe('builder-2')
  })

  it('a claim of the end of time takes no name, and harms nobody’s clock', async () => {
    const one = await seat(ada)
    const [key, at] = [`name/${eve.peer}`, Number.MAX_SAFE_INTEGER]
    const value = { name: 'claude-1', auto: false, over: [] }
    const rec = { key, value, by: eve.peer, node: eve.node, at }
    const forger = new Y.Doc()
    forger.getMap('records').set(key, signRecord(one.core.group.name, rec, eve.signer))
    await one.settle()
    const batch = await one.core.ledger.begin()
    one.core.group.apply(batch, Y.encodeStateAsUpdate(forger))
    await batch.commit()
    expect(one.own()).toBe('claude-1')
    await expect(one.claim('claude-1')).resolves.toBe('claude-1')
    expect(await one.claim('Claude-x')).toBe('Claude-x')
    await expect(one.claim('claude-1')).rejects.toMatchObject({ code: 'NAME_TAKEN' })
    expect(one.core.hybrid.next()).toBeLessThan((noonMs + minuteMs) * 1_024)
    expect(one.own()).toBe('Claude-x')
  })
})
