import { z } from 'zod'
import type { Operation } from './desk.ts'
import type { ObjectId, PeerId } from './ids.ts'
import { createReading } from './reading.ts'
import type { Rec } from './records.ts'

/** What a peer says under `pin/<message>/<peer>` of a message of its group. */
const readPin = createReading(z.object({ pinned: z.boolean() }))

/** Where a peer says that a message is pinned, or no longer. */
export function pinKey(message: ObjectId, by: PeerId): string {
  return `pin/${message}/${by}`
}

/** Pins a message for the whole group, or takes the pin away, whoever set it. */
export function pin(message: ObjectId, pinned: boolean): Operation<ObjectId> {
  return (desk) => {
    const words = desk.list(`pin/${message}/`)
    return {
      // Later than every word it knows of, so that it is the one that counts.
      records: [
        {
          key: pinKey(message, desk.peer),
          value: { pinned },
          after: Math.max(0, ...words.map(({ at }) => at)),
        },
      ],
      activity: { action: pinned ? 'pinned' : 'unpinned', detail: message },
      answer: () => message,
    }
  }
}

/** Whether a message is pinned: the latest word of anybody in the group counts. */
export function isPinned(message: ObjectId, list: (prefix: string) => readonly Rec[]): boolean {
  const words = list(`pin/${message}/`).flatMap((rec) => {
    const value = readPin(rec)
    return value ? [{ ...value, at: rec.at, by: rec.by }] : []
  })
  words.sort((left, right) => right.at - left.at || (left.by < right.by ? -1 : 1))
  return words[0]?.pinned ?? false
}
