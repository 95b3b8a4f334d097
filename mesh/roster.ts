import type { NodeId } from '../state/ids.ts'
import { createCandidates, type DialOutcome, type Known } from './candidates.ts'
import type { Clock } from './clock.ts'
import type { Candidate } from './discovery.ts'
import type { Link } from './link.ts'
import { isLoopback } from './network.ts'
import { createPace } from './pace.ts'
import type { Welcome } from './welcome.ts'

/** The older node of two dials only after this time, so that both do not dial at once. */
const olderWaitsMs = 2_000
/** So long waits what may not be worth a dial, in case something else leads there meanwhile. */
const waitsMs = { now: 0, later: 2_000, last: 8_000, never: Number.POSITIVE_INFINITY } as const
/** A link that lived this long is a reason to dial again soon. */
const livedMs = 5_000
/** How long the other end may take to prove that an older link lives. */
const probeMs = 1_000

/** What the roster needs from its node. */
export interface RosterDeps {
  readonly clock: Clock
  readonly self: NodeId
  /** What the node thinks of an address at present; after a change `reconsider` is called. */
  readonly welcome: (candidate: Candidate) => Welcome
  /** Dials and shakes hands; the link itself goes to `admit`. Never rejects. */
  readonly dial: (candidate: Candidate) => Promise<DialOutcome>
  /** Nobody of the mesh was there; told for each source of the address. */
  readonly refused: (candidate: Candidate) => void
  /** Somebody is linked now. */
  readonly linked: (link: Link) => void
  /** The last link to a node has ended. */
  readonly unlinked: (link: Link, reason: string) => void
}

/**
 * Whom this node knows, dials and is linked to.
 *
 * 1. At most one link per node is in use. Of two, both ends keep the one over loopback; of two
 *    that are alike, the one that the newer node dialled; of two dialled by the same end, the later.
 * 2. A link that would be dropped by rule 1 replaces one that does not answer a probe, so that a
 *    half-open link never locks a peer out.
 * 3. Handlers note a fact and call `evaluate`; `evaluate` never waits.
 * 4. Every welcome address that is not linked is dialled again, at growing random intervals, until
 *    its sources withdraw it. A fresh hint resets the interval.
 */
export interface Roster {
  seen(candidate: Candidate): void
  gone(candidate: Candidate): void
  /** A whole source of addresses has ended. */
  forget(source: Candidate['source']): void
  /** Other addresses may be welcome now than before: those are dialled at once. */
  reconsider(): void
  /** Takes a link into use, or closes it by rule 1. */
  admit(link: Link): void
  /** A link has ended. */
  ended(link: Link, reason: string): void
  links(): readonly Link[]
  linkTo(node: NodeId): Link | undefined
  /** Candidates worth waiting for at the start: neither linked nor failed yet. */
  pending(): number
  stop(): void
}

/** Makes a roster; it acts as soon as it has seen somebody. */
export function createRoster(deps: RosterDeps): Roster {
  const { clock, self } = deps
  const candidates = createCandidates(clock)
  const pace = createPace()
  const linksByNode = new Map<NodeId, Link>()
  const ended = new WeakSet<Link>()
  let cancelWake = () => {}
  let isStopped = false

  function evaluate(): void {
    if (isStopped) return
    cancelWake()
    const nowMs = clock.elapsed()
    let wakeMs = Number.POSITIVE_INFINITY
    // Those that were never tried come first, so that the unreachable do not hold up the others.
    const wanted = candidates.all().filter(isWanted)
    for (const known of wanted.sort((one, other) => one.attempts - other.attempts)) {
      const dueMs = dueAt(known)
      if (dueMs > nowMs) wakeMs = Math.min(wakeMs, dueMs)
      else if (pace.mayDial(known.candidate.host)) dial(known)
    }
    if (wakeMs < Number.POSITIVE_INFINITY) cancelWake = clock.after(wakeMs - nowMs, evaluate)
  }

  function isWanted(known: Known): boolean {
    if (known.isDialling || known.isSelf || isServed(known)) return false
    return welcome(known) !== 'never'
  }

  /** Where any source knows who is there, nothing is left to guess from the address. */
  function welcome({ candidate, node }: Known): Welcome {
    return deps.welcome(node === undefined ? candidate : { ...candidate, node })
  }

  function dueAt(known: Known): number {
    const waitMs = Math.max(isNewer(known) ? olderWaitsMs : 0, waitsMs[welcome(known)])
    return Math.max(known.nextMs, waitMs > 0 ? known.seenMs + waitMs : 0)
  }

  function dial(known: Known): void {
    const { host } = known.candidate
    const sinceMs = clock.elapsed()
    candidates.dialling(known)
    pace.begun(host)
    void deps.dial(known.candidate).then((outcome) => {
      const isLinked = outcome.kind !== 'failed'
      pace.ended(host, { isLinked, tookMs: clock.elapsed() - sinceMs })
      const told = outcome.kind === 'failed' ? candidates.told(known) : []
      candidates.dialled(known, outcome)
      for (const candidate of told) deps.refused(candidate)
      evaluate()
    })
  }

  /** Whether there is a link that this address could not better. */
  function isServed({ node, candidate }: Known): boolean {
    const link = node && linksByNode.get(node)
    return link !== undefined && (link.loopback || !isLoopback(candidate.host))
  }

  function isNewer({ node }: Known): boolean {
    return node !== undefined && node > self
  }

  function admit(link: Link): void {
    if (isStopped) return link.close('leaving')
    const before = linksByNode.get(link.node)
    if (!before || isBetter(link, before)) return use(link)
    void before.probe(probeMs).then((isAlive) => {
      const present = linksByNode.get(link.node)
      if (present && present !== before) admit(link)
      else if (present && isAlive) link.close('duplicate')
      else use(link)
    })
  }

  function use(link: Link): void {
    // It may have ended while another one was probed.
    if (isStopped || ended.has(link)) return link.close('leaving')
    const before = linksByNode.get(link.node)
    linksByNode.set(link.node, link)
    before?.close('replaced')
    if (before) deps.unlinked(before, 'replaced')
    remember(link)
    deps.linked(link)
    evaluate()
  }

  /** Who dialled us over the LAN says where it listens: the way back, when this link ends. */
  function remember({ node, remote, side, loopback, hello }: Link): void {
    if (side === 'dialled' || loopback || hello.port === 0) return
    candidates.seen({ source: 'exchange', node, host: remote.host, port: hello.port })
  }

  /** Rule 1, whatever end judges. */
  function isBetter(link: Link, before: Link): boolean {
    if (link.loopback !== before.loopback) return link.loopback
    return link.side === before.side || (link.side === 'dialled') === self > link.node
  }

  return {
    seen(candidate) {
      if (candidate.node === self || isStopped) return
      if (candidates.seen(candidate)) evaluate()
    },

    gone: candidates.gone,
    forget: candidates.forget,

    reconsider() {
      candidates.retry()
      evaluate()
    },

    admit,

    ended(link, reason) {
      ended.add(link)
      if (linksByNode.get(link.node) !== link) return
      linksByNode.delete(link.node)
      candidates.ended(link.node, clock.elapsed() - link.sinceMs >= livedMs)
      deps.unlinked(link, reason)
      evaluate()
    },

    links: () => [...linksByNode.values()],
    linkTo: (node) => linksByNode.get(node),
    pending: () => candidates.all().filter(isPending).length,

    stop() {
      isStopped = true
      cancelWake()
    },
  }

  function isPending(known: Known): boolean {
    if (known.isSelf || isServed(known) || isNewer(known)) return false
    if (welcome(known) !== 'now') return false
    return known.attempts <= (known.isDialling ? 1 : 0)
  }
}
