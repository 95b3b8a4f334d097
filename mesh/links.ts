import { MeshError, toMeshError } from '../state/errors.ts'
import type { NodeId, PeerId } from '../state/ids.ts'
import type { Signer, Verify } from '../state/signatures.ts'
import type { DialOutcome } from './candidates.ts'
import type { Clock } from './clock.ts'
import type { Candidate, Discovery } from './discovery.ts'
import type { Frame } from './frames.ts'
import { type Acquaintance, type Introduction, shakeHands } from './hello.ts'
import { introduced } from './introductions.ts'
import { createLan, type Lan, type LanPlace } from './lan.ts'
import { createLink, type Link } from './link.ts'
import type { Log } from './log.ts'
import type { Address, Listener, Network, Wire } from './network.ts'
import { createRoster, type Roster } from './roster.ts'
import { createWelcome, isFar } from './welcome.ts'

/** A dial and its hello may take this long. */
const dialMs = 15_000
/** Within this time those on the LAN have answered who can hear us. */
const lookMs = 400

/** What meeting others needs. */
export interface LinksDeps {
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly discoveries: readonly Discovery[]
  /** Absent where there are no other machines. */
  readonly lan?: LanPlace
  /** The LAN port of a linked node, as it tells it; 0 or undefined when it has none. */
  readonly lanPortOf: (node: NodeId) => number | undefined
  readonly signer: Signer
  readonly verify: Verify
  readonly count: (name: string) => void
}

/** Who we are to others. */
export interface Introducing {
  readonly node: NodeId
  readonly peer: PeerId
  readonly mesh: string
  readonly host: string
}

/** What happens on links. Frames come only from links in use. */
export interface LinksEvents {
  linked(link: Link): void
  unlinked(link: Link, reason: string): void
  frame(link: Link, frame: Frame): void
  /** Somebody of this device knocked at the control door. */
  control(wire: Wire, acquaintance: Acquaintance): void
  /** Something that a start may wait for has happened. */
  progressed(): void
  /** Where we listen for other machines has changed; 0 when we no longer do. */
  lanMoved(port: number): void
}

/** The links of a node: listens, finds, dials, and keeps one link per node. */
export interface Links {
  start(listen: { readonly host: string; readonly ports: readonly number[] }): Promise<Address>
  all(): readonly Link[]
  /** How much is worth waiting for at the start. */
  pending(): number
  /** Begins or ends links to other machines. Resolves when that is done, or has failed for now. */
  setLan(isOn: boolean): Promise<void>
  /** Where links from other machines are accepted, and why not when they should be. */
  lan(): { readonly address: Address | undefined; readonly problem: string | undefined }
  /** Hands every link a goodbye, closes all and withdraws the announcement. */
  stop(reason: string): Promise<void>
}

/**
 * Makes the links of a node; nothing happens before `start`.
 *
 * While the LAN is off, only the addresses that the user named lead to other machines.
 */
export function createLinks(deps: LinksDeps, self: Introducing, events: LinksEvents): Links {
  const { clock, log, network, discoveries } = deps
  const stopping = new AbortController()
  /** Those that end when the LAN goes off. */
  const lanLinks = new WeakSet<Link>()
  let address: Address = { host: '127.0.0.1', port: 0 }
  let listener: Listener | undefined
  let isLooking = false
  let cancelLook = () => {}

  const welcome = createWelcome({
    clock,
    ownAddresses: deps.lan?.ownAddresses ?? (() => new Set()),
    lanPort: () => lan?.address()?.port,
    isNeighbour: (port) =>
      roster.links().some((link) => link.loopback && deps.lanPortOf(link.node) === port),
  })
  const roster: Roster = createRoster({
    ...{ clock, self: self.node, welcome, dial, refused },
    linked: events.linked,
    unlinked: events.unlinked,
  })
  const lan: Lan | undefined =
    deps.lan &&
    createLan(
      { ...{ clock, log, network }, node: self.node, place: deps.lan },
      {
        ...{ seen: roster.seen, gone: roster.gone, changed: lanChanged },
        accept: (wire) => accept(wire, true),
      },
    )

  /** Our own machine tells others which port of ours they can reach. */
  function introduction({ loopback }: Wire): Introduction {
    const port = loopback ? address.port : (lan?.address()?.port ?? 0)
    return { ...self, role: 'node', port }
  }

  function lanChanged(): void {
    const port = lan?.address()?.port ?? 0
    cancelLook()
    isLooking = port > 0
    if (isLooking) {
      cancelLook = clock.after(lookMs, () => {
        isLooking = false
        events.progressed()
      })
    } else {
      roster.forget('mdns')
      for (const link of roster.links()) if (lanLinks.has(link)) link.close('lan off')
    }
    events.lanMoved(port)
    roster.reconsider()
  }

  function refused(candidate: Candidate): void {
    for (const discovery of discoveries) discovery.refused(candidate)
    lan?.refused(candidate)
  }

  async function dial(candidate: Candidate): Promise<DialOutcome> {
    const late = new AbortController()
    const noAnswer = new MeshError('UNREACHABLE', 'No answer in time.')
    const cancel = clock.after(dialMs, () => late.abort(noAnswer))
    const signal = AbortSignal.any([stopping.signal, late.signal])
    try {
      const wire = await network.dial(candidate, signal)
      const acquaintance = await shakeHands(wire, introduction(wire), deps)
      if (welcome(candidate) === 'never') wire.close('lan off')
      else adopt(wire, acquaintance, isFar(candidate))
      return { kind: 'linked', node: acquaintance.hello.node }
    } catch (thrown) {
      const failure = toMeshError(thrown)
      log.debug('dial_failed', { ...candidate, why: failure.message, cause: failure.cause })
      return { kind: failure.message.includes('own node') ? 'self' : 'failed' }
    } finally {
      cancel()
      clock.after(0, events.progressed)
    }
  }

  function accept(wire: Wire, isFromLan: boolean): void {
    shakeHands(wire, introduction(wire), deps)
      .then((acquaintance) => {
        if (acquaintance.hello.role === 'control') events.control(wire, acquaintance)
        else adopt(wire, acquaintance, isFromLan)
      })
      .catch((thrown: unknown) => {
        deps.count('hellos_refused')
        const { message, cause } = toMeshError(thrown)
        log.info('hello_refused', { from: wire.remote.host, why: message, cause })
      })
  }

  function adopt(wire: Wire, acquaintance: Acquaintance, isOfLan: boolean): void {
    const link = createLink({ wire, acquaintance }, { frame, closed, malformed }, clock)
    if (isOfLan && !link.loopback) lanLinks.add(link)
    roster.admit(link)
  }

  function frame(link: Link, arrived: Frame): void {
    if (roster.linkTo(link.node) !== link) return
    if (arrived.kind === 'nodes') return introduced(link, arrived).forEach(roster.seen)
    events.frame(link, arrived)
  }

  function closed(link: Link, reason: string): void {
    roster.ended(link, reason)
    events.progressed()
  }

  function malformed(link: Link): void {
    deps.count('frames_malformed')
    log.warn('frame_malformed', { peer: link.peer, node: link.node })
  }

  return {
    async start(listen) {
      listener = await network.listen(listen.host, listen.ports, (wire) => accept(wire, false))
      address = listener.address
      const announcement = { node: self.node, ...address }
      const sources = { seen: roster.seen, gone: roster.gone }
      await Promise.all(discoveries.map((discovery) => discovery.start(announcement, sources)))
      return address
    },

    all: roster.links,
    pending: () => roster.pending() + (isLooking ? 1 : 0),
    setLan: async (isOn) => lan?.set(isOn),
    lan: () => ({ address: lan?.address(), problem: lan?.problem() }),

    async stop(reason) {
      stopping.abort(new MeshError('CANCELLED', 'The node is leaving.'))
      roster.stop()
      cancelLook()
      for (const link of roster.links()) {
        link.send({ kind: 'bye', reason })
        link.close(reason)
      }
      const sources = discoveries.map((discovery) => discovery.stop())
      await Promise.allSettled([...sources, lan?.stop()])
      await listener?.close()
    },
  }
}
