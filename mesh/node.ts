import { serveControl } from './control.ts'
import { createCore } from './core.ts'
import { createLanFollower } from './lanFollower.ts'
import { createLinks, type Links } from './links.ts'
import type { Mesh } from './mesh.ts'
import type { NodeDeps, NodeSettings, NodeState } from './needs.ts'
import { createNeighbours, type Neighbours } from './neighbours.ts'
import { createParts, type Parts } from './parts.ts'

/** A node as its process sees it. */
export interface Node extends Mesh {
  readonly neighbours: Neighbours
  /** Tells the nodes of this device where its dashboard is; null for nowhere. */
  setDashboard(url: string | null): void
}

/** Makes a node; it joins with `start`. All parts act on the same core and the same links. */
export function createNode(deps: NodeDeps, settings: NodeSettings): Node {
  const { clock, log, store, signer } = deps
  const { node, peer, isOperator = false } = settings
  const core = createCore({ ...deps, node, peer, isOperator })
  const state: NodeState = { startedMs: clock.elapsed(), route: 'pull', address: undefined }
  const parts = createParts(core, {
    ...{ deps, settings, state },
    links: () => links.all(),
    lan: () => lan.status(),
  })
  const { exchange, housekeeping, presence, retention, autogroup, noticing, watch } = parts
  const neighbours = createNeighbours(core, () => links.all())
  let stopped: Promise<void> | undefined

  const links: Links = createLinks(
    {
      ...deps,
      signer,
      count: (name) => core.counters.add(name),
      lanPortOf: (of) => presence.of(of)?.lan,
    },
    { node: core.node, peer: core.peer, mesh: settings.mesh, host: settings.peer.slice(0, 8) },
    {
      linked(link) {
        exchange.linked(link)
        watch.linked(link)
      },
      unlinked(link, reason) {
        housekeeping.unlinked(link, reason)
        exchange.ended(link)
        watch.unlinked(link)
        neighbours.unlinked(link)
      },
      frame: exchange.receive,
      control: (wire, acquaintance) =>
        serveControl(wire, acquaintance, { clock, mesh, leave: deps.leave }),
      progressed: housekeeping.progressed,
      lanMoved: (port) => presence.update({ lan: port }),
    },
  )
  const lan = createLanFollower(core, links, deps.configuration)

  const mesh: Node = {
    ...{ node: core.node, peer: core.peer, neighbours },
    ...createFacade(parts),

    async start() {
      await core.load()
      await Promise.all([
        presence.load(),
        parts.sessions.load(),
        parts.belonging.load(),
        parts.returning.load(),
      ])
      state.address = await links.start(settings.listen)
      await lan.start()
      await housekeeping.settleIn(links.pending)
      exchange.begin()
      retention.begin()
      autogroup.begin()
      noticing.begin()
      const name = parts.names.of(core.peer)
      log.info('joined', { peer: core.peer, name, links: links.all().length })
    },

    setDashboard: (dashboard) => presence.update({ dashboard }),

    setRoute(route) {
      state.route = route
      presence.update({ wakeable: route !== 'pull' })
    },

    stop(reason) {
      stopped ??= leave(reason)
      return stopped
    },
  }

  async function leave(reason: string): Promise<void> {
    exchange.stop()
    retention.stop()
    autogroup.stop()
    noticing.stop()
    parts.returning.stop()
    lan.stop()
    presence.stop()
    await housekeeping
      .goodbye()
      .catch((thrown: unknown) => log.warn('goodbye_not_kept', { thrown }))
    await links.stop(reason)
    await core.ledger.settled().catch(() => {})
    await store.close().catch((thrown: unknown) => log.warn('store_not_closed', { thrown }))
  }

  return mesh
}

/** What other rooms may ask of the parts. */
function createFacade(parts: Parts): Omit<Mesh, 'node' | 'peer' | 'start' | 'setRoute' | 'stop'> {
  const { messages, housekeeping, presence, watch, status, peers } = parts
  return {
    inbox: parts.inbox,
    groups: parts.groups,
    files: parts.files,
    digest: parts.returning.digest,
    ...parts.history,
    ...parts.work,
    ...parts.reports,
    send: messages.send,
    broadcast: messages.broadcast,
    setName: housekeeping.setName,
    setSummary: housekeeping.setSummary,
    setStatus: housekeeping.setStatus,
    touched: presence.touched,
    watch: watch.listen,
    status: status.status,
    whoami: status.whoami,
    peers: peers.list,
  }
}
