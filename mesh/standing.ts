import type { Document } from '../state/document.ts'
import { directoryName, groupDocument, isShared } from '../state/groups.ts'
import type { PeerId } from '../state/ids.ts'
import type { Operator } from '../state/operators.ts'
import { createDocuments, type Documents } from './documents.ts'
import { createPlaces } from './places.ts'

/** What standing somewhere needs. */
export interface StandingDeps {
  readonly peer: PeerId
  readonly isOperator: boolean
  /** Makes a document that has not been read yet. */
  readonly make: (name: string) => Document
  /** Brings what we wrote in a document that was just read to the newest form. */
  readonly migrate: (document: Document) => Promise<unknown>
  readonly failed: (thrown: unknown) => void
}

/** Where this peer and all others stand, and which documents that opens to it. */
export interface Standing
  extends Pick<Documents, 'moved' | 'opened' | 'stand' | 'load' | 'follow'> {
  readonly directory: Document
  /** Whether the directory says that we belong elsewhere, and the documents there are being opened. */
  wantsToMove(): boolean
  /** The open document of that name. */
  document(name: string): Document | undefined
  documents(): readonly Document[]
  /** The document in which the card and the name of a peer stand, when it is open here. */
  facesOf(peer: PeerId): Document | undefined
  /** The group that a peer works in, by our view of the directory. */
  groupOf(peer: PeerId): string
  /** The group whose document holds the card and the name of a peer. */
  circleOf(peer: PeerId): string
  /** Whether we may know of a peer, and it of us. */
  sees(peer: PeerId): boolean
  /** The operators of all devices, by peer, as our view of the directory knows them. */
  operators(): ReadonlyMap<PeerId, Operator>
  /** Whether a peer is the operator of a device. */
  isOperator(peer: PeerId): boolean
  /** Whether we share a document or scope with a peer, by our view of the directory. */
  sharesWith(peer: PeerId, documentOrScope: string): boolean
}

/** Makes the standing of a peer; nothing is read before `load`. */
export function createStanding(deps: StandingDeps): Standing {
  const { peer, make, migrate, failed } = deps
  const directory = make(directoryName)
  const places = createPlaces(directory)
  const isOperator = (of: PeerId) => (of === peer ? deps.isOperator : places.operators().has(of))
  const documents = createDocuments({
    ...{ directory, places, make, migrate, failed, holdsAll: deps.isOperator },
    wanted: () => ({ group: places.groupOf(peer), circle: places.circleOf(peer) }),
  })
  // We are where our documents are open, a moment later than the directory says.
  const groupOf = (of: PeerId) => (of === peer ? documents.stand().group : places.groupOf(of))
  const circleOf = (of: PeerId) => (of === peer ? documents.stand().circle : places.circleOf(of))

  return {
    ...{ directory, groupOf, circleOf, isOperator },
    ...{ moved: documents.moved, opened: documents.opened, stand: documents.stand },
    ...{ load: documents.load, follow: documents.follow },
    wantsToMove: () => places.groupOf(peer) !== documents.stand().group,
    document: documents.get,
    documents: documents.all,
    facesOf: (of) => documents.get(groupDocument(circleOf(of))),
    sees: (other) => isOperator(peer) || isOperator(other) || circleOf(other) === circleOf(peer),
    operators: places.operators,
    sharesWith(other, name) {
      const bound = [peer, other].filter((one) => !isOperator(one))
      return isShared(name, bound, { groupOf, circleOf })
    },
  }
}
