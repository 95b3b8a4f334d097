import { z } from 'zod'

/** Longest summary of a peer, in characters. */
export const summaryMax = 500

/** What a peer may say of its own availability. */
export const chosenStatus = z.enum(['online', 'away', 'busy'])
/** What a peer says of its own availability. */
export type ChosenStatus = z.infer<typeof chosenStatus>

/** A peer as tools, commands and the page show it. `last_seen` is ISO 8601 UTC. */
export interface Peer {
  readonly id: string
  readonly name: string
  readonly status: ChosenStatus | 'idle' | 'offline'
  readonly online: boolean
  readonly group: string
  readonly cwd: string
  readonly repo: string | null
  readonly branch: string | null
  readonly summary: string
  readonly device: string
  readonly files: readonly string[]
  /** Whether a message can start a turn in its session, as its own node reports. */
  readonly wakeable: boolean
  readonly last_seen: string
}

/** What a peer publishes about itself in its group: `card/<peer>`. */
export const card = z.object({
  cwd: z.string().max(1_024),
  host: z.string().max(255),
  repo: z.string().max(1_024).nullable(),
  /** Normalised URL of the remote, so that clones and worktrees compare. */
  remote: z.string().max(1_024).nullable(),
  branch: z.string().max(255).nullable(),
  summary: z.string().max(summaryMax),
  /** What its open group is called, for those outside it. */
  label: z.string().max(64).optional(),
  /** The hybrid time at which the peer said goodbye; null while it lives or if it crashed. */
  left: z.number().nullable(),
})
/** What a peer publishes about itself in its group. */
export type Card = z.infer<typeof card>
