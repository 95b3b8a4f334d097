import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import {
  getDefaultEnvironment,
  StdioClientTransport,
} from '@modelcontextprotocol/sdk/client/stdio.js'
import { z } from 'zod'
import { version } from '../mesh/version.ts'
import { MeshError } from '../state/errors.ts'

/** A node as Claude Code would run it, and the client that talks to it. */
export interface Child {
  readonly name: string
  /** Calls a tool; answers its structured content. Fails with INTERNAL, quoting what the tool said. */
  call(tool: string, input?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Kills the process without a warning. Resolves when it is gone. */
  kill(): Promise<void>
  /** Lets it say goodbye. Idempotent; never rejects. */
  close(): Promise<void>
}

/** How a node is started. */
export interface ChildOptions {
  readonly name: string
  /** The command and its arguments. */
  readonly command: readonly string[]
  readonly directory: string
  /** Beside what every process needs. */
  readonly variables: Readonly<Record<string, string>>
}

const refusal = z.object({ code: z.string() })
const texts = z.array(z.object({ text: z.string() }))

/** Starts a node and shakes hands with it. Fails with INTERNAL when it does not answer. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, directory, variables } = options
  const [path = '', ...words] = command
  const transport = new StdioClientTransport({
    command: path,
    args: words,
    cwd: directory,
    env: { ...getDefaultEnvironment(), ...variables },
    stderr: 'ignore',
  })
  const client = new Client({ name: 'mesh-demo', version })
  const gone = new Promise<void>((resolve) => {
    client.onclose = resolve
  })
  await client.connect(transport).catch((cause: unknown) => {
    throw new MeshError('INTERNAL', `The node of ${name} did not start.`, {
      hint: 'Run `mesh doctor`.',
      cause,
    })
  })
  const { pid } = transport

  return {
    name,
    async call(tool, input = {}) {
      const answer = await client.callTool({ name: tool, arguments: { ...input } })
      if (answer.isError !== true) return answer.structuredContent
      const said = texts.safeParse(answer.content).data?.map(({ text }) => text)
      const code = refusal.safeParse(answer.structuredContent).data?.code ?? 'an error'
      throw new MeshError('INTERNAL', `${tool} of ${name} answered ${code}: ${said?.join(' ')}`)
    },
    async kill() {
      if (pid !== null) process.kill(pid, 'SIGKILL')
      await gone
    },
    close: () => client.close().catch(() => {}),
  }
}
