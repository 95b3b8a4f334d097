import { z } from 'zod'
import type { ObjectId, PeerId } from './ids.ts'
import type { Rec } from './records.ts'

/** What a peer says under `pin/<message>/<peer>` of a message of its group. */
const pin = z.object({ pinned: z.boolean() })

/** Where a peer says that a message is pinned, or no longer. */
export function pinKey(message: ObjectId, by: PeerId): string {
  return `pin/${message}/${by}`
}

/** Whether a message is pinned: the latest word of anybody in the group counts. */
export function isPinned(message: ObjectId, list: (prefix: string) => readonly Rec[]): boolean {
  const words = list(`pin/${message}/`).flatMap((rec) => {
    const parsed = pin.safeParse(rec.value)
    return parsed.success ? [{ ...parsed.data, at: rec.at, by: rec.by }] : []
  })
  words.sort((left, right) => right.at - left.at || (left.by < right.by ? -1 : 1))
  return words[0]?.pinned ?? false
}
