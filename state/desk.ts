import type { Put } from './document.ts'
import type { ObjectId, PeerId } from './ids.ts'
import type { Notice } from './inbox.ts'
import type { Rec } from './records.ts'

/** What a peer reads of the shared work of its group, and by whose eyes. Always as it is now. */
export interface Desk {
  /** Who looks: the peer that acts. */
  readonly peer: PeerId
  readonly group: string
  /** Milliseconds since 1970, by our clock. */
  now(): number
  /** All valid records of the group whose key begins so; quick for `task/` and `task/<id>/`. */
  list(prefix: string): readonly Rec[]
  get(key: string): Rec | undefined
  /** Whether a peer is the operator of a device, who may do what a human may. */
  isOperator(peer: PeerId): boolean
  /** The members of the group that are online now, ourselves included when we are one of them. */
  online(): readonly PeerId[]
  /** When a peer was last known to live, in milliseconds since 1970; now when it is online. */
  lastSeenMs(peer: PeerId): number
  nameOf(peer: PeerId): string
}

/** A desk at which something can be done. */
export interface WorkDesk extends Desk {
  createId(): ObjectId
  /** Whom a text means: name, ID, a beginning of one, or `operator`. Fails with UNKNOWN_PEER or AMBIGUOUS_PEER. */
  resolve(text: string): PeerId
}

/** What an operation wants done: all of it in one batch, or none. */
export interface Plan<Answer> {
  readonly records: readonly Put[]
  /** The entry in the group's log, of the same batch: a verb in the past, and what it was done to. */
  readonly activity: { readonly action: string; readonly detail: string }
  /** Others may be doing the same at this moment: so many milliseconds pass before the answer. */
  readonly settleMs?: number
  /** Reads the answer from the desk once everything is on disk and time has passed. */
  readonly answer: (desk: Desk) => Answer
}

/**
 * An operation on shared work: checks what is asked against the desk, and answers what is to be
 * written. Refusals are `MeshError`. It is synchronous, so that nothing changes between its look and
 * its plan.
 */
export type Operation<Answer> = (desk: WorkDesk) => Plan<Answer>

/**
 * Derives what `desk.peer` should be told, from records alone: the same on every replica and after
 * any crash. `touched` holds the keys that changed, so that not everything is looked at each time;
 * the ID of a notice says what happened (`task/<id>/assigned/<at>`), so that it is told once.
 */
export type Notices = (desk: Desk, touched: readonly string[]) => readonly Notice[]

/** The second part of each key that begins so: the objects that were touched. */
export function touchedIds(touched: readonly string[], kind: string): ReadonlySet<string> {
  const prefix = `${kind}/`
  return new Set(
    touched.flatMap((key) => {
      const [, id] = key.startsWith(prefix) ? key.split('/') : []
      return id === undefined ? [] : [id]
    }),
  )
}
