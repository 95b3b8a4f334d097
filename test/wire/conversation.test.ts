import { describe, expect, it } from 'vitest'
import { createHome, openSession } from '../opened.ts'
import { freePort, startSession, type ToolAnswer, until, untilPeers } from '../sessions.ts'

/** Two sessions of one machine that see each other. */
async function openPair(variables: { ann?: object; bob?: object } = {}) {
  const home = createHome()
  const [ann, bob] = await Promise.all([
    openSession({ home, name: 'ann', variables: { ...variables.ann } }),
    openSession({ home, name: 'bob', variables: { ...variables.bob } }),
  ])
  await Promise.all([untilPeers(ann, 1), untilPeers(bob, 1)])
  return { home, ann, bob }
}

/** The state that the sender sees of one message at its only recipient. */
function stateOf({ data }: ToolAnswer): string | undefined {
  return data.messages[0]?.state
}

describe('two sessions on one machine', () => {
  it('find each other, talk, and the sender learns that it was read', async () => {
    const { ann, bob } = await openPair()
    const listed = await ann.call('list_peers')
    expect(listed.data.self.name).toBe('ann')
    expect(listed.data.peers).toMatchObject([{ name: 'bob', online: true, status: 'online' }])

    const sent = await ann.call('send_message', { to: 'bob', message: 'Which port is free?' })
    expect(sent.data).toMatchObject({ state: 'delivered', reach: 'at its next turn' })
    expect(sent.data.to.name).toBe('bob')
    const { message_id } = sent.data

    const read = await bob.call('check_messages')
    expect(read.data).toMatchObject({
      unread: 0,
      messages: [{ id: message_id, body: 'Which port is free?', from: { name: 'ann' } }],
    })
    expect(read.data.messages[0]?.trust).toBe('same_device')

    const shown = () => ann.call('check_acks', { message_id })
    await until(async () => stateOf(await shown()) === 'shown')
    // Only a later call proves that the answer was read.
    const reply = await bob.call('send_message', {
      to: 'ann',
      message: '7900 is.',
      reply_to: message_id,
    })
    await until(async () => stateOf(await shown()) === 'seen')
    const waiting = await ann.call('whoami')
    expect(waiting.text).toContain('1 unread, newest from bob')
    // A client may show its model the data alone.
    expect(waiting.data.note).toContain('1 unread, newest from bob')
    const answer = await ann.call('check_messages')
    expect(answer.data.messages).toMatchObject([
      { id: reply.data.message_id, reply_to: message_id, body: '7900 is.' },
    ])

    const foreign = await bob.call('check_acks', { message_id })
    expect(foreign.data.code).toBe('UNKNOWN_MESSAGE')
    await bob.call('ack_message', { message_id: message_id.slice(0, 24) })
    await until(async () => stateOf(await shown()) === 'acknowledged')
    expect((await bob.call('check_messages')).data.messages).toEqual([])
  })

  it('give each message once, in order, however many come', async () => {
    const { ann, bob } = await openPair({ ann: { MESH_BRAKES: 'off' } })
    const texts = Array.from({ length: 120 }, (_, index) => `number ${index}`)
    for (const message of texts) await ann.call('send_message', { to: 'bob', message })
    const read: string[] = []
    await until(async () => {
      const { data } = await bob.call('check_messages', { limit: 50 })
      for (const { body } of data.messages) read.push(body)
      return read.length >= texts.length
    })
    expect(read).toEqual(texts)
  })

  it('a reader that waits is answered when something comes', async () => {
    const { ann, bob } = await openPair()
    const waiting = bob.call('wait_for_messages', { timeout_s: 20 })
    await ann.call('send_message', { to: 'bob', message: 'now' })
    expect((await waiting).data.messages).toMatchObject([{ body: 'now' }])
    const nothing = await bob.call('wait_for_messages', { timeout_s: 0 })
    expect(nothing.data.messages).toEqual([])
  })

  it('a waiting call that was given up takes nothing with it: what comes later is read by the next', async () => {
    const { ann, bob } = await openPair()
    const giveUp = new AbortController()
    const waiting = bob.client
      .callTool({ name: 'wait_for_messages', arguments: {} }, undefined, { signal: giveUp.signal })
      .catch(() => 'given up')
    await bob.call('whoami')
    giveUp.abort()
    expect(await waiting).toBe('given up')
    await ann.call('send_message', { to: 'bob', message: 'still here?' })
    const first = await bob.call('check_messages')
    expect(first.data.messages).toMatchObject([{ body: 'still here?' }])
    expect(first.data.messages[0]?.repeat).toBeUndefined()
  })

  it('the same text within a minute is one message', async () => {
    const { ann, bob } = await openPair()
    const first = await ann.call('send_message', { to: 'bob', message: 'again' })
    const second = await ann.call('send_message', { to: 'bob', message: 'again' })
    expect(second.data).toMatchObject({ message_id: first.data.message_id, repeated: true })
    expect((await bob.call('check_messages')).data.messages).toHaveLength(1)
  })

  it('a flood is refused with the time to try again', async () => {
    const { ann } = await openPair()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ann.call('send_message', { to: 'bob', message: `flood ${index}` }),
      ),
    )
    const refused = answers.filter(({ isError }) => isError)
    expect(refused).toHaveLength(10)
    expect(refused[0]?.data.code).toBe('TOO_FAST')
    expect(refused[0]?.text).toMatch(/again in \d+ s/)
  })

  it('a broadcast reaches everybody who is there', async () => {
    const { home, ann, bob } = await openPair()
    const cat = await openSession({ home, name: 'cat' })
    await untilPeers(ann, 2)
    const sent = await ann.call('broadcast_message', { scope: 'machine', message: 'lunch' })
    expect(sent.data.to.map(({ name }: { name: string }) => name)).toEqual(['bob', 'cat'])
    for (const session of [bob, cat]) {
      const read = await until(async () => {
        const { data } = await session.call('check_messages')
        return data.messages.length > 0 && data.messages
      })
      expect(read).toMatchObject([{ body: 'lunch', kind: 'broadcast' }])
    }
  })

  it('mail to a session that was killed waits for its return, and keeps its name and history', async () => {
    const home = createHome()
    const ann = await openSession({ home, name: 'ann' })
    const bob = await startSession({ home, name: 'bob', session: 'session-of-bob' })
    await untilPeers(ann, 1)
    const before = await bob.call('whoami')
    await bob.kill('SIGKILL')
    const sent = await until(async () => {
      const answer = await ann.call('send_message', {
        to: 'bob',
        message: `mail ${performance.now()}`,
      })
      return answer.data.state === 'queued' && answer
    })
    expect(sent.data.reach).toBe('offline: kept for 30 days')
    const back = await openSession({ home, session: 'session-of-bob' })
    const after = await back.call('whoami')
    expect(after.data.self).toMatchObject({ id: before.data.self.id, name: 'bob' })
    const read = await until(async () => {
      const { data } = await back.call('check_messages')
      const ids = data.messages.map(({ id }: { id: string }) => id)
      return ids.includes(sent.data.message_id) && data.messages
    })
    expect(read.at(-1)?.from.name).toBe('ann')
  })

  it('a busy session gets its mail but is not woken', async () => {
    const { ann, bob } = await openPair({ bob: { MESH_DELIVERY: 'channel' } })
    await bob.call('set_status', { status: 'busy' })
    await until(async () => (await ann.call('list_peers')).data.peers[0]?.status === 'busy')
    const sent = await ann.call('send_message', { to: 'bob', message: 'quietly' })
    expect(sent.data.reach).toBe('at its next turn')
    expect((await bob.call('check_messages')).data.messages).toHaveLength(1)
    expect(bob.events).toEqual([])
  })

  it('find each other by address alone, where that is all they are told', async () => {
    const home = createHome()
    const port = await freePort()
    const variables = { MESH_DISCOVERY: 'static', MESH_LINK_PORTS: String(port) }
    const ann = await openSession({ home, name: 'ann', variables })
    await ann.call('whoami')
    const bob = await openSession({
      ...{ home, name: 'bob' },
      variables: { MESH_DISCOVERY: 'static', MESH_PEERS: `127.0.0.1:${port}` },
    })
    await Promise.all([untilPeers(ann, 1), untilPeers(bob, 1)])
    const sent = await bob.call('send_message', { to: 'ann', message: 'found you' })
    expect(sent.data.state).toBe('delivered')
  })
})
