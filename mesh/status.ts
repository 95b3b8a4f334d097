import type { Core } from './core.ts'
import type { Link } from './link.ts'
import type { Inbox, LinkStatus, MeshStatus, Route, WhoAmI } from './mesh.ts'
import type { NodeSettings } from './needs.ts'
import type { Address } from './network.ts'
import type { Peers } from './peers.ts'
import type { Sessions } from './sessions.ts'

/** What describing a node needs. */
export interface StatusDeps {
  readonly peers: Peers
  readonly sessions: Sessions
  readonly inbox: Inbox
  readonly settings: NodeSettings
  readonly links: () => readonly Link[]
  readonly storeBytes: () => Promise<number>
  readonly state: {
    readonly startedMs: number
    readonly route: Route
    readonly address: Address | undefined
  }
}

/** Says how a node is. */
export interface Status {
  status(): Promise<MeshStatus>
  whoami(): WhoAmI
}

/** Makes the description of a node. */
export function createStatus(core: Core, deps: StatusDeps): Status {
  const { peers, sessions, inbox, settings, state } = deps

  function describe(link: Link): LinkStatus {
    const sinceMs = core.clock.now() - (core.clock.elapsed() - link.sinceMs)
    return {
      peer: link.peer,
      name: peers.view(link.peer).name,
      node: link.node,
      address: `${link.remote.host}:${link.side === 'dialled' ? link.remote.port : link.hello.port}`,
      side: link.side,
      buffered_bytes: link.bufferedBytes,
      since: new Date(sinceMs).toISOString(),
    }
  }

  return {
    async status() {
      const problem = core.ledger.problem()?.message
      const { address } = state
      return {
        version: settings.version,
        mesh: settings.mesh,
        session: sessions.current() ?? '',
        node: core.node,
        pid: settings.pid,
        address: address ? `${address.host}:${address.port}` : '',
        uptime_ms: Math.round(core.clock.elapsed() - state.startedMs),
        route: state.route,
        ...peers.list({ offline: true }),
        unread: inbox.unread().count,
        links: deps.links().map(describe),
        store: {
          directory: settings.storeDirectory,
          bytes: await deps.storeBytes(),
          ...(problem === undefined ? {} : { problem }),
          ...(settings.setAside === undefined ? {} : { set_aside: settings.setAside }),
        },
        counters: core.counters.all(),
        dashboard: null,
      }
    },

    whoami: () => ({
      self: peers.view(core.peer),
      node: core.node,
      session: sessions.current() ?? '',
      route: state.route,
      unread: inbox.unread().count,
      dashboard: null,
      health: core.ledger.problem()?.message ?? 'ok',
    }),
  }
}
