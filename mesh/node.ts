import { MeshError } from '../state/errors.ts'
import type { NodeId, PeerId } from '../state/ids.ts'
import type { Context } from '../state/messages.ts'
import type { Card } from '../state/peers.ts'
import type { Signer, Verify } from '../state/signatures.ts'
import type { Store } from '../state/store.ts'
import type { Clock } from './clock.ts'
import { serveControl } from './control.ts'
import { createCore } from './core.ts'
import { createDelivery } from './delivery.ts'
import type { Discovery } from './discovery.ts'
import { createExchange } from './exchange.ts'
import { createHistory } from './history.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createInbox, hopsOf } from './inbox.ts'
import type { Link } from './link.ts'
import { createLinks, type Links } from './links.ts'
import type { Log } from './log.ts'
import type { Mesh, Route } from './mesh.ts'
import { createMessages } from './messages.ts'
import { createNames } from './names.ts'
import type { Address, Network } from './network.ts'
import { createPeers } from './peers.ts'
import { createPresenceBoard } from './presence.ts'
import { createReplication } from './replication.ts'
import { createSessions, type SessionMemory } from './sessions.ts'
import { createStatus } from './status.ts'
import { createViews } from './views.ts'
import { createWatch } from './watch.ts'

/** Everything from outside that a node needs. */
export interface NodeDeps {
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly discoveries: readonly Discovery[]
  readonly signer: Signer
  readonly verify: Verify
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

/** Makes a node; it joins with `start`. All parts act on the same core and the same links. */
export function createNode(deps: NodeDeps, settings: NodeSettings): Mesh {
  const { clock, log, store, signer } = deps
  const core = createCore({ ...deps, node: settings.node, peer: settings.peer })
  const lines = { all: (): readonly Link[] => links.all() }
  const presence = createPresenceBoard(core, store, lines.all)
  const replication = createReplication(core, lines.all)
  const delivery = createDelivery(core, lines.all)
  const names = createNames(core, {
    isOnline: (peer) => lines.all().some((link) => link.peer === peer),
    lastSeenMs: presence.lastSeenMs,
  })
  const peers = createPeers(core, { names, presence, links: lines.all })
  const views = createViews(core, names)
  const inbox = createInbox(core, { delivery, presence, views })
  const sessions = createSessions(core, deps.memory)
  const watch = createWatch(core, { delivery, names, views })
  const exchange = createExchange(core, { replication, delivery, presence, links: lines.all })
  const housekeeping = createHousekeeping(core, {
    ...{ names, peers, presence, sessions, delivery, exchange, inbox },
    whereabouts: deps.whereabouts,
    settings,
  })
  const history = createHistory(core, { peers, views, delivery })
  const messages = createMessages(core, {
    ...{ peers, delivery },
    brakes: settings.brakes,
    context: housekeeping.context,
    async hopsTo(peer, replyTo) {
      if (replyTo) return hopsOf(await core.feeds.find(replyTo)) + 1
      const last = inbox.hopsFrom(peer)
      return last === 0 ? 0 : last + 1
    },
  })
  const state = {
    startedMs: clock.elapsed(),
    route: 'pull' as Route,
    address: undefined as Address | undefined,
  }
  const status = createStatus(core, {
    ...{ peers, sessions, inbox, settings, presence },
    links: lines.all,
    storeBytes: deps.storeBytes,
    state,
  })
  let stopped: Promise<void> | undefined

  const links: Links = createLinks(
    { ...deps, signer, count: (name) => core.counters.add(name) },
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
      },
      frame: exchange.receive,
      control: (wire, acquaintance) =>
        serveControl(wire, acquaintance, { clock, mesh, leave: deps.leave }),
      progressed: housekeeping.progressed,
    },
  )

  const mesh: Mesh = {
    node: core.node,
    peer: core.peer,
    inbox,
    ...history,
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

    async start() {
      await core.load()
      await Promise.all([presence.load(), sessions.load()])
      state.address = await links.start(settings.listen)
      await housekeeping.settleIn(links.pending)
      exchange.begin()
      log.info('joined', { peer: core.peer, name: names.of(core.peer), links: links.all().length })
    },

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

/** The refusal of everything that is asked before the node has joined or after it has left. */
export function notJoined(): MeshError {
  return new MeshError('NO_MESH', 'This session is not in the mesh.', {
    hint: 'Run `mesh doctor`.',
  })
}
