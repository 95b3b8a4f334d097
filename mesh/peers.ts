import { MeshError } from '../state/errors.ts'
import { hybridToMs } from '../state/hybrid.ts'
import { idPrefixMin, type PeerId } from '../state/ids.ts'
import type { PeerScope } from '../state/messages.ts'
import { type Card, card, type Peer } from '../state/peers.ts'
import type { Core } from './core.ts'
import type { Link } from './link.ts'
import type { PeerList } from './mesh.ts'
import type { Names } from './names.ts'
import type { Presence, PresenceBoard } from './presence.ts'

/** Candidates that a refusal names. */
const candidatesMax = 8

/** What is known of peers. */
export interface PeersDeps {
  readonly names: Names
  readonly presence: PresenceBoard
  readonly links: () => readonly Link[]
  /** The files that a peer has in hand. */
  readonly filesOf: (peer: PeerId) => readonly string[]
}

/** The peers of our group, as tools and commands show them. */
export interface Peers {
  view(peer: PeerId): Peer
  list(query: { readonly scope?: PeerScope; readonly offline?: boolean }): PeerList
  /** Whom a text means. Fails with UNKNOWN_PEER or AMBIGUOUS_PEER, naming the candidates. */
  resolve(text: string): PeerId
  linkTo(peer: PeerId): Link | undefined
  isOnline(peer: PeerId): boolean
  presenceOf(peer: PeerId): Presence | undefined
  /** The card that a peer has published, if any. */
  card(peer: PeerId): Card | undefined
}

/** Makes the view of a node on its peers. */
export function createPeers(core: Core, deps: PeersDeps): Peers {
  const { names, presence } = deps
  const byName = new Intl.Collator('en', { numeric: true }).compare

  /** After a restart both processes may be linked for a moment: the newer one holds the seat. */
  function linkTo(peer: PeerId): Link | undefined {
    return deps
      .links()
      .filter((link) => link.peer === peer)
      .sort((left, right) => (left.node < right.node ? 1 : -1))[0]
  }

  function cardRecordOf(peer: PeerId) {
    return core.facesOf(peer)?.get(`card/${peer}`)
  }

  function cardOf(peer: PeerId): Card | undefined {
    return card.safeParse(cardRecordOf(peer)?.value).data
  }

  function isOnline(peer: PeerId): boolean {
    return peer === core.peer || linkTo(peer) !== undefined
  }

  function presenceOf(peer: PeerId): Presence | undefined {
    if (peer === core.peer) return presence.own()
    const link = linkTo(peer)
    return link && presence.of(link.node)
  }

  function lastSeenMs(peer: PeerId): number {
    if (isOnline(peer)) return core.clock.now()
    const stamp = cardRecordOf(peer)?.at ?? 0
    return presence.lastSeenMs(peer) ?? hybridToMs(stamp)
  }

  function view(peer: PeerId): Peer {
    const own = cardOf(peer)
    const online = isOnline(peer)
    const there = presenceOf(peer)
    return {
      id: peer,
      name: names.of(peer),
      status: online ? (there?.status ?? 'online') : 'offline',
      online,
      group: own?.label ?? core.groupOf(peer),
      cwd: own?.cwd ?? '',
      repo: own?.repo ?? null,
      branch: own?.branch ?? null,
      summary: own?.summary ?? '',
      device: own?.host ?? core.operators().get(peer)?.host ?? peer.slice(0, 8),
      files: deps.filesOf(peer),
      wakeable: there?.wakeable ?? false,
      last_seen: new Date(lastSeenMs(peer)).toISOString(),
    }
  }

  /**
   * Everybody whom we see and who published a card, ourselves excepted. Somebody who is linked but
   * has not said yet who it is would have no name to be called by.
   */
  function visible(): PeerId[] {
    const documents = core.isOperator(core.peer) ? core.documents() : [core.faces]
    return documents.flatMap((document) =>
      document
        .list('card/')
        .map(({ by }) => by)
        .filter((peer) => peer !== core.peer && core.facesOf(peer) === document),
    )
  }

  /** Operators are in no group and in no list, and can be spoken to all the same. */
  function operators(): PeerId[] {
    return [...core.operators().keys()].filter((peer) => peer !== core.peer)
  }

  function isInScope(peer: PeerId, scope: PeerScope): boolean {
    if (scope === 'mesh') return true
    if (scope === 'machine') return peer.slice(0, 8) === core.peer.slice(0, 8)
    const [mine, theirs] = [cardOf(core.peer), cardOf(peer)]
    if (!mine || !theirs) return false
    if (scope === 'directory') {
      return peer.slice(0, 8) === core.peer.slice(0, 8) && mine.cwd === theirs.cwd
    }
    return mine.remote === null
      ? mine.repo !== null && mine.repo === theirs.repo && mine.host === theirs.host
      : mine.remote === theirs.remote
  }

  function refuse(text: string, found: readonly PeerId[]): never {
    const pool = found.length > 0 ? found : visible()
    const shown = pool
      .slice(0, candidatesMax)
      .map((peer) => `${names.of(peer)} (${peer}${isOnline(peer) ? '' : ', offline'})`)
    const list = shown.length > 0 ? `Known: ${shown.join(', ')}.` : 'Nobody else is here yet.'
    const quoted = JSON.stringify(text.slice(0, 64))
    if (found.length === 0 && text.trim().toLowerCase() === 'operator') {
      throw new MeshError('UNKNOWN_PEER', 'The operator of this machine is not here yet.', {
        hint: 'Its seat is taken by a running session within a second: try again.',
      })
    }
    throw found.length > 0
      ? new MeshError('AMBIGUOUS_PEER', `${quoted} could mean more than one peer.`, {
          hint: `Use the ID. ${list}`,
        })
      : new MeshError('UNKNOWN_PEER', `No peer is called ${quoted}.`, {
          hint: `${list} See list_peers.`,
        })
  }

  return {
    view,
    linkTo,
    isOnline,
    presenceOf,
    card: cardOf,

    list({ scope = 'mesh', offline = false }) {
      const peers = visible()
        .filter((peer) => (offline || isOnline(peer)) && isInScope(peer, scope))
        .map(view)
        .sort((left, right) => byName(left.name, right.name))
      return { self: view(core.peer), peers }
    },

    resolve(text) {
      const wanted = text.trim().toLowerCase()
      const pool = [...visible(), ...operators(), core.peer]
      const named = pool.filter((peer) => names.of(peer).toLowerCase() === wanted)
      const meant =
        named.length > 0
          ? named
          : pool.filter((peer) => wanted.length >= idPrefixMin && peer.startsWith(wanted))
      const live = meant.filter(isOnline)
      const [peer, ...others] = live.length > 0 ? live : meant
      if (!peer || others.length > 0) return refuse(text, meant)
      return peer
    },
  }
}
