import { beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../../mesh/clock.ts'
import { type Core, createCore } from '../../../mesh/core.ts'
import { createDelivery } from '../../../mesh/delivery.ts'
import type { Frame } from '../../../mesh/frames.ts'
import type { Link } from '../../../mesh/link.ts'
import { silentLog } from '../../../mesh/log.ts'
import { createNames } from '../../../mesh/names.ts'
import { createRepair } from '../../../mesh/repair.ts'
import { createRetention } from '../../../mesh/retention.ts'
import { directScope, type Entry } from '../../../state/feeds.ts'
import { msToHybrid } from '../../../state/hybrid.ts'
import { createObjectId } from '../../../state/ids.ts'
import type { Notice } from '../../../state/inbox.ts'
import { pinKey } from '../../../state/pins.ts'
import { keepEntries } from '../../../state/retention.ts'
import type { Signer } from '../../../state/signatures.ts'
import { createMemoryDisk, type MemoryDisk } from '../state/memory.ts'
import { noonMs, type Person, person } from '../state/people.ts'

const dayMs = 86_400_000
const [ada, bob] = [person(1), person(2)]
const scope = directScope(ada.peer, bob.peer)

let nowMs = noonMs
beforeEach(() => {
  nowMs = noonMs
})

const clock: Clock = {
  now: () => nowMs,
  elapsed: () => nowMs,
  after: () => () => {},
  random: (count) => new Uint8Array(count).fill(7),
}

/** Ten thousand real signatures would take longer than all the rest. */
function quick({ device, key }: Signer): Signer {
  return { device, key, sign: () => 'x'.repeat(86) }
}

async function sit(who: Person, disk: MemoryDisk = createMemoryDisk()) {
  const store = disk.open()
  const deps = { clock, log: silentLog, verify: () => true, store }
  const core = createCore({ ...who, ...deps, signer: quick(who.signer) })
  await core.load()
  const told: Notice[] = []
  const names = createNames(core, { isOnline: () => false, lastSeenMs: () => undefined })
  const inbox = {
    tell(_: unknown, notice: Notice) {
      told.push(notice)
    },
  }
  const retention = createRetention(core, { inbox, names, letGo() {} })
  const links: Link[] = []
  const repair = createRepair(core)
  return {
    core,
    told,
    retention,
    repair,
    links,
    delivery: createDelivery(core, repair, () => links),
  }
}

/** Says so many words to bob, a minute apart. */
async function say(core: Core, count: number): Promise<Entry[]> {
  const batch = await core.ledger.begin()
  const entries = Array.from({ length: count }, (_, index) => {
    nowMs += 60_000
    const chance = new Uint8Array(10)
    new DataView(chance.buffer).setUint32(4, index)
    return core.feeds.append(batch, {
      ...{ scope, group: 'lobby', kind: 'message', to: [bob.peer] },
      id: createObjectId(nowMs, chance),
      body: { text: `word ${index + 1}`, hops: 0 },
    })
  })
  await batch.commit()
  return entries
}

/** A link to somebody that keeps what is sent. */
function linkTo({ peer, node, signer }: Person) {
  const sent: Frame[] = []
  const send = (frame: Frame) => sent.push(frame) > 0
  const link = { peer, node, device: signer.device, send, sendLive: send } as unknown as Link
  return { link, sent }
}

const range = { from: 1, to: keepEntries * 2, bytesMax: Number.MAX_SAFE_INTEGER }
const feed = { scope, peer: ada.peer, node: ada.node }

describe('letting go of what is old', () => {
  it('begins at 30 days, leaves the newest 10,000, and survives a restart', async () => {
    const disk = createMemoryDisk()
    const { core, retention } = await sit(ada, disk)
    const entries = await say(core, keepEntries + 60)
    expect(await retention.look()).toBe(0)
    nowMs += 31 * dayMs
    expect(await retention.look()).toBe(60)
    expect(core.feeds.count(scope)).toBe(keepEntries)
    expect((await core.feeds.range(feed, range))[0]?.seq).toBe(61)
    await expect(core.feeds.find(entries[0]?.id ?? '')).rejects.toThrow('No message')
    expect(await retention.look()).toBe(0)
    const again = await sit(ada, disk)
    expect(again.core.feeds.count(scope)).toBe(keepEntries)
    expect(again.core.feeds.head(feed)).toBe(keepEntries + 60)
  })

  it('keeps what is pinned', async () => {
    const { core, retention } = await sit(ada)
    const entries = await say(core, keepEntries + 5)
    const [, pinned] = entries
    if (!pinned) throw new Error('there are entries')
    const batch = await core.ledger.begin()
    core.group.put(batch, [{ key: pinKey(pinned.id, ada.peer), value: { pinned: true } }])
    await batch.commit()
    nowMs += 31 * dayMs
    await retention.look()
    expect((await core.feeds.range(feed, range)).map(({ seq }) => seq).slice(0, 2)).toEqual([2, 6])
  })

  it('tells the sender once of what nobody had fetched', async () => {
    const { core, retention, told } = await sit(ada)
    await say(core, keepEntries + 3)
    nowMs += 31 * dayMs
    await retention.look()
    expect(told).toHaveLength(1)
    expect(told[0]?.text).toMatch(/^Your message \w+ to .+, and 2 more, expired/)
  })
})

describe('who comes back after things were let go', () => {
  it('gets what is left, and its sender learns what expired', async () => {
    const sender = await sit(ada)
    const receiver = await sit(bob)
    await say(sender.core, keepEntries + 60)
    nowMs += 31 * dayMs
    await sender.retention.look()
    const { link, sent } = linkTo(bob)
    await sender.repair.receiveWant(link, { kind: 'want', ...feed, from: 1, to: 500 })
    const [answer] = sent
    if (answer?.kind !== 'entries') throw new Error('the want is answered')
    expect(answer).toMatchObject({ from: 1 })
    const back = linkTo(ada)
    receiver.links.push(back.link)
    await receiver.delivery.receiveEntries(back.link, answer)
    expect(receiver.core.inbox.count()).toBe(answer.entries.length)
    const report = back.sent.find((frame) => frame.kind === 'cursors')
    if (report?.kind !== 'cursors') throw new Error('the cursor is reported')
    sender.links.push(link)
    await sender.delivery.receiveCursors(link, report)
    const state = (seq: number) => sender.core.cursors.stateOf({ ...feed, seq }, bob.peer).state
    expect([state(1), state(60), state(61)]).toEqual(['expired', 'expired', 'delivered'])
  })

  it('does not believe that young words were let go', async () => {
    const sender = await sit(ada)
    const receiver = await sit(bob)
    const entries = await say(sender.core, 5)
    const { link } = linkTo(ada)
    const answer = { kind: 'entries' as const, entries: entries.slice(3), from: 1 }
    await receiver.delivery.receiveEntries(link, answer)
    expect(receiver.core.feeds.head(feed)).toBe(0)
    nowMs += 31 * dayMs
    // Nor does it skip what it has not asked for.
    await receiver.delivery.receiveEntries(link, { ...answer, from: 4 })
    expect(receiver.core.feeds.head(feed)).toBe(0)
    await receiver.delivery.receiveEntries(link, answer)
    expect(receiver.core.feeds.head(feed)).toBe(5)
    expect(entries[0]?.at).toBeLessThan(msToHybrid(nowMs))
  })
})
