import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHome, openSession } from '../opened.ts'
import {
  callOf,
  initialize,
  initialized,
  type RawMessage,
  type RawServer,
  spawnServer,
} from '../rawServer.ts'
import { command, until, untilPeers, variablesOf } from '../sessions.ts'

/** A server that ends with the test at the latest. */
function openServer(home: string, variables: Record<string, string> = {}): RawServer {
  const server = spawnServer({ home, variables })
  onTestFinished(() => void server.child.kill('SIGKILL'))
  return server
}

/** The answer to a request. */
function answerTo(server: RawServer, id: number): Promise<RawMessage> {
  return server.answer((message) => message.id === id)
}

/** Resolves to how long the process took to be gone. */
async function timeToLeave(child: ChildProcess, end: () => void): Promise<number> {
  const gone = once(child, 'exit')
  const since = performance.now()
  end()
  await gone
  return performance.now() - since
}

/** A server that is a peer, and somebody who watches it. */
async function openWatched() {
  const home = createHome()
  const watcher = await openSession({ home, name: 'watcher' })
  const server = openServer(home, { MESH_NAME: 'leaver' })
  server.say(initialize, initialized)
  await untilPeers(watcher, 1)
  const isGone = () =>
    until(async () => (await watcher.call('list_peers')).data.peers.length === 0, 5_000)
  return { home, watcher, server, isGone }
}

describe('a session that ends', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'leaves at %s and says goodbye',
    async (signal) => {
      const { server, isGone } = await openWatched()
      const ms = await timeToLeave(server.child, () => server.child.kill(signal))
      expect(ms).toBeLessThan(1_000)
      expect(server.child.exitCode).toBe(0)
      await isGone()
    },
  )

  it('leaves when its input ends', async () => {
    const { server, isGone } = await openWatched()
    expect(await timeToLeave(server.child, () => server.child.stdin?.end())).toBeLessThan(1_000)
    expect(server.child.exitCode).toBe(0)
    await isGone()
  })

  it('leaves when nobody reads its output any more', async () => {
    const { server, isGone } = await openWatched()
    const ms = await timeToLeave(server.child, () => {
      server.child.stdout?.destroy()
      server.say({ jsonrpc: '2.0', id: 9, method: 'tools/list' })
    })
    expect(ms).toBeLessThan(1_000)
    await isGone()
  })

  it('leaves when its client is killed, even while another process holds its input open', async () => {
    const home = createHome()
    const watcher = await openSession({ home, name: 'watcher' })
    // The client is a process of its own that starts the server with an input that outlives it.
    const script = `
      const { spawn } = require('node:child_process')
      const child = spawn(process.execPath, ${JSON.stringify([command, 'mcp'])}, { stdio: [3, 'ignore', 'ignore'] })
      process.stdout.write(String(child.pid))
      setInterval(() => {}, 1000)`
    const client = spawn(process.execPath, ['-e', script], {
      env: variablesOf({ home }),
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    })
    onTestFinished(() => void client.kill('SIGKILL'))
    const [output] = client.stdout ? await once(client.stdout, 'data') : []
    const pid = Number(output)
    const input = client.stdio[3]
    if (input && 'write' in input) {
      input.write(`${JSON.stringify(initialize)}\n${JSON.stringify(initialized)}\n`)
    }
    await untilPeers(watcher, 1)
    expect(isAlive(pid)).toBe(true)
    client.kill('SIGKILL')
    await until(() => !isAlive(pid), 10_000)
  })

  it('leaves at once when its client is gone before it has joined', async () => {
    const server = openServer(createHome())
    const ms = await timeToLeave(server.child, () => {
      server.say(initialize, initialized)
      server.child.stdin?.end()
    })
    expect(ms).toBeLessThan(2_000)
  })
})

describe('a health check', () => {
  it('that initialises, lists and leaves is never a peer', async () => {
    const home = createHome()
    const watcher = await openSession({ home, name: 'watcher' })
    await watcher.call('whoami')
    for (let round = 0; round < 3; round += 1) {
      const server = openServer(home, { MESH_NAME: 'checker' })
      server.say(initialize)
      await answerTo(server, 1)
      server.say(initialized, { jsonrpc: '2.0', id: 2, method: 'tools/list' })
      await answerTo(server, 2)
      await timeToLeave(server.child, () => server.child.stdin?.end())
    }
    const listed = await watcher.call('list_peers', { offline: true })
    expect(listed.data.peers).toEqual([])
  })

  it('is told that the newer protocol is unknown here, since channels need the older one', async () => {
    const server = openServer(createHome())
    server.say({ jsonrpc: '2.0', id: 7, method: 'server/discover', params: {} }, initialize)
    expect(await answerTo(server, 7)).toMatchObject({ error: { code: -32601 } })
    expect(await answerTo(server, 1)).toMatchObject({
      result: {
        protocolVersion: '2025-11-25',
        capabilities: { experimental: { 'claude/channel': {} } },
      },
    })
  })
})

describe('an answer', () => {
  it('whose call was given up is offered again, marked as a repeat, until it is read', async () => {
    const home = createHome()
    const ann = await openSession({ home, name: 'ann' })
    const server = openServer(home, { MESH_NAME: 'bob' })
    server.say(initialize, initialized)
    await untilPeers(ann, 1)
    await ann.call('send_message', { to: 'bob', message: 'did you see it?' })
    const check = (id: number) => callOf(id, 'check_messages')
    const messagesOf = async (id: number) => (await answerTo(server, id)).result
    server.say(check(2))
    expect(await messagesOf(2)).toMatchObject({
      structuredContent: { messages: [{ body: 'did you see it?' }] },
    })
    server.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } })
    server.say(check(3))
    expect(await messagesOf(3)).toMatchObject({
      structuredContent: { messages: [{ body: 'did you see it?', repeat: true }] },
    })
    server.say(check(4))
    expect(await messagesOf(4)).toMatchObject({ structuredContent: { messages: [] } })
  })
})

describe('stdout', () => {
  it('carries nothing but the protocol, whatever goes wrong', async () => {
    const home = createHome()
    const server = openServer(home, { LOG_LEVEL: 'debug' })
    server.child.stdin?.write('this is no JSON\n{"jsonrpc":"2.0"}\n[1,2\n\n')
    server.say(initialize, initialized)
    server.say({ jsonrpc: '2.0', id: 3, method: 'no/such' })
    server.say(
      callOf(4, 'send_message', { to: 'x' }),
      callOf(5, 'no_such_tool', {}),
      callOf(6, 'whoami', {}),
    )
    for (const id of [1, 3, 4, 5, 6]) await answerTo(server, id)
    for (const line of server.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' })
    expect(server.log()).toContain('joined')
  })

  it('stays clean when the settings are wrong, and the agent reads what to do', async () => {
    const server = openServer(createHome(), { MESH_PORT: 'everywhere' })
    server.say(initialize, initialized)
    server.say({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'whoami' } })
    expect(await answerTo(server, 2)).toMatchObject({
      result: {
        isError: true,
        structuredContent: { code: 'BAD_INPUT' },
        content: [{ text: expect.stringMatching(/MESH_PORT.*Correct or remove MESH_PORT/s) }],
      },
    })
    for (const line of server.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' })
  })
})

/** A process that nobody has waited for yet is dead all the same. */
function isAlive(pid: number): boolean {
  const status = `/proc/${pid}/status`
  if (existsSync('/proc/self')) {
    return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, 'utf8'))
  }
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
