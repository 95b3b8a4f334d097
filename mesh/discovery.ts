import type { NodeId } from '../state/ids.ts'
import type { Address } from './network.ts'

/** Somebody who may be a node. A hint: never an authority, never a sign of life. */
export interface Candidate extends Address {
  readonly source: 'rendezvous' | 'mdns' | 'static' | 'exchange'
  /** Known before the handshake only from sources that say it. */
  readonly node?: NodeId
}

/** What a node tells others about itself. */
export interface Announcement {
  readonly node: NodeId
  readonly host: string
  readonly port: number
}

/** What a source of candidates reports. */
export interface DiscoveryEvents {
  seen(candidate: Candidate): void
  gone(candidate: Candidate): void
}

/** One way of finding peers. `start` and `stop` are idempotent; `stop` withdraws the announcement. */
export interface Discovery {
  start(announcement: Announcement, events: DiscoveryEvents): Promise<void>
  /** A dial was refused: a source that keeps files may look whether this one is stale. */
  refused(candidate: Candidate): void
  stop(): Promise<void>
}
