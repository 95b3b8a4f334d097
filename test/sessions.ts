import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { Message, Receipt } from '../state/messages.ts'
import type { Peer } from '../state/peers.ts'

/** The built command. */
export const command = resolve('dist/mesh.js')

/** How a session is started. */
export interface SessionOptions {
  readonly home: string
  readonly name?: string
  /** The client's session ID: brings a seat back. */
  readonly session?: string
  readonly directory?: string
  readonly variables?: Readonly<Record<string, string>>
}

/** What a tool answered. */
export interface ToolAnswer {
  readonly text: string
  readonly isError: boolean
  readonly data: ToolData
}

/** The fields of all answers together: those that the tool which was called does not have are absent. */
export interface ToolData {
  readonly self: Peer
  readonly peers: readonly Peer[]
  readonly messages: readonly (Message & Receipt)[]
  readonly to: { readonly id: string; readonly name: string } & readonly Peer[]
  readonly message_id: string
  readonly state: string
  readonly reach: string
  readonly repeated?: boolean
  readonly unread: number
  readonly route: string
  readonly next?: string
  readonly note?: string
  readonly code: string
}

/** A real MCP client with its real server process. */
export interface TestSession {
  readonly client: Client
  readonly pid: number
  /** Notifications of the channel, in the order of their arrival. */
  readonly events: { readonly content: string; readonly meta: Record<string, string> }[]
  /** Resolves with the next of them. */
  nextEvent(): Promise<void>
  /** What the server wrote to stderr. */
  readonly log: () => string
  call(tool: string, input?: Record<string, unknown>): Promise<ToolAnswer>
  /** Closes as a client does; resolves when the process is gone. */
  close(): Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** The environment of a session: nothing of the machine's own Claude Code reaches it. */
export function variablesOf({ home, name, session, variables }: SessionOptions) {
  return {
    PATH: process.env['PATH'] ?? '',
    MESH_HOME: home,
    MESH_PORT: 'off',
    ...(name === undefined ? {} : { MESH_NAME: name }),
    ...(session === undefined ? {} : { CLAUDE_CODE_SESSION_ID: session }),
    ...variables,
  }
}

/** Starts a session and initialises it. */
export async function startSession(options: SessionOptions): Promise<TestSession> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: {} })
  const events: TestSession['events'] = []
  const listeners: (() => void)[] = []
  client.fallbackNotificationHandler = async ({ method, params }) => {
    if (method !== 'notifications/claude/channel') return
    events.push(JSON.parse(JSON.stringify(params)))
    for (const resolve of listeners.splice(0)) resolve()
  }
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [command, 'mcp'],
    cwd: options.directory ?? options.home,
    env: variablesOf(options),
    stderr: 'pipe',
  })
  let log = ''
  transport.stderr?.on('data', (chunk) => {
    log += chunk
  })
  const gone = new Promise<void>((done) => {
    client.onclose = () => done()
  })
  await client.connect(transport)
  const pid = transport.pid ?? 0
  return {
    client,
    pid,
    events,
    nextEvent: () => new Promise((resolve) => listeners.push(resolve)),
    log: () => log,
    async call(tool, input = {}) {
      const answer = await client.callTool({ name: tool, arguments: input })
      const [first] = Array.isArray(answer.content) ? answer.content : []
      return {
        text: String(first?.text ?? ''),
        isError: answer.isError === true,
        data: answer.structuredContent as ToolData,
      }
    },
    close: () => client.close(),
    async kill(signal) {
      process.kill(pid, signal)
      await gone
    },
  }
}

/** Waits until the predicate holds, asking again whenever something may have changed. */
export async function until<Value>(
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
  capMs = 20_000,
): Promise<Value> {
  const end = performance.now() + capMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`it did not happen within ${capMs} ms: ${look}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}

/** Waits until a session sees that many others online. */
export function untilPeers(session: TestSession, count: number): Promise<ToolAnswer> {
  return until(async () => {
    const answer = await session.call('list_peers')
    return answer.data.peers?.length >= count && answer
  })
}

/** A port of loopback that nobody holds. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (typeof address !== 'object' || !address) throw new Error('a listening server has an address')
  return address.port
}
