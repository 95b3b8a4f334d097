import type { NodeId, PeerId } from '../state/ids.ts'
import type { Context } from '../state/messages.ts'
import type { Card } from '../state/peers.ts'
import type { ConfigurationWatch } from './configuration.ts'
import type { CoreDeps } from './core.ts'
import type { LinksDeps } from './links.ts'
import type { Route } from './mesh.ts'
import type { Address } from './network.ts'
import type { Branch } from './project.ts'
import type { SessionMemory } from './sessions.ts'

/** Everything from outside that a node needs: what its core and its links do, and the rest. */
export interface NodeDeps
  extends Omit<CoreDeps, 'node' | 'peer'>,
    Omit<LinksDeps, 'count' | 'lanPortOf'> {
  /** The settings of the device, followed for this node alone; absent where there are none. */
  readonly configuration?: ConfigurationWatch
  readonly memory: SessionMemory
  /** Where the session works, and what it lately did there. Cheap: called for every message. */
  readonly whereabouts: () => Promise<
    Omit<Card, 'summary' | 'left' | 'label'> &
      Pick<Context, 'files'> & { readonly head?: Branch; readonly root?: string }
  >
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
  /** This is the operator's seat of the device: its archive and its human. */
  readonly isOperator?: boolean
  readonly pid: number
  readonly storeDirectory: string
  /** A name that the user asked for; taken when it is free. */
  readonly wish?: string
  readonly brakes: boolean
  /** Paths are written with backslashes here. */
  readonly isWindows?: boolean
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
