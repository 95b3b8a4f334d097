import { z } from 'zod'
import { peerScope } from '../state/messages.ts'

/** What can be asked through the control door, with the arguments of each command. */
export const controlCommands = {
  status: z.object({}),
  peers: z.object({ scope: peerScope.optional(), offline: z.boolean().optional() }),
  whoami: z.object({}),
  /** Events follow until the asker closes. */
  watch: z.object({}),
  /** The node says goodbye and its process ends. Answered before it does. */
  stop: z.object({}),
} as const

/** The name of a command of the control door. */
export type ControlCommand = keyof typeof controlCommands

/** A control link to one node of this device. `request` rejects with the MeshError the node answered. */
export interface Door {
  readonly node: string
  readonly peer: string
  request(command: ControlCommand, input: unknown): Promise<unknown>
  /** Calls back for every event frame after a `watch` request. */
  onEvent(listener: (event: unknown) => void): void
  /** Resolves when the link has ended, whoever ended it. */
  readonly closed: Promise<string>
  close(): void
}
