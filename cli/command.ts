import type { Environment } from '../mesh/environment.ts'
import type { Print } from './print.ts'

/** What every command finds itself in. */
export interface Surroundings {
  readonly environment: Environment
  readonly print: Print
  /** What is piped into the command. */
  readonly input: AsyncIterable<Uint8Array>
  /** Aborted when the user interrupts, or when nobody reads the output any more. */
  readonly signal: AbortSignal
  /** The file that runs as `mesh`: absolute. */
  readonly program: string
  /** The Node.js that runs it. */
  readonly runtime: {
    readonly path: string
    readonly flags: readonly string[]
    readonly version: string
  }
}

/** What was typed after the name of a command, understood. */
export interface Given {
  readonly json: boolean
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
  readonly words: readonly string[]
}

/** Does what was typed; answers the exit code. Refusals are `MeshError`. */
export type Command = (given: Given, around: Surroundings) => Promise<number>
