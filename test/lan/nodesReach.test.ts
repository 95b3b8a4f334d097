import { describe, expect, it } from 'vitest'
import { whyNoLab } from './lab.ts'
import { allReachAll, allSeeAll, becomes, hasHeard, openPlace } from './meetings.ts'
import type { LanSession } from './sites.ts'

const reason = await whyNoLab()
const why = reason === undefined ? '' : `, skipped because ${reason}`
/** What is passed on at once takes less; what only the regular comparison finds takes up to 30 s. */
const passedOnMs = 5_000

describe.skipIf(reason !== undefined)(`machines that are hard to reach${why}`, () => {
  it('all meet: another way out, no connections taken, an interface made anew', async () => {
    const place = await openPlace(3)
    await place.site(1).machine.defaultRouteElsewhere()
    await place.site(2).machine.setInbound(false)
    const sessions = await Promise.all(
      [1, 2, 3].flatMap((number) =>
        ['one', 'two'].map((name) => place.site(number).enter(`${name}${number}`)),
      ),
    )
    await allSeeAll(sessions)
    await allReachAll(sessions, 'before')
    await place.site(3).machine.recreateInterface()
    const later = await place.site(1).enter('later')
    await allSeeAll([...sessions, later])
    await allReachAll([...sessions, later], 'after')
  })

  it('two that cannot dial each other speak by way of a third, and hear how far it came', async () => {
    const place = await openPlace(3)
    await Promise.all([1, 2].map((number) => place.site(number).machine.setInbound(false)))
    const cleo = await place.site(3).enter('cleo')
    const [ann, bob] = [await place.site(1).enter('ann'), await place.site(2).enter('bob')]
    await Promise.all([
      becomes(() => ann.peers(), ['cleo']),
      becomes(() => bob.peers(), ['cleo']),
      becomes(() => cleo.peers(), ['ann', 'bob']),
    ])
    // What the third knows of one, the other learns with the next comparison.
    await Promise.all([
      becomes(() => known(ann), 'bob,cleo'),
      becomes(() => known(bob), 'ann,cleo'),
    ])
    const id = await ann.say('bob', 'by way of cleo')
    await becomes(() => ann.stateOf(id), 'delivered', passedOnMs)
    await hasHeard(bob, ['by way of cleo'])
    await becomes(() => ann.stateOf(id), 'seen', passedOnMs)
    await bob.say('ann', 'and back')
    await hasHeard(ann, ['and back'])
    expect(await cleo.read()).toEqual([])
    expect(await ann.peers()).toEqual(['cleo'])
  })

  /** Everybody whom a session can name, whether there is a link or not. */
  async function known(session: LanSession): Promise<string> {
    const { peers } = await session.call('list_peers', { offline: true })
    return peers.map(({ name }) => name).join()
  }
})

describe.skipIf(reason !== undefined)(`sessions that never meet${why}`, () => {
  it('get each other’s mail, as long as somebody is awake on their machines', async () => {
    const place = await openPlace(2)
    const keepers = await Promise.all(
      [1, 2].map((number) => place.site(number).enter(`keeper${number}`)),
    )
    await allSeeAll(keepers)
    let bob = await place.site(2).enter('bob')
    await allSeeAll([...keepers, bob])
    await bob.close()
    await Promise.all(
      keepers.map((keeper, each) => becomes(() => keeper.peers(), [`keeper${2 - each}`])),
    )
    let ann = await place.site(1).enter('ann')
    const id = await ann.say('bob', 'you were away')
    expect(await ann.stateOf(id)).toBe('queued')
    await ann.close()
    bob = await place.site(2).enter('bob')
    await hasHeard(bob, ['you were away'])
    await bob.close()
    ann = await place.site(1).enter('ann')
    await becomes(() => ann.stateOf(id), 'seen')
  })

  it('get each other’s mail when nobody is left on the machine it came from', async () => {
    const place = await openPlace(2)
    const keepers = await Promise.all(
      [1, 2].map((number) => place.site(number).enter(`keeper${number}`)),
    )
    const [bob, ann] = [await place.site(2).enter('bob'), await place.site(1).enter('ann')]
    await allSeeAll([...keepers, ann, bob])
    await bob.close()
    await becomes(() => ann.peers(), ['keeper1', 'keeper2'])
    await ann.say('bob', 'and nobody is left')
    await Promise.all([ann, ...keepers].map((session) => session.close()))
    const back = await place.site(2).enter('bob')
    await hasHeard(back, ['and nobody is left'])
  })
})
