import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createHome, openSession } from '../opened.ts'
import { startSession, until, untilPeers } from '../sessions.ts'
import { createDesk, enterAll } from './cliSpeakers.ts'

/** Leaves nothing of a LevelDB store that could be read. */
function ruin(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (/^(MANIFEST|CURRENT)/.test(name)) rmSync(path)
    else if (statSync(path).isFile()) writeFileSync(path, 'x'.repeat(statSync(path).size))
  }
}

/** The store of the only seat whose peer has that ID. */
function storeOf(home: string, peer: string): string {
  const projects = join(home, 'projects')
  const seats = readdirSync(projects).flatMap((project) =>
    readdirSync(join(projects, project, 'slots')).map((slot) =>
      join(projects, project, 'slots', slot),
    ),
  )
  const names = new Map(seats.map((seat) => [readPeer(seat), join(seat, 'db')]))
  return names.get(peer) ?? ''
}

function readPeer(seat: string): string {
  return JSON.parse(readFileSync(join(seat, 'peer.json'), 'utf8')).peer
}

describe('a session whose store was ruined', () => {
  it('is told so, is itself again, and gets back from its peers what was said', async () => {
    const home = createHome()
    const ann = await openSession({ home, name: 'ann' })
    const first = await startSession({ home, name: 'bob', session: 'bob' })
    await untilPeers(ann, 1)
    const { id } = (await first.call('whoami')).data.self
    for (const message of ['one', 'two']) await ann.call('send_message', { to: 'bob', message })
    await first.call('send_message', { to: 'ann', message: 'from bob' })
    expect((await first.call('check_messages')).data.messages).toHaveLength(2)
    // This call proves that both were read, and ann learns of it.
    await first.call('whoami')
    await until(async () => {
      const { messages } = (await ann.call('check_acks')).data
      return messages.every(({ state }) => state === 'seen')
    })
    await ann.call('send_message', { to: 'bob', message: 'three' })
    await first.kill('SIGKILL')
    ruin(storeOf(home, id))

    const again = await openSession({ home, session: 'bob' })
    const who = await again.call('whoami')
    expect(who.data.self).toMatchObject({ id, name: 'bob' })
    const bodies: string[] = []
    await until(async () => {
      const { data } = await again.call('check_messages')
      bodies.push(...data.messages.map(({ body }) => body))
      return bodies.includes('three')
    })
    // What ann knows to be read does not come again.
    expect(bodies.filter((body) => /^(one|two|three)$/.test(body))).toEqual(['three'])
    const notice = bodies.find((body) => body.includes('damaged')) ?? ''
    expect(notice).toMatch(/db\.damaged-1/)
    const past = await again.call('message_history', {})
    expect(past.data.messages.map(({ body }) => body)).toEqual(['one', 'two', 'from bob', 'three'])
  })
})

describe('an archive that was ruined', () => {
  it('is set aside, told of, and filled again by those who hold what was said', async () => {
    const desk = createDesk()
    const [ann, bob] = await enterAll(desk, 'ann', 'bob')
    if (!ann || !bob) throw new Error('two have entered')
    await ann.call('send_message', { to: 'bob', message: 'said before' })
    await until(async () => (await desk.run(['history'])).out.includes('said before'))
    for (const session of [ann, bob]) await session.close()
    ruin(join(desk.home, 'operator', 'db'))

    await enterAll(desk, 'ann', 'bob')
    await until(async () => (await desk.run(['history'])).out.includes('said before'))
    const inbox = await desk.run(['inbox'])
    expect(inbox.out).toContain('Your stored history was damaged.')
    expect(readdirSync(join(desk.home, 'operator'))).toContain('db.damaged-1')
    expect((await desk.run(['doctor'])).out).toContain('db.damaged-1')
  })
})
