import { hostname } from 'node:os'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { onTestFinished } from 'vitest'
import type { Approval } from '../../state/approvals.ts'
import type { Decision } from '../../state/decisions.ts'
import { uuidV7 } from '../../state/ids.ts'
import type { Message, Receipt } from '../../state/messages.ts'
import type { Peer } from '../../state/peers.ts'
import type { Proposal } from '../../state/proposals.ts'
import type { Task } from '../../state/tasks.ts'
import type { Verification } from '../../state/verifications.ts'
import { command, until, variablesOf } from '../sessions.ts'
import { type CommandDesk, createDesk } from './cliSpeakers.ts'

/** The fields of all answers together: those that the tool which was called does not have are absent. */
interface ToolFields {
  readonly self: Peer
  readonly peers: readonly Peer[]
  readonly messages: readonly (Message & Receipt)[]
  readonly message_id: string
  readonly unread: number
  readonly note?: string
  readonly task: Task
  readonly tasks: readonly Task[]
  readonly decision: Decision
  readonly decisions: readonly Decision[]
  readonly approval: Approval
  readonly approvals: readonly Approval[]
  readonly verification: Verification
  readonly verifications: readonly Verification[]
  readonly proposal: Proposal
  readonly proposals: readonly Proposal[]
  readonly files: readonly string[]
  readonly conflicts: readonly object[]
  readonly digest?: string
  readonly report: string
  readonly code: string
}

/** A session that some other program has started, as Claude Code does, with its real MCP client. */
export interface ToolPeer {
  readonly id: string
  readonly client: Client
  /** What came through the channel, in the order of its arrival. */
  readonly events: readonly { readonly content: string; readonly meta: Record<string, string> }[]
  /** Calls a tool and answers its data, whether it was refused or not. */
  data(tool: string, input?: Record<string, unknown>): Promise<ToolFields>
  /** Calls a tool and answers what its agent reads, masked, with the code before a refusal. */
  say(tool: string, input?: Record<string, unknown>): Promise<string>
  /** Calls tools one after the other; answers a line for each: the tool, and what its agent reads. */
  sayEach(
    ...calls: readonly (readonly [tool: string, input?: Record<string, unknown>])[]
  ): Promise<string>
  /** Reads until a notice or a message has these words; answers it as its agent reads it, masked. */
  hear(words: string): Promise<string>
  /** The bodies of all that it has read so far, each as often as it came. */
  readonly heard: readonly string[]
  /** Kills the process of the node, as a crash does. */
  crash(): Promise<void>
}

/** How a session is seated. */
interface SeatOptions {
  readonly variables?: Readonly<Record<string, string>>
  /** Who sits there already is expected to be seen. */
  readonly others?: number
}

/** Seats a session at a device. The same name brings back the same seat. */
export async function seat(
  desk: CommandDesk,
  name: string,
  { variables = {}, others = 0 }: SeatOptions = {},
): Promise<ToolPeer> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: {} })
  const events: { content: string; meta: Record<string, string> }[] = []
  client.fallbackNotificationHandler = async ({ method, params }) => {
    if (method === 'notifications/claude/channel') events.push(JSON.parse(JSON.stringify(params)))
  }
  // A shell stands between, so that what the tests start is not below the session's client.
  const transport = new StdioClientTransport({
    command: 'sh',
    args: [
      '-c',
      'exec 3<&0; "$0" "$1" mcp <&3 3<&- & echo $! >&2; wait; true',
      process.execPath,
      command,
    ],
    cwd: desk.home,
    env: variablesOf({ home: desk.home, name, session: `session-${name}`, variables }),
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
  onTestFinished(() => client.close())
  const pid = await until(() => /^(\d+)\n/.exec(log)?.[1])
  const heard: string[] = []

  async function call(tool: string, input: Record<string, unknown> = {}) {
    const answer = await client.callTool({ name: tool, arguments: input })
    const [first] = Array.isArray(answer.content) ? answer.content : []
    const data: ToolFields = JSON.parse(JSON.stringify(answer.structuredContent))
    return { text: String(first?.text ?? ''), isError: answer.isError === true, data }
  }

  const peer: ToolPeer = {
    id: (await call('whoami')).data.self.id,
    ...{ client, events, heard },
    data: async (tool, input) => (await call(tool, input)).data,

    async say(tool, input) {
      const { text, isError, data } = await call(tool, input)
      return masked(isError ? `${data.code}: ${text}` : text, desk)
    },

    async sayEach(...calls) {
      const lines: string[] = []
      for (const [tool, input] of calls) lines.push(`${tool}: ${await peer.say(tool, input)}`)
      return lines.join('\n')
    },

    async hear(words) {
      const found = await until(async () => {
        const { messages } = await peer.data('check_messages')
        heard.push(...messages.map(({ body }) => body))
        return heard.find((body) => body.includes(words))
      })
      return masked(found, desk)
    },

    async crash() {
      process.kill(Number(pid), 'SIGKILL')
      await gone
    },
  }
  await until(async () => (await peer.data('list_peers')).peers.length >= others)
  return peer
}

/** Several sessions of one device that see each other. */
export async function seatAll(...names: string[]) {
  const desk = createDesk()
  const peers: ToolPeer[] = []
  for (const name of names) peers.push(await seat(desk, name, { others: peers.length }))
  await see(peers)
  return { desk, peers }
}

/** Resolves when all of them see each other. */
export async function see(peers: readonly ToolPeer[]): Promise<void> {
  for (const peer of peers) {
    await until(async () => (await peer.data('list_peers')).peers.length >= peers.length - 1)
  }
}

/** A text as a reader reads it: what differs from run to run stands as a word. */
export function masked(text: string, { home }: Pick<CommandDesk, 'home'>): string {
  // The first characters of an ID are its time, and the same for a year.
  const start = uuidV7(Date.now(), new Uint8Array(10)).slice(0, 3)
  return (
    text
      // Whether something else waits at that moment is a matter of milliseconds.
      .replace(/\n\n\[mesh\] \d+ unread, .*$/, '')
      .replaceAll(home, '<home>')
      .replace(/\b[0-9a-hjkmnp-tv-z]{8}-[0-9a-hjkmnp-tv-z]{8}\b/g, '<peer>')
      .replace(new RegExp(`\\b${start}[0-9a-hjkmnp-tv-z]{5,23}\\b`, 'g'), '<id>')
      .replace(/"0[0-9a-hjkmnp-tv-z]{5}"/g, '"<prefix>"')
      .replace(/\b(queued|delivered)(?=[:;.])/g, '<queued or delivered>')
      .replaceAll(`on ${hostname()}`, 'on <device>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/(?<=Known: )[^.]+/g, (names) => names.split(', ').sort().join(', '))
      .replace(/just now|\b\d+ (s|min|h) ago/g, '<age>')
  )
}

/** Texts stand in snapshots as they are read, without quotation marks. */
export const readAloud = {
  test: (value: unknown) => typeof value === 'string',
  serialize: (value: unknown) => String(value),
}
