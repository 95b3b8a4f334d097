import { describe, expect, it } from 'vitest'
import { whyNoLab } from './lab.ts'
import { allReachAll, allSeeAll, becomes, hasHeard, openPlace } from './meetings.ts'
import { createMeshKey, type Place, type Site } from './sites.ts'

const reason = await whyNoLab()
const why = reason === undefined ? '' : `, skipped because ${reason}`
const numbers = [1, 2, 3]
/** Within this time links are gone, or there again, after the LAN was switched. */
const followMs = 8_000
/** Nine sessions of one name each, and one that everybody asks for. */
const wishes = ['chief', 'even', 'odd']

/** Links of the oldest session of a machine: to all others, the operators of the machines among them. */
async function linksOf(site: Site): Promise<string> {
  const names = (await site.mesh('status')).links.map(({ name }) => name)
  const operators = names.filter((name) => name.startsWith('operator'))
  return `${names.length} links, ${operators.length} to operators`
}

describe.skipIf(reason !== undefined)(`sessions on three machines${why}`, () => {
  function enterThree(place: Place, number: number) {
    return Promise.all(wishes.map((wish) => place.site(number).enter(wish)))
  }

  it('find each other by multicast, have names of their own, and leave when the LAN is off', async () => {
    const place = await openPlace(3)
    const sessions = (await Promise.all(numbers.map((each) => enterThree(place, each)))).flat()
    await allSeeAll(sessions)
    const names = await Promise.all(sessions.map((session) => session.name()))
    expect(new Set(names).size).toBe(9)
    for (const number of numbers) {
      await becomes(() => linksOf(place.site(number)), '11 links, 3 to operators')
    }
    await allReachAll(sessions, 'hello')

    const third = sessions.slice(6)
    const [away] = third
    const [first] = sessions
    if (!away || !first) throw new Error('there are nine')
    await place.site(3).mesh('lan', 'off')
    await Promise.all([allSeeAll(third, followMs), allSeeAll(sessions.slice(0, 6), followMs)])
    await first.say(await away.name(), 'for later')
    await place.site(3).mesh('lan', 'on')
    await allSeeAll(sessions, followMs)
    await becomes(async () => (await away.read()).filter((body) => body === 'for later').length, 1)
  })

  it('find each other without multicast, when one of each machine knows one address', async () => {
    const place = await openPlace(3)
    await place.lab.setMulticast(false)
    const known = await place.site(1).enter('known')
    const { nodes } = await place.site(1).mesh('lan')
    const port = nodes.find(({ name }) => name === 'known')?.lan.address?.split(':')[1]
    const variables = { MESH_PEERS: `${place.site(1).machine.address}:${port}` }
    const others = await Promise.all([
      ...['even', 'odd'].map((name) => place.site(1).enter(name)),
      ...[2, 3].flatMap((number) => [
        place.site(number).enter('tells', variables),
        ...['even', 'odd'].map((name) => place.site(number).enter(name)),
      ]),
    ])
    await allSeeAll([known, ...others])
    for (const number of numbers) {
      await becomes(() => linksOf(place.site(number)), '11 links, 3 to operators')
    }
    await allReachAll([known, ...others], 'hello')
  })

  it('two users of one machine who are in two meshes neither meet nor are in each other’s way', async () => {
    const place = await openPlace(2)
    const stranger = await place.createSite(1, createMeshKey('apart'))
    const variables = { MESH_PORT: '7899' }
    const ann = await place.site(1).enter('ann', variables)
    const bob = await stranger.enter('bob', variables)
    const cleo = await place.site(2).enter('cleo', variables)
    await allSeeAll([ann, cleo])
    const doorOf = async (site: Site) => (await site.mesh('status')).dashboard
    await becomes(() => doorOf(place.site(1)), 'http://127.0.0.1:7899')
    await becomes(() => doorOf(stranger), 'http://127.0.0.1:7900')
    const listening = [
      ...(await place.site(1).mesh('lan')).nodes,
      ...(await stranger.mesh('lan')).nodes,
    ]
    const addresses = listening.map(({ lan }) => lan.address)
    expect(new Set(addresses).size).toBe(4)
    for (const address of addresses) expect(address).toMatch(/^0\.0\.0\.0:79[1-8]\d$/)
    // Whoever came later has been heard by now, and the stranger would have been.
    const dora = await place.site(2).enter('dora')
    await allSeeAll([ann, cleo, dora])
    expect(await bob.peers()).toEqual([])
    await ann.say('cleo', 'are we alone?')
    await hasHeard(cleo, ['are we alone?'])
  })
})
