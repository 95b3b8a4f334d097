import { describe, expect, it } from 'vitest'
import { type CommandsDeps, createCommands } from '../../../mesh/commands.ts'
import type { MeshEvent } from '../../../mesh/mesh.ts'
import type { DeliveryState, Message, Receipt } from '../../../state/messages.ts'
import { utf8Bytes } from '../../../state/messages.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler } from '../../sim/world.ts'

const frameBytes = 1_048_576

function messageOf(number: number, body = `message ${number}`): Message {
  return {
    ...{ id: `id-${String(number).padStart(4, '0')}`, from: { id: 'a', name: 'ann' }, to: ['b'] },
    ...{ group: 'lobby', kind: 'direct', body, trust: 'same_device' },
    sent_at: '2026-01-01T00:00:00.000Z',
  }
}

/** A node that says what the test wants, and what was asked of it. */
function createNode(waiting: readonly Message[] = []) {
  const world = createScheduler(5)
  const calls: unknown[] = []
  const marked = { shown: [] as string[], seen: [] as string[] }
  const listeners = new Set<() => void>()
  const watchers = new Set<(event: MeshEvent) => void>()
  const states: DeliveryState[] = ['queued']
  let looks = 0
  const note = (name: string) => (input: unknown) => {
    calls.push([name, input])
    return Promise.reject(new Error('not in this test'))
  }
  const deps: CommandsDeps = {
    clock: createSimulatedClock(world),
    leave: (reason) => calls.push(['leave', reason]),
    mesh: {
      status: () => note('status')({}),
      whoami: () => {
        throw new Error('not in this test')
      },
      peers: () => {
        throw new Error('not in this test')
      },
      groups: {
        list: () => [],
        mode: () => 'feature',
      } as unknown as CommandsDeps['mesh']['groups'],
      look: () => {
        throw new Error('not in this test')
      },
      work: note('work'),
      report: note('report'),
      send: note('send'),
      broadcast: note('broadcast'),
      async history(query) {
        calls.push(['history', query])
        return { messages: waiting }
      },
      async receipts({ message_id = '' }): Promise<readonly Receipt[]> {
        looks += 1
        const at = '2026-01-01T00:00:00.000Z'
        return states.map((state, index) => ({
          ...{ id: message_id, state, at },
          to: { id: `peer-${index}`, name: `peer ${index}` },
        }))
      },
      onReceipt(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      watch(listener) {
        watchers.add(listener)
        return () => watchers.delete(listener)
      },
      inbox: {
        unread: () => ({ count: waiting.length, from: null }),
        list: async (limit) => waiting.slice(0, limit),
        markShown: async (ids) => void marked.shown.push(...ids),
        markSeen: async (ids) => void marked.seen.push(...ids),
        onArrival: () => () => {},
      },
    },
  }
  function reach(...now: DeliveryState[]): void {
    states.splice(0, states.length, ...now)
    for (const listener of [...listeners]) listener()
  }
  const commands = createCommands(deps, () => {})
  return { world, calls, marked, listeners, watchers, reach, commands, looks: () => looks }
}

describe('the inbox through the control door', () => {
  const waiting = [1, 2, 3].map((number) => messageOf(number))

  it('is shown without being touched', async () => {
    const { commands, marked } = createNode(waiting)
    const answer = await commands.run('inbox', { limit: 2 })
    expect(answer).toEqual({ messages: waiting.slice(0, 2), unread: 1 })
    expect(marked).toEqual({ shown: [], seen: [] })
  })

  it('counts as read when that is asked for, what was answered and nothing else', async () => {
    const { commands, marked } = createNode(waiting)
    await commands.run('inbox', { limit: 2, seen: true })
    expect(marked).toEqual({ shown: ['id-0001', 'id-0002'], seen: ['id-0001', 'id-0002'] })
  })

  it('counts as read what an asker says it has shown', async () => {
    const { commands, marked } = createNode(waiting)
    expect(await commands.run('markSeen', { message_ids: ['id-0003'] })).toEqual({})
    expect(marked).toEqual({ shown: ['id-0003'], seen: ['id-0003'] })
  })

  it('fits into a frame however long its messages are, and what is left out stays unread', async () => {
    const long = [1, 2, 3, 4].map((number) => messageOf(number, '\u0001'.repeat(65_536)))
    const { commands, marked } = createNode(long)
    const answer = await commands.run('inbox', { seen: true })
    expect(utf8Bytes(JSON.stringify(answer))).toBeLessThan(frameBytes)
    expect(answer).toMatchObject({ messages: [{ id: 'id-0001' }, { id: 'id-0002' }], unread: 2 })
    expect(marked.seen).toEqual(['id-0001', 'id-0002'])
  })
})

describe('history through the control door', () => {
  it('hands on what was asked, with what was not asked left away', async () => {
    const { commands, calls } = createNode([messageOf(1)])
    const answer = await commands.run('history', { peer: 'ann', limit: 5, query: undefined })
    expect(answer).toEqual({ messages: [messageOf(1)] })
    expect(calls).toEqual([['history', { peer: 'ann', limit: 5 }]])
  })

  it('keeps the newest that fit into a frame, and says where to go on', async () => {
    const long = Array.from({ length: 40 }, (_, number) => messageOf(number, 'é'.repeat(32_768)))
    const answer = await createNode(long).commands.run('history', {})
    expect(utf8Bytes(JSON.stringify(answer))).toBeLessThan(frameBytes)
    const { messages, next } = JSON.parse(JSON.stringify(answer))
    expect(messages.at(-1).id).toBe('id-0039')
    expect(messages.length).toBeGreaterThan(5)
    expect(next).toBe(messages[0].id)
  })
})

describe('waiting for delivery', () => {
  function waitFor(node: ReturnType<typeof createNode>, timeout_ms: number) {
    const waited: { answer?: unknown } = {}
    void node.commands.run('awaitDelivery', { message_id: 'm', timeout_ms }).then((answer) => {
      waited.answer = answer
    })
    return waited
  }

  it('answers as soon as every recipient has it, having asked only when something moved', async () => {
    const node = createNode()
    node.reach('queued', 'queued')
    const waited = waitFor(node, 600_000)
    await node.world.run(300_000)
    node.reach('delivered', 'queued')
    await node.world.run(1_000)
    expect(waited.answer).toBeUndefined()
    node.reach('delivered', 'seen')
    await node.world.run(10)
    expect(waited.answer).toMatchObject({ messages: [{ state: 'delivered' }, { state: 'seen' }] })
    expect(node.looks()).toBe(3)
    expect(node.listeners.size).toBe(0)
  })

  it('answers at once when they have it already', async () => {
    const node = createNode()
    node.reach('acknowledged')
    const waited = waitFor(node, 600_000)
    await node.world.run(10)
    expect(waited.answer).toMatchObject({ messages: [{ state: 'acknowledged' }] })
  })

  it('answers how it is when the time is over', async () => {
    const node = createNode()
    const waited = waitFor(node, 20_000)
    await node.world.run(19_000)
    expect(waited.answer).toBeUndefined()
    await node.world.run(2_000)
    expect(waited.answer).toMatchObject({ messages: [{ state: 'queued' }] })
    expect(node.listeners.size).toBe(0)
  })

  it('ends with its asker, as watching does', async () => {
    const node = createNode()
    const waited = waitFor(node, 600_000)
    await node.commands.run('watch', {})
    await node.world.run(10)
    expect([node.listeners.size, node.watchers.size]).toEqual([1, 1])
    node.commands.end()
    node.commands.end()
    await node.world.run(10)
    expect([node.listeners.size, node.watchers.size]).toEqual([0, 0])
    expect(waited.answer).toBeDefined()
  })
})

describe('what does not fit', () => {
  it.each([
    ['send', { to: 'ann' }],
    ['send', { to: 'ann', message: '' }],
    ['send', { to: 'ann', message: 'x'.repeat(65_537) }],
    ['broadcast', { scope: 'moon', message: 'hello' }],
    ['history', { limit: 201 }],
    ['inbox', { limit: 0 }],
    ['awaitDelivery', { message_id: 'm', timeout_ms: 600_001 }],
    ['markSeen', { message_ids: Array.from({ length: 1_001 }, () => 'm') }],
  ] as const)('%s with %j is refused before anything is done', async (name, input) => {
    const { commands, calls, marked } = createNode()
    await expect(commands.run(name, input)).rejects.toHaveProperty('name', 'ZodError')
    expect([calls, marked.seen]).toEqual([[], []])
  })
})
