import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHome } from '../opened.ts'
import { freePort, startSession, type TestSession, until } from '../sessions.ts'

const rounds = 50
const names = ['ann', 'bob', 'cleo'] as const

/** Processes that say they sit in the operator's seat, and live. */
function leads(home: string): number[] {
  const run = join(home, 'run')
  return readdirSync(run)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        const { role, pid } = JSON.parse(readFileSync(join(run, name), 'utf8'))
        return role === 'operator' && process.kill(pid, 0) ? [pid] : []
      } catch {
        return []
      }
    })
}

async function isOpen(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
  return answer?.status === 200
}

/** Reads all that waits, with proof; answers the bodies. */
async function readAll(session: TestSession): Promise<string[]> {
  const bodies: string[] = []
  for (;;) {
    const { data } = await session.call('check_messages', { limit: 200 })
    await session.call('whoami')
    const said = data.messages.filter(({ kind }) => kind === 'direct')
    bodies.push(...said.map(({ body }) => body))
    if (data.messages.length === 0) return bodies
  }
}

describe('the lead killed under traffic', () => {
  it(`leaves one lead, an open door and all mail, ${rounds} times`, {
    timeout: 300_000,
  }, async () => {
    const home = createHome()
    const port = await freePort()
    const variables = { MESH_BRAKES: 'off', MESH_PORT: String(port) }
    const open = (name: string) => startSession({ home, name, session: name, variables })
    const sessions = await Promise.all(names.map(open))
    onTestFinished(async () => {
      for (const session of sessions) await session.close()
    })
    await until(() => isOpen(port))
    const accepted: { to: string; message: string }[] = []
    let isOver = false
    let sent = 0

    async function write(): Promise<void> {
      while (!isOver) {
        sent += 1
        const message = `message ${sent}`
        const to = [...names, 'operator'][sent % 4] ?? 'ann'
        const from = sessions[(sent + 1) % 3]
        const answer = await from?.call('send_message', { to, message }).catch(() => undefined)
        if (answer && !answer.isError) accepted.push({ to, message })
        await new Promise((done) => setTimeout(done, 10))
      }
    }

    const writing = [write(), write(), write(), write()]
    for (let round = 0; round < rounds; round += 1) {
      const [lead] = await until(() => leads(home).length === 1 && leads(home))
      const index = sessions.findIndex(({ pid }) => pid === lead)
      const name = names[index]
      if (name === undefined) throw new Error('the lead is one of the sessions')
      await sessions[index]?.kill('SIGKILL')
      await until(() => isOpen(port))
      sessions[index] = await open(name)
    }
    isOver = true
    await Promise.all(writing)

    for (const [index, session] of sessions.entries()) {
      const expected = accepted.filter(({ to }) => to === names[index])
      const read: string[] = []
      await until(async () => {
        read.push(...(await readAll(session)))
        return expected.every(({ message }) => read.includes(message))
      })
      expect(new Set(read).size).toBe(read.length)
    }
    // What was written to the operator is on the operator's disk: its authors know.
    const states = new Map<string, string>()
    await until(async () => {
      for (const session of sessions) {
        const { data } = await session.call('check_acks', { limit: 200 })
        for (const { to, state, id } of data.messages) {
          if (JSON.stringify(to).includes('"operator"')) states.set(id, state)
        }
      }
      return states.size > 10 && ![...states.values()].includes('queued')
    })
    expect(accepted.length).toBeGreaterThan(rounds * 2)
    expect(leads(home)).toHaveLength(1)
    console.log(`accepted ${accepted.length}, leads killed ${rounds}`)
  })
})
