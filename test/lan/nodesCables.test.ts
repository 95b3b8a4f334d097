import { describe, expect, it } from 'vitest'
import { whyNoLab } from './lab.ts'
import { allSeeAll, becomes, hasHeard, openPlace } from './meetings.ts'
import type { LanSession } from './sites.ts'

const reason = await whyNoLab()
const why = reason === undefined ? '' : `, skipped because ${reason}`
/** A link on the LAN is pinged after 4 s of silence and dead after two more; then it has to be told. */
const noticedMs = 15_000
/** A cable that is out this long breaks no link. */
const momentMs = 1_000

describe.skipIf(reason !== undefined)(`sessions that go on talking${why}`, () => {
  async function enterThree() {
    const place = await openPlace(3)
    const names = ['ann', 'bob', 'cleo']
    const [ann, bob, cleo] = await Promise.all(
      names.map((name, index) => place.site(index + 1).enter(name)),
    )
    if (!ann || !bob || !cleo) throw new Error('three were started')
    await allSeeAll([ann, bob, cleo])
    return { place, ann, bob, cleo }
  }

  /** Both sides notice that they have lost each other, in the time that a dead link may take. */
  async function becomeAlone(one: LanSession, others: readonly LanSession[]): Promise<void> {
    const names = await Promise.all(others.map((other) => other.name()))
    await Promise.all([
      becomes(() => one.peers(), [], noticedMs),
      ...others.map((other, index) =>
        becomes(
          () => other.peers(),
          names.filter((_, each) => each !== index),
          noticedMs,
        ),
      ),
    ])
  }

  /** Each speaks to the next without a pause; the answer stops that, and proves that all was heard once. */
  function talkInCircle(sessions: readonly LanSession[]): () => Promise<void> {
    const talks = sessions.map((session, index) => {
      const to = sessions[(index + 1) % sessions.length] ?? session
      return { to, stop: session.speak(to, `from ${index}`) }
    })
    return async () => {
      const said = await Promise.all(talks.map(({ stop }) => stop()))
      for (const [index, { to }] of talks.entries()) await hasHeard(to, said[index] ?? [])
    }
  }

  it('a cable out for a moment and one out for long lose nothing and double nothing', async () => {
    const { place, ann, bob, cleo } = await enterThree()
    const finish = talkInCircle([ann, bob, cleo])
    await place.lab.pull(1)
    await new Promise((done) => setTimeout(done, momentMs))
    expect(await Promise.all([ann.peers(), bob.peers()])).toEqual([
      ['bob', 'cleo'],
      ['ann', 'cleo'],
    ])
    await place.lab.plug(1)
    const { length } = await bob.read()
    await becomes(async () => (await bob.read()).length > length, true)
    await place.lab.pull(1)
    await becomeAlone(ann, [bob, cleo])
    await place.lab.plug(1)
    await allSeeAll([ann, bob, cleo])
    await finish()
  })

  it('two halves of a LAN go on by themselves, and are equal when they are one again', async () => {
    const { place, ann, bob, cleo } = await enterThree()
    const finish = talkInCircle([ann, bob, cleo])
    await place.lab.split([1], [2, 3])
    await becomeAlone(ann, [bob, cleo])
    await Promise.all([ann, bob].map((session) => session.call('set_name', { name: 'chief' })))
    await cleo.call('set_summary', { summary: 'works on the other side' })
    const dora = await place.site(3).enter('dora')
    await place.lab.heal()
    const all = [ann, bob, cleo, dora]
    await allSeeAll(all)
    await finish()
    await becomes(async () => new Set(await Promise.all(all.map(viewOf))).size, 1)
    const view = await viewOf(ann)
    expect([...view.matchAll(/"name":"(.*?)"/g)].map(([, name]) => name).sort()).toEqual([
      'chief',
      'chief-2',
      'cleo',
      'dora',
    ])
    expect(view).toContain('works on the other side')
  })

  /** All that a session sees of everybody, itself among them. */
  async function viewOf(session: LanSession): Promise<string> {
    const { self, peers } = await session.call('list_peers', { offline: true })
    const seen = [self, ...peers].map(({ id, name, online, summary }) => ({
      id,
      name,
      online,
      summary,
    }))
    return JSON.stringify(seen.sort((one, other) => (one.id < other.id ? -1 : 1)))
  }
})
