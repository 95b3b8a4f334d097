import type { NodeId } from '../state/ids.ts'
import type { Clock } from './clock.ts'
import type { Candidate } from './discovery.ts'
import type { Link } from './link.ts'

/** The older node of two dials only after this time, so that both do not dial at once. */
const olderWaitsMs = 2_000
/** Waits between dials: doubled from the first to the last, each a random part (full jitter). */
const backoffMs = { first: 200, last: 30_000 } as const
/** A link that lived this long is a reason to dial again soon. */
const livedMs = 5_000
/** How long the other end may take to prove that an older link lives. */
const probeMs = 1_000
/** Dials under way at once. */
const dialsMax = 8
/** Addresses remembered; hints beyond that are dropped. */
const candidatesMax = 512

/** What the roster needs from its node. */
export interface RosterDeps {
  readonly clock: Clock
  readonly self: NodeId
  /** Dials and shakes hands; resolves to nothing when it failed, the link itself goes to `admit`. */
  readonly dial: (candidate: Candidate) => Promise<DialOutcome>
  /** Somebody is linked now. */
  readonly linked: (link: Link) => void
  /** The last link to a node has ended. */
  readonly unlinked: (link: Link, reason: string) => void
}

/** How a dial ended. `self`: our own node answered. */
export type DialOutcome =
  | { readonly kind: 'linked'; readonly node: NodeId }
  | { readonly kind: 'self' }
  | { readonly kind: 'failed' }

interface Known {
  candidate: Candidate
  /** Who answered there, once somebody did. */
  node: NodeId | undefined
  seenMs: number
  attempts: number
  nextMs: number
  isDialling: boolean
  isSelf: boolean
}

/**
 * Whom this node knows, dials and is linked to.
 *
 * 1. At most one link per node is in use. Of two, both ends keep the one that the newer node
 *    dialled; of two dialled by the same end, the later.
 * 2. A link that would be dropped by rule 1 replaces one that does not answer a probe, so that a
 *    half-open link never locks a peer out.
 * 3. Handlers note a fact and call `evaluate`; `evaluate` never waits.
 * 4. Every address that is not linked is dialled again, at growing random intervals, until its
 *    source withdraws it. A fresh hint resets the interval.
 */
export interface Roster {
  seen(candidate: Candidate): void
  gone(candidate: Candidate): void
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
  const knownByAddress = new Map<string, Known>()
  const linksByNode = new Map<NodeId, Link>()
  let cancelWake = () => {}
  let isStopped = false

  function evaluate(): void {
    if (isStopped) return
    cancelWake()
    const nowMs = clock.elapsed()
    let dialling = [...knownByAddress.values()].filter(({ isDialling }) => isDialling).length
    let wakeMs = Number.POSITIVE_INFINITY
    for (const known of knownByAddress.values()) {
      if (known.isDialling || known.isSelf || isLinked(known)) continue
      const dueMs = Math.max(known.nextMs, isNewer(known) ? known.seenMs + olderWaitsMs : 0)
      if (dueMs > nowMs) wakeMs = Math.min(wakeMs, dueMs)
      else if (dialling < dialsMax) {
        dialling += 1
        dial(known)
      }
    }
    if (wakeMs < Number.POSITIVE_INFINITY) cancelWake = clock.after(wakeMs - nowMs, evaluate)
  }

  function dial(known: Known): void {
    known.isDialling = true
    known.attempts += 1
    const ceiling = Math.min(backoffMs.last, backoffMs.first * 2 ** Math.min(known.attempts, 10))
    void deps.dial(known.candidate).then((outcome) => {
      known.isDialling = false
      known.nextMs = clock.elapsed() + backoffMs.first / 2 + ceiling * fraction(clock)
      if (outcome.kind === 'linked') known.node = outcome.node
      if (outcome.kind === 'self') known.isSelf = true
      evaluate()
    })
  }

  function isLinked(known: Known): boolean {
    return known.node !== undefined && linksByNode.has(known.node)
  }

  function isNewer(known: Known): boolean {
    return known.node !== undefined && known.node > self
  }

  /** Whether a link was dialled by the newer of its two ends. */
  function isPreferred(link: Link): boolean {
    return (link.side === 'dialled') === self > link.node
  }

  function use(link: Link): void {
    const before = linksByNode.get(link.node)
    linksByNode.set(link.node, link)
    before?.close('replaced')
    if (before) deps.unlinked(before, 'replaced')
    deps.linked(link)
    evaluate()
  }

  return {
    seen(candidate) {
      if (candidate.node === self || isStopped) return
      const key = addressOf(candidate)
      const before = knownByAddress.get(key)
      // The same word again is no news: only a new or changed one resets the interval.
      if (before && before.candidate.node === candidate.node && !before.isSelf) return
      if (!before && knownByAddress.size >= candidatesMax) return
      knownByAddress.set(key, {
        candidate,
        node: candidate.node,
        seenMs: clock.elapsed(),
        attempts: 0,
        nextMs: 0,
        isDialling: before?.isDialling ?? false,
        isSelf: false,
      })
      evaluate()
    },

    gone(candidate) {
      knownByAddress.delete(addressOf(candidate))
    },

    admit(link) {
      if (isStopped) return link.close('leaving')
      const before = linksByNode.get(link.node)
      const isSameSide = before?.side === link.side
      if (!before || isSameSide || isPreferred(link)) return use(link)
      void before.probe(probeMs).then((isAlive) => {
        if (isAlive && linksByNode.get(link.node) === before) link.close('duplicate')
        else use(link)
      })
    },

    ended(link, reason) {
      if (linksByNode.get(link.node) !== link) return
      linksByNode.delete(link.node)
      for (const known of knownByAddress.values()) {
        if (known.node !== link.node) continue
        // Who ends a link at once will do so again: the wait goes on growing.
        if (clock.elapsed() - link.sinceMs >= livedMs) known.attempts = 0
        known.nextMs = Math.max(known.nextMs, clock.elapsed() + backoffMs.first * fraction(clock))
        known.seenMs = clock.elapsed()
      }
      deps.unlinked(link, reason)
      evaluate()
    },

    links: () => [...linksByNode.values()],
    linkTo: (node) => linksByNode.get(node),
    pending: () =>
      [...knownByAddress.values()].filter(
        (known) =>
          !known.isSelf &&
          !isLinked(known) &&
          !isNewer(known) &&
          known.attempts <= (known.isDialling ? 1 : 0),
      ).length,

    stop() {
      isStopped = true
      cancelWake()
    },
  }
}

/** A random number in [0, 1). */
function fraction(clock: Clock): number {
  const [high = 0, low = 0] = clock.random(2)
  return (high * 256 + low) / 65_536
}

function addressOf(candidate: Candidate): string {
  return `${candidate.host}:${candidate.port}`
}
