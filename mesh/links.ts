import { MeshError, toMeshError } from '../state/errors.ts'
import type { NodeId, PeerId } from '../state/ids.ts'
import type { Signer, Verify } from '../state/signatures.ts'
import type { Clock } from './clock.ts'
import type { Candidate, Discovery } from './discovery.ts'
import type { Frame } from './frames.ts'
import { type Acquaintance, type Introduction, shakeHands } from './hello.ts'
import { createLink, type Link } from './link.ts'
import type { Log } from './log.ts'
import type { Address, Listener, Network, Wire } from './network.ts'
import { createRoster, type DialOutcome, type Roster } from './roster.ts'

/** A dial and its hello may take this long. */
const dialMs = 5_000

/** What meeting others needs. */
export interface LinksDeps {
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly discoveries: readonly Discovery[]
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
}

/** The links of a node: listens, finds, dials, and keeps one link per node. */
export interface Links {
  start(listen: { readonly host: string; readonly ports: readonly number[] }): Promise<Address>
  all(): readonly Link[]
  pending(): number
  /** Hands every link a goodbye, closes all and withdraws the announcement. */
  stop(reason: string): Promise<void>
}

/** Makes the links of a node; nothing happens before `start`. */
export function createLinks(deps: LinksDeps, self: Introducing, events: LinksEvents): Links {
  const { clock, log, network, discoveries } = deps
  const stopping = new AbortController()
  let address: Address = { host: '127.0.0.1', port: 0 }
  let listener: Listener | undefined

  const roster: Roster = createRoster({
    clock,
    self: self.node,
    dial,
    linked: events.linked,
    unlinked: events.unlinked,
  })

  function introduction(): Introduction {
    return { ...self, role: 'node', port: address.port }
  }

  async function dial(candidate: Candidate): Promise<DialOutcome> {
    const late = new AbortController()
    const noAnswer = new MeshError('UNREACHABLE', 'No answer in time.')
    const cancel = clock.after(dialMs, () => late.abort(noAnswer))
    const signal = AbortSignal.any([stopping.signal, late.signal])
    try {
      const wire = await network.dial(candidate, signal)
      const acquaintance = await shakeHands(wire, introduction(), deps)
      adopt(wire, acquaintance)
      return { kind: 'linked', node: acquaintance.hello.node }
    } catch (thrown) {
      const failure = toMeshError(thrown)
      log.debug('dial_failed', { ...candidate, why: failure.message })
      if (failure.message.includes('own node')) return { kind: 'self' }
      for (const discovery of discoveries) discovery.refused(candidate)
      return { kind: 'failed' }
    } finally {
      cancel()
      clock.after(0, events.progressed)
    }
  }

  function accept(wire: Wire): void {
    shakeHands(wire, introduction(), deps)
      .then((acquaintance) => {
        if (acquaintance.hello.role === 'control') events.control(wire, acquaintance)
        else adopt(wire, acquaintance)
      })
      .catch((thrown: unknown) => {
        deps.count('hellos_refused')
        const { message, cause } = toMeshError(thrown)
        log.info('hello_refused', { from: wire.remote.host, why: message, cause })
      })
  }

  function adopt(wire: Wire, acquaintance: Acquaintance): void {
    const link = createLink({ wire, acquaintance }, linkEvents, clock)
    roster.admit(link)
  }

  const linkEvents = {
    frame(link: Link, frame: Frame) {
      if (roster.linkTo(link.node) !== link) return
      if (frame.kind === 'nodes') return introduce(link, frame.nodes)
      events.frame(link, frame)
    },
    closed(link: Link, reason: string) {
      roster.ended(link, reason)
      events.progressed()
    },
    malformed(link: Link) {
      deps.count('frames_malformed')
      log.warn('frame_malformed', { peer: link.peer, node: link.node })
    },
  }

  /** Takes hints from a link. A loopback address means nothing to somebody on another machine. */
  function introduce(link: Link, nodes: readonly (Address & { readonly node: NodeId })[]): void {
    for (const candidate of nodes) {
      if (isLoopback(candidate.host) && !link.loopback) continue
      roster.seen({ source: 'exchange', ...candidate })
    }
  }

  return {
    async start(listen) {
      listener = await network.listen(listen.host, listen.ports, accept)
      address = listener.address
      const announcement = { node: self.node, ...address }
      const sources = { seen: roster.seen, gone: roster.gone }
      await Promise.all(discoveries.map((discovery) => discovery.start(announcement, sources)))
      return address
    },

    all: roster.links,
    pending: roster.pending,

    async stop(reason) {
      stopping.abort(new MeshError('CANCELLED', 'The node is leaving.'))
      roster.stop()
      for (const link of roster.links()) {
        link.send({ kind: 'bye', reason })
        link.close(reason)
      }
      await Promise.allSettled(discoveries.map((discovery) => discovery.stop()))
      await listener?.close()
    },
  }
}

/** What a node tells a new link about the others it is linked to. */
export function introductions(link: Link, others: readonly Link[]): Frame {
  const nodes = others
    .filter((other) => other !== link && other.loopback === link.loopback && other.hello.port > 0)
    .map((other) => ({ node: other.node, host: other.remote.host, port: other.hello.port }))
  return { kind: 'nodes', nodes: nodes.slice(0, 256) }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}
