import type { PeerId } from './ids.ts'

/** Something that was done in the group. `at` is ISO 8601 UTC. */
export interface Activity {
  readonly at: string
  readonly peer: PeerId
  readonly action: string
  readonly detail: string
}

/** What the feeds of a group hold since a moment, as far as this peer may see them. */
export interface ActivityLog {
  /** The newest first, at most as many as were asked for. */
  readonly entries: readonly Activity[]
  /** How many there were. */
  readonly total: number
  /** Messages by their author. */
  readonly messages: ReadonlyMap<PeerId, number>
  /** Whether nothing older was left out. */
  readonly isWhole: boolean
}
