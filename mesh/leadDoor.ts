import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import type { Mesh } from './mesh.ts'

/** What the door of the lead opens to. */
export interface LeadDoorDeps {
  readonly clock: Clock
  readonly log: Log
  /** The operator's node: whatever a human does is done by it. */
  readonly mesh: Mesh
  /** 32 bytes that every process of this device derives and nobody else: proves whose door it is. */
  readonly secret: Uint8Array
  /** Where it should be; 0 takes any free port, `off` opens none. */
  readonly port: number | 'off'
  /** What `url` answers has changed, at the first opening and the last closing too. */
  readonly moved: (url: string | null) => void
}

/** The HTTP door that the lead of a device keeps open. */
export interface LeadDoor {
  /** Where it is open, e.g. `http://127.0.0.1:7899`; null while it is open nowhere. */
  url(): string | null
  /** Idempotent; resolves when no port is held any more. */
  close(): Promise<void>
}

/**
 * Opens the door. A port that somebody else holds is no failure: the next free one is taken, and
 * the wished one is tried again from time to time. Rejects never.
 */
export type OpenLeadDoor = (deps: LeadDoorDeps) => Promise<LeadDoor>
