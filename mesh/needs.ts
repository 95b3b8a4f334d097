import type { NodeId, PeerId } from '../state/ids.ts'
import type { Context } from '../state/messages.ts'
import type { Card } from '../state/peers.ts'
import type { Signer, Verify, VerifyAll } from '../state/signatures.ts'
import type { Store } from '../state/store.ts'
import type { Clock } from './clock.ts'
import type { Discovery } from './discovery.ts'
import type { Log } from './log.ts'
import type { Route } from './mesh.ts'
import type { Address, Network } from './network.ts'
import type { SessionMemory } from './sessions.ts'

/** Everything from outside that a node needs. */
export interface NodeDeps {
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly discoveries: readonly Discovery[]
  readonly signer: Signer
  readonly verify: Verify
  readonly verifyAll?: VerifyAll
  readonly store: Store
  readonly memory: SessionMemory
  /** Where the session works, and what it lately did there. Cheap: called for every message. */
  readonly whereabouts: () => Promise<Omit<Card, 'summary' | 'left'> & Pick<Context, 'files'>>
  /** Bytes that the store takes on disk. */
  readonly storeBytes: () => Promise<number>
  /** Asks the process to end. */
  readonly leave: (reason: string) => void
}

/** Who this node is. */
export interface NodeSettings {
  readonly version: string
  readonly mesh: string
  readonly node: NodeId
  readonly peer: PeerId
  readonly pid: number
  readonly storeDirectory: string
  /** A name that the user asked for; taken when it is free. */
  readonly wish?: string
  readonly brakes: boolean
  readonly listen: { readonly host: string; readonly ports: readonly number[] }
  /** The first inbox line of a seat that somebody else used before. */
  readonly inherited?: { readonly name: string | null; readonly at: number }
  /** Where the damaged store went that this one replaces. */
  readonly setAside?: string
}

/** What changes in a node while it lives, and only diagnostics read. */
export interface NodeState {
  readonly startedMs: number
  route: Route
  address: Address | undefined
}
