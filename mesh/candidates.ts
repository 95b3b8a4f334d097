import type { NodeId } from '../state/ids.ts'
import type { Clock } from './clock.ts'
import type { Candidate } from './discovery.ts'
import type { Address } from './network.ts'

/** Waits between dials: doubled from the first to the last, each a random part (full jitter). */
const backoffMs = { first: 200, last: 30_000 } as const
/** Two who see each other at the same moment do not dial at the same moment. */
const spreadMs = 300
/** Addresses remembered; hints beyond that are dropped. */
const candidatesMax = 512
/** Addresses that only other nodes told of, so that those always leave room for what we find. */
const hearsayMax = 384
/** An address that only other nodes told of is forgotten after failing for this long. */
const hearsayMs = 600_000

/** Sources, those first whose word counts most. */
const sources = ['static', 'rendezvous', 'mdns', 'exchange'] as const satisfies Source[]
type Source = Candidate['source']

/** An address and what came of dialling it. */
export interface Known {
  /** As the source that counts most has it. */
  readonly candidate: Candidate
  /** Who is said to be there, or has answered there. */
  readonly node: NodeId | undefined
  readonly seenMs: number
  readonly nextMs: number
  readonly attempts: number
  readonly isDialling: boolean
  /** Our own node answered there. */
  readonly isSelf: boolean
}

interface Note {
  /** Who is there, as each source says. */
  readonly nodesBySource: Map<Source, NodeId | undefined>
  candidate: Candidate
  node: NodeId | undefined
  seenMs: number
  nextMs: number
  attempts: number
  /** Since when nobody has answered; undefined while somebody does. */
  failingMs: number | undefined
  isDialling: boolean
  isSelf: boolean
}

/** How a dial ended. `self`: our own node answered. */
export type DialOutcome =
  | { readonly kind: 'linked'; readonly node: NodeId }
  | { readonly kind: 'self' }
  | { readonly kind: 'failed' }

/**
 * The addresses that a node has heard of, and when each is to be dialled next.
 *
 * 1. An address is kept until all its sources have withdrawn it. Nobody withdraws what other nodes
 *    told of, so that ends by itself.
 * 2. The same word again is no news: only a new or changed one resets the interval.
 */
export interface Candidates {
  /** Answers whether it is news. */
  seen(candidate: Candidate): boolean
  gone(candidate: Address & { readonly source: Source }): void
  /** A whole source is gone. */
  forget(source: Source): void
  all(): readonly Known[]
  /** An address as each of its sources has it. */
  told(known: Known): readonly Candidate[]
  dialling(known: Known): void
  dialled(known: Known, outcome: DialOutcome): void
  /** The link to a node has ended; one that lived is a reason to dial again soon. */
  ended(node: NodeId, hasLived: boolean): void
  /** What failed before may succeed now. */
  retry(): void
}

/** Makes an empty list. */
export function createCandidates(clock: Clock): Candidates {
  const notesByAddress = new Map<string, Note>()
  const noteOf = (address: Address) => notesByAddress.get(nameOf(address))

  function isHearsay({ nodesBySource }: Note): boolean {
    return nodesBySource.size === 1 && nodesBySource.has('exchange')
  }

  function hasRoom({ source }: Candidate): boolean {
    if (notesByAddress.size >= candidatesMax) return false
    if (source !== 'exchange') return true
    return [...notesByAddress.values()].filter(isHearsay).length < hearsayMax
  }

  /** Only mDNS shows both ends to each other at once, without saying who they are. */
  function firstWaitMs({ source, node }: Candidate): number {
    return source === 'mdns' && node === undefined ? spreadMs * fraction(clock) : 0
  }

  function withdraw(note: Note, source: Source): void {
    if (!note.nodesBySource.delete(source)) return
    const best = bestOf(note)
    if (best) note.candidate = candidateOf(note, best)
    else notesByAddress.delete(nameOf(note.candidate))
  }

  return {
    seen(candidate) {
      const { source, node } = candidate
      const before = noteOf(candidate)
      if (!before && !hasRoom(candidate)) return false
      const isSame = before?.nodesBySource.has(source) && before.nodesBySource.get(source) === node
      if (isSame && !before?.isSelf) return false
      const nowMs = clock.elapsed()
      const fresh = {
        node: node ?? before?.node,
        seenMs: nowMs,
        nextMs: nowMs + firstWaitMs(candidate),
        ...{ attempts: 0, failingMs: undefined, isSelf: false },
      }
      const note = before ?? { ...fresh, candidate, nodesBySource: new Map(), isDialling: false }
      note.nodesBySource.set(source, node)
      Object.assign(note, fresh, { candidate: candidateOf(note, bestOf(note) ?? source) })
      notesByAddress.set(nameOf(candidate), note)
      return true
    },

    gone(candidate) {
      const note = noteOf(candidate)
      if (note) withdraw(note, candidate.source)
    },

    forget(source) {
      for (const note of [...notesByAddress.values()]) withdraw(note, source)
    },

    all: () => [...notesByAddress.values()],

    told({ candidate }) {
      const note = noteOf(candidate)
      return note ? [...note.nodesBySource.keys()].map((source) => candidateOf(note, source)) : []
    },

    dialling({ candidate }) {
      const note = noteOf(candidate)
      if (!note) return
      note.isDialling = true
      note.attempts += 1
    },

    dialled({ candidate }, outcome) {
      const note = noteOf(candidate)
      if (!note) return
      const nowMs = clock.elapsed()
      const ceiling = Math.min(backoffMs.last, backoffMs.first * 2 ** Math.min(note.attempts, 10))
      note.isDialling = false
      note.nextMs = nowMs + backoffMs.first / 2 + ceiling * fraction(clock)
      note.failingMs = outcome.kind === 'failed' ? (note.failingMs ?? nowMs) : undefined
      if (outcome.kind === 'linked') note.node = outcome.node
      if (outcome.kind === 'self') note.isSelf = true
      const failedMs = nowMs - (note.failingMs ?? nowMs)
      if (isHearsay(note) && failedMs >= hearsayMs) withdraw(note, 'exchange')
    },

    ended(node, hasLived) {
      const nowMs = clock.elapsed()
      for (const note of notesByAddress.values()) {
        if (note.node !== node) continue
        // Who ends a link at once will do so again: the wait goes on growing.
        if (hasLived) note.attempts = 0
        note.nextMs = Math.max(note.nextMs, nowMs + backoffMs.first * fraction(clock))
        note.seenMs = nowMs
      }
    },

    retry() {
      const nowMs = clock.elapsed()
      for (const note of notesByAddress.values()) {
        Object.assign(note, { seenMs: nowMs, nextMs: nowMs, attempts: 0 })
      }
    },
  }
}

function bestOf({ nodesBySource }: Note): Source | undefined {
  return sources.find((source) => nodesBySource.has(source))
}

function candidateOf({ nodesBySource, candidate }: Note, source: Source): Candidate {
  const { host, port } = candidate
  const node = nodesBySource.get(source)
  return { source, host, port, ...(node === undefined ? {} : { node }) }
}

function nameOf({ host, port }: Address): string {
  return `${host} ${port}`
}

/** A random number in [0, 1). */
function fraction(clock: Clock): number {
  const [high = 0, low = 0] = clock.random(2)
  return (high * 256 + low) / 65_536
}
