import { describe, expect, it, onTestFinished } from 'vitest'
import { createHome } from '../opened.ts'
import { startSession, type TestSession, until } from '../sessions.ts'

const rounds = 30

describe('kill -9 under load', () => {
  it(`loses and doubles nothing that was accepted, ${rounds} times`, {
    timeout: 300_000,
  }, async () => {
    const home = createHome()
    const variables = { MESH_BRAKES: 'off' }
    const open = (name: string) => startSession({ home, name, session: name, variables })
    const sessions: Record<'ann' | 'bob', TestSession> = {
      ann: await open('ann'),
      bob: await open('bob'),
    }
    onTestFinished(async () => {
      for (const session of Object.values(sessions)) await session.close()
    })
    const accepted: string[] = []
    const read = new Set<string>()
    const doubled: string[] = []
    let sent = 0
    let refused = 0
    let isOver = false

    async function write(): Promise<void> {
      while (!isOver) {
        sent += 1
        const message = `message ${sent}`
        const answer = await sessions.ann
          .call('send_message', { to: 'bob', message })
          .catch(() => undefined)
        if (answer && !answer.isError) accepted.push(message)
        else {
          refused += 1
          await new Promise((done) => setTimeout(done, 20))
        }
      }
    }

    /** Reads what waits; a further call proves it read, unless the reader is killed before that. */
    async function readOnce(): Promise<void> {
      const answer = await sessions.bob.call('check_messages', { limit: 200 })
      for (const { body, repeat } of answer.data.messages ?? []) {
        if (!repeat && read.has(body)) doubled.push(body)
        read.add(body)
      }
      await sessions.bob.call('whoami')
    }

    async function readOn(): Promise<void> {
      while (!isOver) {
        await readOnce().catch(() => new Promise((done) => setTimeout(done, 20)))
      }
    }

    await until(
      async () =>
        !(await sessions.ann.call('send_message', { to: 'bob', message: 'first' })).isError,
    )
    accepted.push('first')
    const work = [write(), write(), write(), readOn()]
    for (let round = 0; round < rounds; round += 1) {
      const before = accepted.length
      await until(() => accepted.length > before + 20)
      const victim = round % 2 === 0 ? 'bob' : 'ann'
      await sessions[victim].kill('SIGKILL')
      sessions[victim] = await open(victim)
    }
    isOver = true
    await Promise.all(work)
    await until(async () => {
      await readOnce()
      return accepted.every((message) => read.has(message))
    }, 60_000)

    expect(doubled).toEqual([])
    expect(accepted.length).toBeGreaterThan(rounds * 20)
    // A reader that was killed between reading and proving reads again, and is told that it does.
    const history = new Map<string, number>()
    let before: string | undefined
    do {
      const page = await sessions.bob.call('message_history', {
        limit: 200,
        ...(before ? { before } : {}),
      })
      for (const { body } of page.data.messages) history.set(body, (history.get(body) ?? 0) + 1)
      before = page.data.next
    } while (before)
    expect([...history].filter(([, times]) => times > 1)).toEqual([])
    expect(accepted.filter((message) => !history.has(message))).toEqual([])
    console.log(`accepted ${accepted.length}, refused while down ${refused}, kills ${rounds}`)
  })
})
