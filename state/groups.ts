import { z } from 'zod'
import { pairOf } from './feeds.ts'
import type { PeerId } from './ids.ts'
import { createReading } from './reading.ts'
import type { Rec } from './records.ts'

/** The group of everybody who is in no other. */
export const lobby = 'lobby'
/** The document that every node holds. The number is its epoch. */
export const directoryName = 'directory@1'

const groupId = z.string().regex(/^[a-z0-9]{1,40}$/)

/** What a writer says under `membership/<peer>/<writer>` of the group a peer works in. */
const readMembership = createReading(
  z.object({
    /** Null hands the choice back to the peer's own node. */
    group: groupId.nullable(),
    manual: z.boolean(),
  }),
)

/** What a writer says under `group/<group>/<writer>`. */
const readGroup = createReading(
  z.object({ sealed: z.boolean(), deleted: z.boolean(), automatic: z.boolean() }),
)

/** What a group may be called: a line without slashes at its ends. */
export const groupTitle = z
  .string()
  .max(64)
  .regex(/^[\p{L}\p{N}](?:[\p{L}\p{N} ._/#+-]*[\p{L}\p{N}])?$/u)

const readTitle = createReading(groupTitle)

/** The directory, and who in it may speak for others. */
export interface Directory {
  list(prefix: string): readonly Rec[]
  isOperator(peer: PeerId): boolean
}

/** A group as the directory knows it. */
export interface Group {
  readonly id: string
  /** Nobody outside learns anything of it. */
  readonly isSealed: boolean
  /** Made for a branch, by the nodes themselves. */
  readonly isAutomatic: boolean
}

/** Where everybody is. */
export interface Places {
  groupOf(peer: PeerId): string
  /** The group whose document holds the cards and names that a peer sees: the lobby for all open groups. */
  circleOf(peer: PeerId): string
}

/** The document of a group. The number is its epoch. */
export function groupDocument(group: string): string {
  return `group:${group}@1`
}

/** Where a writer says which group a peer works in. */
export function membershipKey(peer: PeerId, writer: PeerId): string {
  return `membership/${peer}/${writer}`
}

/** Where a writer says what kind of group it is. */
export function groupKey(group: string, writer: PeerId): string {
  return `group/${group}/${writer}`
}

/** Where a writer says in a group's document what the group is called. */
export function titleKey(writer: PeerId): string {
  return `title/${writer}`
}

/** What a group is called: an operator's latest word, else the first of anybody; undefined without one. */
export function titleOf(document: Directory): string | undefined {
  const words = document.list('title/').flatMap((rec) => {
    const value = readTitle(rec)
    return value === undefined ? [] : [{ value, rec }]
  })
  const ruling = newest(words.filter(({ rec }) => document.isOperator(rec.by)))
  const [first] = words.sort(({ rec: one }, { rec: other }) =>
    one.at === other.at ? (one.key < other.key ? -1 : 1) : one.at - other.at,
  )
  return (ruling ?? first)?.value
}

/** When a branch makes a group of its own: when it is not the default one, each, or none. */
export const autogroupMode = z.enum(['feature', 'always', 'off'])
/** When a branch makes a group of its own. */
export type AutogroupMode = z.infer<typeof autogroupMode>

const readMode = createReading(autogroupMode)

/** Where an operator says it, for the whole mesh. */
export function autogroupKey(writer: PeerId): string {
  return `setting/autogroup/${writer}`
}

/** What an operator said last; `feature` without a word. */
export function autogroupOf(directory: Directory): AutogroupMode {
  const words = directory.list('setting/autogroup/').flatMap((rec) => {
    const value = readMode(rec)
    return value && directory.isOperator(rec.by) ? [{ value, rec }] : []
  })
  return newest(words)?.value ?? 'feature'
}

/**
 * A group, or undefined when nobody may have made it or it was deleted. An operator's latest word
 * counts; without one, anybody's word makes an open automatic group, and nothing else.
 */
export function findGroup(id: string, directory: Directory): Group | undefined {
  if (id === lobby) return { id, isSealed: false, isAutomatic: false }
  const words = directory.list(`group/${id}/`).flatMap((rec) => {
    const value = readGroup(rec)
    return value ? [{ ...value, rec }] : []
  })
  const ruling = newest(words.filter(({ rec }) => directory.isOperator(rec.by)))
  if (ruling) {
    const { sealed, automatic, deleted } = ruling
    return deleted ? undefined : { id, isSealed: sealed, isAutomatic: automatic }
  }
  const isAutomatic = words.some(({ automatic, deleted }) => automatic && !deleted)
  return isAutomatic ? { id, isSealed: false, isAutomatic } : undefined
}

/** All groups, the lobby first, then by ID. */
export function groupsOf(directory: Directory): readonly Group[] {
  const ids = new Set(directory.list('group/').map(({ key }) => key.split('/')[1] ?? ''))
  ids.delete(lobby)
  return [lobby, ...[...ids].sort()].flatMap((id) => findGroup(id, directory) ?? [])
}

/**
 * The group a peer works in: what an operator said last, unless that hands the choice back; else
 * what the peer's own node chose. Without a word, or when that group is no more, the lobby.
 */
export function groupOf(peer: PeerId, directory: Directory): string {
  const words = directory.list(`membership/${peer}/`).flatMap((rec) => {
    const value = readMembership(rec)
    return value ? [{ ...value, rec }] : []
  })
  const manual = newest(words.filter(({ manual, rec }) => manual && directory.isOperator(rec.by)))
  const own = newest(words.filter(({ manual, rec }) => !manual && rec.by === peer))
  const group = manual?.group ?? own?.group ?? lobby
  return findGroup(group, directory) ? group : lobby
}

/** The group that a document or a scope of feeds belongs to, or undefined when it is of no group. */
export function groupNamed(documentOrScope: string): string | undefined {
  return /^group:([a-z0-9]{1,40})(?:@1)?$/.exec(documentOrScope)?.[1]
}

/**
 * Whether peers share a document or a scope of feeds: the directory is everybody's, a group its
 * members', a direct scope its pair's. The lobby's document, where the cards and names of open
 * groups stand as well, belongs to them too. Operators have part in everything: leave them out of
 * `peers`.
 */
export function isShared(
  documentOrScope: string,
  peers: readonly PeerId[],
  places: Places,
): boolean {
  if (documentOrScope === directoryName) return true
  const direct = pairOf(documentOrScope)
  if (direct) return peers.every((peer) => direct.includes(peer))
  const named = groupNamed(documentOrScope)
  if (named === undefined) return false
  const isOfCircle = documentOrScope === groupDocument(lobby)
  return peers.every(
    (peer) => (isOfCircle ? places.circleOf(peer) : places.groupOf(peer)) === named,
  )
}

/** The latest word; of two of one moment all replicas choose the same. */
function newest<Word extends { readonly rec: Rec }>(words: readonly Word[]): Word | undefined {
  return words.reduce<Word | undefined>((best, word) => {
    if (!best) return word
    const isLater =
      word.rec.at > best.rec.at || (word.rec.at === best.rec.at && word.rec.key < best.rec.key)
    return isLater ? word : best
  }, undefined)
}
