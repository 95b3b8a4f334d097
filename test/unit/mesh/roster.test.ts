import { beforeEach, describe, expect, it } from 'vitest'
import type { DialOutcome } from '../../../mesh/candidates.ts'
import type { Candidate } from '../../../mesh/discovery.ts'
import { createRoster, type Roster } from '../../../mesh/roster.ts'
import type { Welcome } from '../../../mesh/welcome.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler, type Scheduler } from '../../sim/world.ts'
import { createToldLink, nodeId } from './links.ts'

const self = nodeId('m')
const older = nodeId('a')
const newer = nodeId('z')
const minuteMs = 60_000

let world: Scheduler
let roster: Roster
/** When which address was dialled. */
let dials: { readonly ms: number; readonly host: string; readonly source: string }[]
let refused: Candidate[]
let outcome: (candidate: Candidate) => DialOutcome
let welcome: (candidate: Candidate) => Welcome
/** How long each dial takes. */
let delayMs: number

beforeEach(() => {
  world = createScheduler(1)
  dials = []
  refused = []
  delayMs = 0
  outcome = () => ({ kind: 'failed' })
  welcome = () => 'now'
  roster = createRoster({
    clock: createSimulatedClock(world),
    self,
    welcome: (candidate) => welcome(candidate),
    async dial({ host, source, ...rest }) {
      dials.push({ ms: world.elapsed(), host, source })
      if (delayMs > 0) await new Promise<void>((resolve) => world.after(delayMs, resolve))
      return outcome({ host, source, ...rest })
    },
    refused: (candidate) => void refused.push(candidate),
    linked() {},
    unlinked() {},
  })
})

const at = (source: Candidate['source'], rest: Partial<Candidate> = {}): Candidate => ({
  ...{ source, host: '10.0.0.2', port: 7_910 },
  ...rest,
})

describe('an address', () => {
  it('that other nodes told of is forgotten after ten minutes of failures, others are not', async () => {
    roster.seen(at('exchange', { host: '10.0.0.3' }))
    roster.seen(at('rendezvous', { host: '10.0.0.4' }))
    await world.run(11 * minuteMs)
    const countFrom = (host: string, sinceMs: number) =>
      dials.filter((dial) => dial.host === host && dial.ms > sinceMs).length
    expect(countFrom('10.0.0.3', 8 * minuteMs)).toBeGreaterThan(0)
    dials.length = 0
    await world.run(20 * minuteMs)
    expect(countFrom('10.0.0.3', 0)).toBe(0)
    expect(countFrom('10.0.0.4', 0)).toBeGreaterThan(10)
    roster.seen(at('exchange', { host: '10.0.0.3' }))
    await world.run(1)
    expect(countFrom('10.0.0.3', 0)).toBe(1)
  })

  it('is kept while one of its sources has it', async () => {
    roster.seen(at('mdns'))
    roster.seen(at('exchange', { node: older }))
    roster.gone(at('mdns'))
    await world.run(minuteMs)
    expect(dials.at(-1)).toMatchObject({ source: 'exchange' })
    roster.gone(at('exchange', { node: older }))
    dials.length = 0
    await world.run(minuteMs)
    expect(dials).toEqual([])
  })

  it('is dialled as its best source has it, and each source is told that nobody was there', async () => {
    roster.seen(at('exchange', { node: older }))
    await world.run(1)
    refused.length = 0
    roster.seen(at('static'))
    await world.run(1)
    expect(dials.map(({ source }) => source)).toEqual(['exchange', 'static'])
    expect(refused.map(({ source }) => source).sort()).toEqual(['exchange', 'static'])
  })

  it('that other nodes tell of never keeps those out that we found ourselves', async () => {
    for (let port = 1; port <= 600; port += 1) roster.seen(at('exchange', { port }))
    roster.seen(at('mdns', { host: '10.0.0.9' }))
    await world.run(minuteMs)
    expect(dials.some(({ host }) => host === '10.0.0.9')).toBe(true)
  })

  it('that was never tried is tried before those that fail', async () => {
    delayMs = 3_000
    for (let port = 1; port <= 20; port += 1) roster.seen(at('mdns', { port }))
    await world.run(minuteMs)
    roster.seen(at('mdns', { host: '10.0.0.9', node: older }))
    await world.run(3_100)
    expect(dials.some(({ host }) => host === '10.0.0.9')).toBe(true)
  })

  it('that is not welcome is not dialled until it is', async () => {
    welcome = () => 'never'
    roster.seen(at('exchange', { node: older }))
    await world.run(minuteMs)
    expect(dials).toEqual([])
    expect(roster.pending()).toBe(0)
    welcome = () => 'now'
    roster.reconsider()
    await world.run(1)
    expect(dials).toHaveLength(1)
  })

  it('that may lead to a neighbour waits for the loopback interface to lead there', async () => {
    for (const [word, ms] of [
      ['later', 2_000],
      ['last', 8_000],
    ] as const) {
      dials.length = 0
      welcome = () => word
      roster.seen(at('mdns', { host: word }))
      await world.run(ms - 100)
      expect(dials).toEqual([])
      await world.run(200)
      expect(dials.length).toBe(1)
      roster.gone(at('mdns', { host: word }))
    }
  })

  it('whose hint comes while it is dialled is dialled again', async () => {
    let answer = (_: DialOutcome) => {}
    const slow = new Promise<DialOutcome>((resolve) => {
      answer = resolve
    })
    const others = createRoster({
      clock: createSimulatedClock(world),
      self,
      welcome: () => 'now',
      dial: ({ host, source }) => {
        dials.push({ ms: world.elapsed(), host, source })
        return dials.length === 1 ? slow : Promise.resolve({ kind: 'failed' })
      },
      ...{ refused() {}, linked() {}, unlinked() {} },
    })
    others.seen(at('mdns', { node: older }))
    others.seen(at('mdns', { node: nodeId('b') }))
    answer({ kind: 'failed' })
    await world.run(minuteMs)
    expect(dials.length).toBeGreaterThan(1)
    others.stop()
  })

  it('of a node that was dialled without knowing who is there is not dialled while it is linked', async () => {
    outcome = () => ({ kind: 'linked', node: older })
    roster.seen(at('mdns'))
    roster.admit(createToldLink({ node: older, side: 'dialled' }))
    await world.run(10 * minuteMs)
    expect(dials).toHaveLength(1)
    roster.seen(at('exchange', { node: older }))
    roster.seen(at('mdns'))
    await world.run(10 * minuteMs)
    expect(dials).toHaveLength(1)
  })
})

describe('of two links to one node', () => {
  const far = { remote: { host: '10.0.0.2', port: 7_910 } }
  const near = { remote: { host: '127.0.0.1', port: 40_000 }, loopback: true }

  it.each([older, newer])('the one over loopback is kept, whoever dialled it', async (node) => {
    for (const [lanSide, side] of [
      ['dialled', 'accepted'],
      ['accepted', 'dialled'],
    ] as const) {
      const lan = createToldLink({ node, side: lanSide, ...far })
      const loopback = createToldLink({ node, side, ...near })
      roster.admit(lan)
      roster.admit(loopback)
      await world.run(1)
      expect([roster.linkTo(node), lan.closed, loopback.closed]).toEqual([
        loopback,
        ['replaced'],
        [],
      ])
      const again = createToldLink({ node, side: lanSide, ...far })
      roster.admit(again)
      await world.run(1)
      expect([roster.linkTo(node), again.closed]).toEqual([loopback, ['duplicate']])
      roster.ended(loopback, 'over')
    }
  })

  it('the one that the newer node dialled is kept, if it is alive', async () => {
    const before = createToldLink({ node: newer, side: 'accepted' })
    const next = createToldLink({ node: newer, side: 'dialled' })
    roster.admit(before)
    roster.admit(next)
    await world.run(1)
    expect([roster.linkTo(newer), next.closed]).toEqual([before, ['duplicate']])
    const silent = createToldLink({ node: older, side: 'dialled', isAlive: false })
    const fresh = createToldLink({ node: older, side: 'accepted' })
    roster.admit(silent)
    roster.admit(fresh)
    await world.run(1)
    expect([roster.linkTo(older), silent.closed]).toEqual([fresh, ['replaced']])
  })

  it('one that ended while the other was probed is not taken into use', async () => {
    roster.admit(createToldLink({ node: older, side: 'dialled', isAlive: false }))
    const late = createToldLink({ node: older, side: 'accepted' })
    roster.admit(late)
    roster.ended(late, 'reset')
    await world.run(1)
    expect(roster.linkTo(older)).not.toBe(late)
  })

  it('a node linked over the LAN is dialled over loopback when that leads to it', async () => {
    roster.admit(createToldLink({ node: older, ...far }))
    roster.seen(at('exchange', { node: older, host: '10.0.0.5' }))
    await world.run(minuteMs)
    expect(dials).toEqual([])
    roster.seen(at('rendezvous', { node: older, host: '127.0.0.1' }))
    await world.run(1)
    expect(dials.map(({ host }) => host)).toEqual(['127.0.0.1'])
  })
})

describe('who dialled us over the LAN', () => {
  it('is dialled where it says it listens, once its link has ended', async () => {
    const link = createToldLink({ node: older, port: 7_915 })
    roster.admit(link)
    await world.run(minuteMs)
    expect(dials).toEqual([])
    roster.ended(link, 'silent')
    await world.run(500)
    expect(dials[0]).toMatchObject({ host: '10.0.0.2', source: 'exchange' })
  })
})
