import { describe, expect, it } from 'vitest'
import { createPush } from '../../../mcp/push.ts'
import { silentLog } from '../../../mesh/log.ts'
import type { Route } from '../../../mesh/mesh.ts'
import type { Message } from '../../../state/messages.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler } from '../../sim/world.ts'

function message(id: string): Message {
  return {
    id,
    from: { id: 'peer', name: 'ann' },
    to: ['me'],
    group: 'lobby',
    kind: 'direct',
    body: `body of ${id}`,
    sent_at: '2026-01-01T00:00:00.000Z',
    trust: 'same_device',
  }
}

/** A push over an inbox that holds what a test puts into it. */
function open(routes: readonly Route[], waiting: readonly string[] = []) {
  const world = createScheduler(1)
  const clock = createSimulatedClock(world)
  const events: string[] = []
  const chosen: Route[] = []
  const state = { isAwaited: false, isBroken: false }
  const unread = waiting.map(message)
  let arrive: (message: Message, wakes: boolean) => void = () => {}
  const push = createPush(
    {
      ...{ clock, log: silentLog, pushed: async () => {}, rerouted: () => {} },
      isAwaited: () => state.isAwaited,
      mesh: {
        setRoute: (route) => void chosen.push(route),
        inbox: {
          unread: () => ({ count: unread.length, from: null }),
          list: async (limit) => unread.slice(0, limit),
          markShown: async () => {},
          markSeen: async () => {},
          onArrival(listener) {
            arrive = listener
            return () => {
              arrive = () => {}
            }
          },
        },
      },
      async deliver(route, messages) {
        if (state.isBroken) throw new Error('refused')
        events.push(`${route}: ${messages.map(({ id }) => id).join(' ')}`)
      },
    },
    routes,
  )
  return {
    ...{ push, world, events, chosen, state },
    arrive: (id: string, wakes = true) => {
      unread.push(message(id))
      arrive(message(id), wakes)
    },
  }
}

const settled = () => new Promise((done) => setImmediate(done))

describe('the push', () => {
  it('brings the first at once, and what comes within a quarter of a second together', async () => {
    const { push, arrive, world, events } = open(['channel', 'pull'])
    await push.start()
    for (const id of ['a', 'b', 'c']) arrive(id)
    await settled()
    expect(events).toEqual(['channel: a'])
    await world.run(250)
    expect(events).toEqual(['channel: a', 'channel: b c'])
    await world.run(250)
    arrive('d')
    await settled()
    expect(events.at(-1)).toBe('channel: d')
  })

  it('begins with what waited', async () => {
    const { push, events } = open(['socket', 'pull'], ['old'])
    await push.start()
    expect(events).toEqual(['socket: old'])
  })

  it('brings what arrives while it begins once, whether it waited or came', async () => {
    const { push, arrive, world, events } = open(['channel', 'pull'], ['old'])
    const starting = push.start()
    arrive('new')
    await starting
    await world.run(500)
    expect(events.join().match(/new/g)).toHaveLength(1)
    expect(events[0]).toContain('old')
  })

  it('leaves alone what must not wake, and what a waiting call will carry', async () => {
    const { push, arrive, state, events } = open(['channel', 'pull'])
    await push.start()
    arrive('quiet', false)
    state.isAwaited = true
    arrive('awaited')
    await settled()
    expect(events).toEqual([])
  })

  it('does nothing where there is only pull', async () => {
    const { push, arrive, events } = open(['pull'], ['old'])
    await push.start()
    arrive('a')
    await settled()
    expect(events).toEqual([])
  })

  it('takes the next route once, offers there what is unread, and says so', async () => {
    const { push, arrive, events, chosen } = open(['channel', 'socket', 'pull'])
    await push.start()
    arrive('a')
    await settled()
    await push.stepDown()
    expect(chosen).toEqual(['socket'])
    expect(events).toEqual(['channel: a', 'socket: a'])
    await push.stepDown()
    expect(chosen).toEqual(['socket'])
  })

  it('a route that refuses is left at once', async () => {
    const { push, arrive, state, chosen } = open(['socket', 'pull'])
    await push.start()
    state.isBroken = true
    arrive('a')
    await settled()
    expect(chosen).toEqual(['pull'])
  })

  it('stops', async () => {
    const { push, arrive, world, events } = open(['channel', 'pull'])
    await push.start()
    arrive('a')
    arrive('b')
    push.stop()
    arrive('c')
    await world.run(1_000)
    expect(events).toEqual(['channel: a'])
  })
})
