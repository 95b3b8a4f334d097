import { describe, expect, it } from 'vitest'
import { createHome, openSession } from '../opened.ts'
import { startSession, until, untilPeers } from '../sessions.ts'

describe('the operator of a device', () => {
  it('can be written to by any session, and is in no list', async () => {
    const home = createHome()
    const [ann, bob] = [
      await openSession({ home, name: 'ann' }),
      await openSession({ home, name: 'bob' }),
    ]
    const { data } = await untilPeers(ann, 1)
    expect(data.peers.map(({ name }) => name)).toEqual(['bob'])
    const sent = await until(async () => {
      const answer = await bob.call('send_message', { to: 'operator', message: 'it is done' })
      return !answer.isError && answer
    })
    expect(sent.data).toMatchObject({ to: { name: 'operator' }, state: 'delivered' })
    expect(sent.data.reach).toBe('when the human looks')
  })

  it('is there again when the lead dies, with what it had', async () => {
    const home = createHome()
    const ann = await openSession({ home, name: 'ann' })
    const bob = await openSession({ home, name: 'bob' })
    await untilPeers(bob, 1)
    const before = await until(async () => {
      const answer = await bob.call('send_message', { to: 'operator', message: 'first' })
      return !answer.isError && answer
    })
    await ann.kill('SIGKILL')
    const after = await until(async () => {
      const answer = await bob.call('send_message', { to: 'operator', message: 'second' })
      return answer.data.state === 'delivered' && answer
    })
    expect(after.data.to.id).toBe(before.data.to.id)
  })
})

describe('mail between sessions that are never up together', () => {
  it('waits with the lead when its sender has left', async () => {
    const home = createHome()
    // Somebody else keeps the mesh alive, and leads.
    const keeper = await openSession({ home, name: 'keeper' })
    const ann = await startSession({ home, name: 'ann', session: 'a' })
    const bob = await startSession({ home, name: 'bob', session: 'b' })
    await untilPeers(ann, 2)
    const { data } = await ann.call('whoami')
    await bob.close()
    await until(async () => {
      const { data } = await ann.call('list_peers')
      return data.peers.length === 1
    })
    const sent = await ann.call('send_message', { to: 'bob', message: 'see you never' })
    expect(sent.data.state).toBe('queued')
    await ann.close()
    await untilPeers(keeper, 0)
    const again = await openSession({ home, name: 'bob', session: 'b' })
    const mail = await until(async () => {
      const answer = await again.call('check_messages')
      return answer.text.includes('see you never') && answer
    })
    expect(mail.data.messages.map(({ from }) => from.id)).toContain(data.self.id)
    await again.call('whoami')
    await again.close()
    const sender = await openSession({ home, name: 'ann', session: 'a' })
    await until(async () => {
      const { data } = await sender.call('check_acks')
      return data.messages.some(({ id, state }) => id === sent.data.message_id && state === 'seen')
    })
  })

  it('arrives the next day when all sessions had closed and only the recipient starts', async () => {
    const home = createHome()
    const ann = await startSession({ home, name: 'ann', session: 'a' })
    const bob = await startSession({ home, name: 'bob', session: 'b' })
    await untilPeers(ann, 1)
    await bob.close()
    await until(async () => (await ann.call('list_peers')).data.peers.length === 0)
    // Whoever led is gone: the seat is free, or ann has it by now.
    await until(async () => {
      const answer = await ann.call('send_message', { to: 'operator', message: 'are you there?' })
      return answer.data.state === 'delivered'
    })
    await ann.call('send_message', { to: 'bob', message: 'good morning' })
    await ann.close()
    const again = await openSession({ home, name: 'bob', session: 'b' })
    await until(async () => (await again.call('check_messages')).text.includes('good morning'))
  })
})
