import type { z } from 'zod'
import type { Clock } from '../mesh/clock.ts'
import type { Environment } from '../mesh/environment.ts'
import type { Joined } from './session.ts'

/** What a tool works with. */
export interface ToolContext extends Joined {
  readonly clock: Clock
  readonly environment: Environment
  /** Aborted when the client gives the call up. */
  readonly signal: AbortSignal
  /** Tells the client that the call goes on, when it wants to hear that. */
  readonly progress: (message: string) => Promise<void>
  /** Runs while other routes leave arriving messages to this call. */
  readonly awaiting: <Result>(work: () => Promise<Result>) => Promise<Result>
}

/** What a tool says: text for the model, and the same as data. */
export interface Answer {
  readonly text: string
  readonly structured: Readonly<Record<string, unknown>>
  /** Messages whose bodies are in it. */
  readonly shown?: readonly string[]
}

/** A tool as the server keeps it. */
export interface Tool {
  readonly name: string
  readonly description: string
  readonly input: z.ZodObject
  readonly annotations: Readonly<Record<string, boolean>>
  /** Whether the client should never defer it. */
  readonly alwaysLoad: boolean
  /** Parses the input and works. Fails with ZodError or MeshError. */
  run(context: ToolContext, input: unknown): Promise<Answer>
}

/** Ties a tool's work to the shape of its input. */
export function defineTool<Input extends z.ZodObject>(
  tool: Omit<Tool, 'run' | 'input' | 'alwaysLoad'> & {
    readonly input: Input
    readonly alwaysLoad?: boolean
    run(context: ToolContext, input: z.output<Input>): Promise<Answer>
  },
): Tool {
  return {
    alwaysLoad: false,
    ...tool,
    run: async (context, input) => tool.run(context, tool.input.parse(input)),
  }
}

/** Annotations of a tool that only looks. */
export const readsOnly = { readOnlyHint: true, openWorldHint: false } as const
/** Annotations of a tool that adds and never destroys. */
export const addsOnly = { destructiveHint: false, openWorldHint: false } as const
/** Annotations of a tool that sets something, the same each time. */
export const setsOnly = { ...addsOnly, idempotentHint: true } as const
