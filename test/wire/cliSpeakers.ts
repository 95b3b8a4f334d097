import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { onTestFinished } from 'vitest'
import { createHome } from '../opened.ts'
import { command, until, variablesOf } from '../sessions.ts'

/** A session that some other program has started, as Claude Code does, and not this one. */
export interface Speaker {
  readonly id: string
  call(tool: string, input?: Record<string, unknown>): Promise<{ text: string; data: SpeakerData }>
  close(): Promise<void>
}

/** The fields of what tools answer that these tests look at. */
export interface SpeakerData {
  readonly self: { readonly id: string; readonly group: string }
  readonly peers: readonly { readonly name: string }[]
  readonly messages: readonly { readonly body: string; readonly id: string; state: string }[]
  readonly message_id: string
  readonly to: { readonly id: string; readonly name: string }
}

/** How a command was run. */
export interface RunOptions {
  readonly input?: string
  readonly variables?: Readonly<Record<string, string>>
  /** Columns of a terminal; without, its output is a pipe. */
  readonly columns?: number
}

/** What a command did. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** A device of its own: its sessions, and commands that a person types on it. */
export interface CommandDesk {
  readonly home: string
  enter(name: string, variables?: Readonly<Record<string, string>>): Promise<Speaker>
  run(words: readonly string[], options?: RunOptions): Promise<Ran>
  runJson(words: readonly string[], options?: RunOptions): Promise<unknown>
  /** Starts a command and leaves it running. */
  start(words: readonly string[], options?: RunOptions): ChildProcess
}

/** Makes a device that ends with the test. */
export function createDesk(): CommandDesk {
  const home = createHome()
  const variables = variablesOf({ home })

  async function enter(
    name: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Speaker> {
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: {} })
    // A shell stands between, so that what this process starts is not below the session's client.
    const transport = new StdioClientTransport({
      command: 'sh',
      args: ['-c', '"$0" "$1" mcp; true', process.execPath, command],
      cwd: home,
      env: variablesOf({ home, name, session: `session-${name}`, variables: more }),
      stderr: 'ignore',
    })
    await client.connect(transport)
    onTestFinished(() => client.close())
    async function call(tool: string, input: Record<string, unknown> = {}) {
      const answer = await client.callTool({ name: tool, arguments: input })
      const [first] = Array.isArray(answer.content) ? answer.content : []
      return { text: String(first?.text ?? ''), data: answer.structuredContent as SpeakerData }
    }
    const { data } = await call('whoami')
    return { id: data.self.id, call, close: () => client.close() }
  }

  function start(words: readonly string[], options: RunOptions = {}): ChildProcess {
    const { columns } = options
    const typed = ['stty', 'cols', `${columns};`, process.execPath, command, ...words].join(' ')
    const child = spawn(
      columns === undefined ? process.execPath : 'script',
      columns === undefined ? [command, ...words] : ['-qec', typed, '/dev/null'],
      { cwd: home, env: { ...variables, TERM: 'xterm', ...options.variables } },
    )
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  async function run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = start(words, options)
    const printed = { out: '', error: '' }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed.out += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed.error += text
    })
    const [code] = await once(child, 'close')
    return { ...printed, code: Number(code) }
  }

  return {
    ...{ home, enter, run, start },
    runJson: async (words, options) => JSON.parse((await run([...words, '--json'], options)).out),
  }
}

/** Several sessions of one device that see each other and can write to the operator. */
export async function enterAll(desk: CommandDesk, ...names: string[]): Promise<Speaker[]> {
  const speakers: Speaker[] = []
  for (const name of names) speakers.push(await desk.enter(name))
  for (const speaker of speakers) {
    await until(
      async () => (await speaker.call('list_peers')).data.peers.length >= names.length - 1,
    )
  }
  return speakers
}
