import { z } from 'zod'
import { pairOf } from './feeds.ts'
import type { PeerId } from './ids.ts'
import type { Rec } from './records.ts'

/** The group of everybody who is in no other. */
export const lobby = 'lobby'
/** The document that every node holds. The number is its epoch. */
export const directoryName = 'directory@1'

/** What a writer says under `membership/<peer>/<writer>` of the group a peer works in. */
const membership = z.object({
  group: z.string().regex(/^[a-z0-9]{1,40}$/),
  manual: z.boolean(),
})

/** The document of a group. The number is its epoch. */
export function groupDocument(group: string): string {
  return `group:${group}@1`
}

/** Where a writer says which group a peer works in. */
export function membershipKey(peer: PeerId, writer: PeerId): string {
  return `membership/${peer}/${writer}`
}

/** The group a peer works in: manual beats automatic, then the later word. Without a word, the lobby. */
export function groupOf(peer: PeerId, list: (prefix: string) => readonly Rec[]): string {
  const words = list(`membership/${peer}/`).flatMap((rec) => {
    const parsed = membership.safeParse(rec.value)
    return parsed.success ? [{ ...parsed.data, at: rec.at, key: rec.key }] : []
  })
  words.sort(
    (left, right) =>
      Number(right.manual) - Number(left.manual) ||
      right.at - left.at ||
      // Two words of one moment: all replicas have to choose the same.
      (left.key < right.key ? -1 : 1),
  )
  return words[0]?.group ?? lobby
}

/** The group that a document or a scope of feeds belongs to, or undefined when it is of no group. */
export function groupNamed(documentOrScope: string): string | undefined {
  return /^group:([a-z0-9]{1,40})(?:@1)?$/.exec(documentOrScope)?.[1]
}

/**
 * Whether peers share a document or a scope of feeds: the directory is everybody's, a group its
 * members', a direct scope its pair's. Operators have part in everything: leave them out of `peers`.
 */
export function isShared(
  documentOrScope: string,
  peers: readonly PeerId[],
  group: (peer: PeerId) => string,
): boolean {
  if (documentOrScope === directoryName) return true
  const direct = pairOf(documentOrScope)
  if (direct) return peers.every((peer) => direct.includes(peer))
  const named = groupNamed(documentOrScope)
  return named !== undefined && peers.every((peer) => group(peer) === named)
}
