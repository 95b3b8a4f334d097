import type { Readable, Writable } from 'node:stream'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import {
  CallToolRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { ZodError } from 'zod'
import type { Clock } from '../mesh/clock.ts'
import type { Environment } from '../mesh/environment.ts'
import type { OpenLeadDoor } from '../mesh/leadDoor.ts'
import { version } from '../mesh/version.ts'
import { MeshError, toMeshError } from '../state/errors.ts'
import { giveAnswer, giveRefusal, listTool } from './answers.ts'
import { instructions } from './instructions.ts'
import type { Lifecycle } from './lifecycle.ts'
import { givePrompt, prompts, writePrompt } from './prompts.ts'
import { readResource, resources } from './resources.ts'
import { firstRoot } from './roots.ts'
import { createSession, type Joined } from './session.ts'
import type { Answer } from './tool.ts'
import { tools } from './tools/index.ts'

/** Health checks initialise and leave within milliseconds: a client that stays this long is a session. */
const settleMs = 250

/** What serving needs. */
export interface ServeDeps {
  readonly input: Readable
  readonly output: Writable
  readonly clock: Clock
  readonly lifecycle: Lifecycle
  readonly writeLog: (line: string) => void
  readonly openDoor: OpenLeadDoor
}

/** A request of the client, as far as an answer to it needs it. */
interface Call {
  readonly requestId: string | number
  readonly signal: AbortSignal
}

/** Serves one client over its streams. The mesh is joined when the client proves to be a session. */
export async function serve(deps: ServeDeps, environment: Environment): Promise<void> {
  const { clock, lifecycle } = deps
  const server = new Server(
    { name: 'mesh', title: 'Claude peers mesh', version },
    {
      capabilities: {
        experimental: { 'claude/channel': {} },
        ...{ tools: {}, prompts: {}, resources: {} },
      },
      instructions,
    },
  )
  let waiters = 0
  const session = createSession({
    ...{ clock, environment, writeLog: deps.writeLog, openDoor: deps.openDoor },
    rootDirectory: () => firstRoot(server),
    notifyChannel: ({ content, meta }) =>
      server.notification({
        method: 'notifications/claude/channel',
        params: { content, meta: { ...meta } },
      }),
    isAwaited: () => waiters > 0,
    leave: (reason) => lifecycle.leave(reason),
  })
  lifecycle.onLeave(session.leave)

  function report(thrown: unknown): void {
    const { code, message, hint } = toMeshError(thrown)
    const cause = thrown instanceof Error ? thrown.stack : String(thrown)
    deps.writeLog(
      `${JSON.stringify({ level: 'error', event: 'mcp', code, message, hint, cause })}\n`,
    )
  }

  /** Every request of the model or the human: proof of what was read before, and of life. */
  async function attend(): Promise<Joined> {
    const joined = await session.join()
    joined.mesh.touched()
    await joined.evidence.requested()
    return joined
  }

  async function keep(joined: Joined, call: Call, answer: Answer): Promise<Answer> {
    if (!call.signal.aborted) await joined.evidence.answered(call.requestId, answer.shown ?? [])
    return answer
  }

  /** A refusal where the protocol has no answer for one. */
  async function orRefuse<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (thrown) {
      if (!isRefusal(thrown)) report(thrown)
      throw protocolError(thrown)
    }
  }

  async function awaiting<Result>(work: () => Promise<Result>): Promise<Result> {
    waiters += 1
    try {
      return await work()
    } finally {
      waiters -= 1
    }
  }

  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map(listTool) }))

  server.setRequestHandler(CallToolRequestSchema, async ({ params }, call) => {
    const tool = tools.find(({ name }) => name === params.name)
    if (!tool) {
      const named = JSON.stringify(params.name.slice(0, 64))
      throw protocolError(new MeshError('BAD_INPUT', `There is no tool ${named}.`))
    }
    const token = params._meta?.progressToken
    let ticks = 0
    async function progress(message: string): Promise<void> {
      if (token === undefined) return
      ticks += 1
      const report = { progressToken: token, progress: ticks, message }
      await call.sendNotification({ method: 'notifications/progress', params: report })
    }
    try {
      const joined = await attend()
      const context = { ...joined, clock, environment, signal: call.signal, progress, awaiting }
      const answer = await tool.run(context, params.arguments ?? {})
      return giveAnswer(await keep(joined, call, answer), joined.mesh.inbox)
    } catch (thrown) {
      if (!isRefusal(thrown)) report(thrown)
      return giveRefusal(thrown)
    }
  })

  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: [...prompts] }))
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }, call) => {
    return orRefuse(async () => {
      const joined = await attend()
      const answer = await writePrompt({ ...joined, clock }, params.name, params.arguments)
      return givePrompt(await keep(joined, call, answer))
    })
  })

  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [...resources] }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [] }))
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }, call) => {
    return orRefuse(async () => {
      const joined = await attend()
      const context = { ...joined, clock, environment, signal: call.signal, awaiting }
      const answer = await readResource({ ...context, progress: async () => {} }, uri)
      const { text } = await keep(joined, call, answer)
      return { contents: [{ uri, mimeType: 'application/json', text }] }
    })
  })

  server.onerror = report
  server.oninitialized = () => {
    clock.after(settleMs, () => session.join().catch(report))
  }

  const transport = new StdioServerTransport(deps.input, deps.output)
  await server.connect(transport)
  const { onmessage } = transport
  transport.onmessage = (message) => {
    if ('method' in message && message.method === 'notifications/cancelled') {
      const request = message.params?.['requestId']
      if (typeof request === 'string' || typeof request === 'number') {
        session.cancelled(request)
      }
    }
    onmessage?.(message)
  }
}

/** A refusal as an error of the protocol: what happened, then the next move. */
function protocolError(thrown: unknown): Error {
  const { code, message, hint } = toMeshError(thrown)
  const number = code === 'BAD_INPUT' ? ErrorCode.InvalidParams : ErrorCode.InternalError
  // An McpError would put its number before the words, and so does the client.
  return Object.assign(new Error(hint ? `${message} ${hint}` : message), { code: number })
}

/** Whether it was the caller's doing, or an ordinary failure that the answer names. */
function isRefusal(thrown: unknown): boolean {
  return thrown instanceof ZodError || (thrown instanceof MeshError && thrown.code !== 'INTERNAL')
}
