import type { Core } from './core.ts'
import { createDelivery } from './delivery.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { createHistory, type History } from './history.ts'
import { createHousekeeping, type Housekeeping } from './housekeeping.ts'
import { createInbox, hopsOf, type OwnInbox } from './inbox.ts'
import type { Link } from './link.ts'
import { createMessages, type Messages } from './messages.ts'
import { createNames, type Names } from './names.ts'
import type { NodeDeps, NodeSettings, NodeState } from './needs.ts'
import { createPeers, type Peers } from './peers.ts'
import { createPresenceBoard, type PresenceBoard } from './presence.ts'
import { createRepair } from './repair.ts'
import { createReplication } from './replication.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { createStatus, type Status } from './status.ts'
import { createViews } from './views.ts'
import { createWatch, type Watch } from './watch.ts'

/** The parts of a node that others than themselves call. */
export interface Parts {
  readonly presence: PresenceBoard
  readonly names: Names
  readonly peers: Peers
  readonly inbox: OwnInbox
  readonly sessions: Sessions
  readonly watch: Watch
  readonly exchange: Exchange
  readonly housekeeping: Housekeeping
  readonly history: History
  readonly messages: Messages
  readonly status: Status
}

/** Makes the parts of a node: all act on the same core and the same links. */
export function createParts(
  core: Core,
  given: {
    readonly deps: NodeDeps
    readonly settings: NodeSettings
    readonly state: NodeState
    readonly links: () => readonly Link[]
  },
): Parts {
  const { deps, settings, state, links } = given
  const presence = createPresenceBoard(core, deps.store, links)
  const replication = createReplication(core, links)
  const repair = createRepair(core)
  const delivery = createDelivery(core, repair, links)
  const names = createNames(core, {
    isOnline: (peer) => links().some((link) => link.peer === peer),
    lastSeenMs: presence.lastSeenMs,
  })
  const peers = createPeers(core, { names, presence, links })
  const views = createViews(core, names)
  const inbox = createInbox(core, { delivery, presence, views })
  const sessions = createSessions(core, deps.memory)
  const watch = createWatch(core, { delivery, names, views })
  const exchange = createExchange(core, { replication, delivery, repair, presence, links })
  const housekeeping = createHousekeeping(core, {
    ...{ names, peers, presence, sessions, delivery, exchange, inbox, settings },
    whereabouts: deps.whereabouts,
  })
  const messages = createMessages(core, {
    ...{ peers, delivery },
    brakes: settings.brakes,
    context: housekeeping.context,
    async hopsTo(peer, replyTo) {
      if (replyTo) return hopsOf(await core.feeds.find(replyTo)) + 1
      const last = inbox.hopsFrom(peer)
      return last === undefined ? 0 : last + 1
    },
  })
  const history = createHistory(core, { peers, views, delivery })
  const status = createStatus(core, {
    ...{ peers, sessions, inbox, settings, links, state },
    storeBytes: deps.storeBytes,
  })
  return {
    ...{ presence, names, peers, inbox, sessions, watch },
    ...{ exchange, housekeeping, history, messages, status },
  }
}
