import type { CallToolResult, Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { Mesh } from '../mesh/mesh.ts'
import { MeshError, toMeshError } from '../state/errors.ts'
import type { Answer, Tool } from './tool.ts'

/** What zod enforces and an agent need not read. */
const ballast = new Set([
  ...['$schema', 'additionalProperties', 'minLength', 'maxLength', 'pattern', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'default'],
])

/** A tool as the client lists it: short, since an agent pays for each word. */
export function listTool(tool: Tool): ListedTool {
  const schema = brief(z.toJSONSchema(tool.input, { io: 'input' }))
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: { type: 'object', ...(isObject(schema) ? schema : {}) },
    annotations: tool.annotations,
    ...(tool.alwaysLoad ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
  }
}

/** An answer as the protocol carries it, with a last line when other messages wait. */
export function giveAnswer(answer: Answer, inbox: Mesh['inbox']): CallToolResult {
  const { count, from } = inbox.unread()
  const waiting = answer.shown ? 0 : count
  const note = `[mesh] ${count} unread, newest from ${from ?? 'mesh'}: call check_messages.`
  // Clients show their model the text or the data, so that both have to say it.
  return {
    content: [{ type: 'text', text: waiting > 0 ? `${answer.text}\n\n${note}` : answer.text }],
    structuredContent: {
      ...(waiting > 0 ? { unread: waiting, note } : {}),
      ...answer.structured,
    },
  }
}

/** A refusal as the protocol carries it: what happened, then the next move. */
export function giveRefusal(thrown: unknown): CallToolResult {
  const { code, message, hint } =
    thrown instanceof z.ZodError ? badInput(thrown) : toMeshError(thrown)
  return {
    isError: true,
    content: [{ type: 'text', text: hint ? `${message} ${hint}` : message }],
    structuredContent: { code, message, ...(hint ? { hint } : {}) },
  }
}

function badInput({ issues }: z.ZodError): MeshError {
  const said = issues.map(({ path, message }) => {
    if (path.length === 0) return message
    const name = path.join('.')
    return message.endsWith('received undefined') ? `${name}: missing` : `${name}: ${message}`
  })
  return new MeshError('BAD_INPUT', `The arguments do not fit: ${said.join('; ')}.`, {
    hint: 'Correct them and call again.',
  })
}

function brief(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(brief)
  if (!isObject(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) =>
      ballast.has(key) ? [] : [[key, brief(value)]],
    ),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
