import { pairOf } from '../state/feeds.ts'
import type { Core } from './core.ts'
import type { Link } from './link.ts'
import type { Inbox, LanStatus, LinkStatus, MeshStatus, Route, WhoAmI } from './mesh.ts'
import type { NodeSettings } from './needs.ts'
import type { Address } from './network.ts'
import type { Peers } from './peers.ts'
import { parseAuthor } from './repair.ts'
import type { Sessions } from './sessions.ts'
import { trafficOf, withTraffic } from './traffic.ts'

/** What describing a node needs. */
export interface StatusDeps {
  readonly peers: Peers
  readonly sessions: Sessions
  readonly inbox: Inbox
  readonly settings: NodeSettings
  readonly links: () => readonly Link[]
  readonly lan: () => LanStatus
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
      ...trafficOf(link),
      rtt_ms: link.roundTripMs === undefined ? null : Math.round(link.roundTripMs * 10) / 10,
      since: new Date(sinceMs).toISOString(),
    }
  }

  /** What we said to peers that are away, and that they do not have. */
  function offlineEntries(): number {
    const { feeds, cursors, peer } = core
    let entries = 0
    for (const scope of feeds.scopes()) {
      const pair = pairOf(scope)
      const other = pair?.find((one) => one !== peer)
      if (!other || !pair?.includes(peer) || peers.isOnline(other)) continue
      for (const [author, head] of Object.entries(feeds.heads(scope))) {
        const feed = parseAuthor(scope, author)
        if (feed?.peer === peer) entries += Math.max(0, head - cursors.get(feed, other).delivered)
      }
    }
    return entries
  }

  /** Where the lead of this device serves the dashboard, as it tells itself. */
  function dashboard(): string | null {
    const own = [...core.operators().values()].find(({ device }) => device === core.signer.device)
    return (own && peers.presenceOf(own.peer)?.dashboard) ?? null
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
        lan: deps.lan(),
        uptime_ms: Math.round(core.clock.elapsed() - state.startedMs),
        route: state.route,
        ...peers.list({ offline: true }),
        unread: inbox.unread().count,
        links: deps.links().map(describe),
        waiting: {
          disk_writes: core.ledger.waiting(),
          inbox: inbox.unread().count,
          offline_entries: offlineEntries(),
        },
        store: {
          directory: settings.storeDirectory,
          bytes: await deps.storeBytes(),
          ...(problem === undefined ? {} : { problem }),
          ...(settings.setAside === undefined ? {} : { set_aside: settings.setAside }),
        },
        counters: withTraffic(core.counters.all(), deps.links()),
        dashboard: dashboard(),
      }
    },

    whoami: () => ({
      self: peers.view(core.peer),
      node: core.node,
      session: sessions.current() ?? '',
      route: state.route,
      unread: inbox.unread().count,
      dashboard: dashboard(),
      health: core.ledger.problem()?.message ?? 'ok',
    }),
  }
}
