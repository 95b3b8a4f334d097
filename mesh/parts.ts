import { lobby } from '../state/groups.ts'
import { createSearch } from '../state/search.ts'
import { createActivity } from './activity.ts'
import { type Autogroup, createAutogroup } from './autogroup.ts'
import { type Belonging, createBelonging } from './belonging.ts'
import type { Core } from './core.ts'
import { createDelivery } from './delivery.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { createFiles, type Files } from './files.ts'
import { createGroups } from './groups.ts'
import { createHistory, type History } from './history.ts'
import { createHousekeeping, type Housekeeping } from './housekeeping.ts'
import { createInbox, hopsOf, type OwnInbox } from './inbox.ts'
import type { Link } from './link.ts'
import type { Groups, LanStatus } from './mesh.ts'
import { createMessages, type Messages } from './messages.ts'
import { createNames, type Names } from './names.ts'
import type { NodeDeps, NodeSettings, NodeState } from './needs.ts'
import { createNoticing, type Noticing } from './notices.ts'
import { createOperatorHousekeeping } from './operator.ts'
import { createOwnCard } from './ownCard.ts'
import { createPeers, type Peers } from './peers.ts'
import { createPresenceBoard, type PresenceBoard } from './presence.ts'
import { createRepair } from './repair.ts'
import { createReplication } from './replication.ts'
import { createReports, type Reports } from './report.ts'
import { createRetention, type Retention } from './retention.ts'
import { createReturning, type Returning } from './returning.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { createSources } from './sources.ts'
import { createStatus, type Status } from './status.ts'
import { createViews } from './views.ts'
import { createWatch, type Watch } from './watch.ts'
import { createWork, type Work } from './work.ts'

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
  readonly retention: Retention
  readonly status: Status
  readonly work: Work
  readonly groups: Groups
  readonly reports: Reports
  readonly autogroup: Autogroup
  readonly files: Files
  readonly belonging: Belonging
  readonly noticing: Noticing
  readonly returning: Returning
}

/** What the parts of a node are made of. */
interface Given {
  readonly deps: NodeDeps
  readonly settings: NodeSettings
  readonly state: NodeState
  readonly links: () => readonly Link[]
  readonly lan: () => LanStatus
}

/** Makes the parts of a node: all act on the same core and the same links. */
export function createParts(core: Core, given: Given): Parts {
  const people = createPeople(core, given)
  const shared = createShared(core, people, given)
  const keeping = createKeeping(core, { ...people, ...shared }, given)
  return { ...people, ...shared, ...keeping }
}

/** Who is there, and what passes between them and us. */
function createPeople(core: Core, { deps, settings, links }: Given) {
  const presence = createPresenceBoard(core, deps.store, links)
  const replication = createReplication(core, links)
  const repair = createRepair(core)
  const delivery = createDelivery(core, repair, links)
  const names = createNames(core, {
    isOnline: (peer) => links().some((link) => link.peer === peer),
    lastSeenMs: presence.lastSeenMs,
  })
  const act = createActivity(core, delivery)
  const files: Files = createFiles(core, {
    ...{ links, act, whereabouts: deps.whereabouts, isWindows: settings.isWindows ?? false },
    inbox: () => inbox,
    peers: () => peers,
  })
  const peers: Peers = createPeers(core, { names, presence, links, filesOf: files.of })
  const views = createViews(core, names)
  const inbox: OwnInbox = createInbox(core, { delivery, presence, views })
  const watch = createWatch(core, { delivery, names, views })
  const exchange = createExchange(core, { replication, delivery, repair, presence, files, links })
  return { presence, delivery, names, act, files, peers, views, inbox, watch, exchange }
}

type People = ReturnType<typeof createPeople>

/** What a group works on together. */
function createShared(core: Core, people: People, { deps, settings, links }: Given) {
  const { peers, names, act, inbox } = people
  const { store, whereabouts, memory } = deps
  const sessions = createSessions(core, memory)
  const work = createWork(core, { peers, names, act, links })
  const groups = createGroups(core, { peers, names, act })
  const reports = createReports(core, { peers, sessions, groups, work })
  const autogroup = createAutogroup(core, {
    ...{ mesh: settings.mesh, groups, whereabouts },
    unread: () => core.inbox.count(),
  })
  const belonging = createBelonging(core, store)
  const returning = createReturning(core, { store, work, names })
  const noticing = createNoticing(core, {
    ...{ inbox, work, sources: createSources(core.inbox.wasTold) },
    sinceMs: belonging.sinceMs,
  })
  return { sessions, work, groups, reports, autogroup, belonging, returning, noticing }
}

type Shared = ReturnType<typeof createShared>

/** What this peer says, remembers and lets go. */
function createKeeping(core: Core, parts: People & Shared, given: Given) {
  const { deps, settings, state, links, lan } = given
  const { peers, views, inbox, delivery, groups, names } = parts
  const card = createOwnCard(core, deps.whereabouts, () => labelOf(core, groups))
  const keep = settings.isOperator ? createOperatorHousekeeping : createHousekeeping
  const housekeeping = keep(core, {
    ...{ ...parts, card, settings, whereabouts: deps.whereabouts },
    groupName: groups.nameOf,
  })
  const messages = createMessages(core, {
    ...{ peers, delivery },
    brakes: settings.brakes,
    context: housekeeping.context,
    async hopsTo(peer, replyTo) {
      // A human's word is where a chain begins.
      if (settings.isOperator) return 0
      if (replyTo) return hopsOf(await core.feeds.find(replyTo)) + 1
      const last = inbox.hopsFrom(peer)
      return last === undefined ? 0 : last + 1
    },
  })
  const search = settings.isOperator ? createSearch(deps.store) : undefined
  const history = createHistory(core, { peers, views, delivery, ...(search ? { search } : {}) })
  const retention = createRetention(core, { inbox, names, letGo: () => search?.release() })
  const status = createStatus(core, {
    ...{ ...parts, settings, links, state, lan },
    storeBytes: deps.storeBytes,
  })
  return { housekeeping, messages, history, retention, status }
}

/** What our group is called for those outside: only open ones may be named to them. */
function labelOf(core: Core, groups: Groups): string | undefined {
  const own = core.groupOf(core.peer)
  return own === lobby || core.circleOf(core.peer) !== lobby ? undefined : groups.nameOf(own)
}
