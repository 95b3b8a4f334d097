import { z } from 'zod'
import type { Desk, Operation } from './desk.ts'
import type { ObjectId, PeerId } from './ids.ts'
import { createReading } from './reading.ts'

/** What a peer may answer a message with, without a word. The order is part of stored keys. */
export const emojis = ['👍', '👀', '✅', '⚠️', '❌', '🎉', '❤️', '🤔'] as const
/** One of them. */
export const emoji = z.enum(emojis)
/** One of the eight reactions. */
export type Emoji = z.infer<typeof emoji>

/** What a peer writes under `reaction/<message>/<place of the emoji>/<peer>`. */
const readReaction = createReading(z.object({ isOn: z.boolean() }))

/** Who reacted how to a message. */
export interface Reaction {
  readonly emoji: Emoji
  readonly peers: readonly PeerId[]
}

/** What `react` is asked. */
export interface ReactInput {
  readonly message: ObjectId
  readonly emoji: Emoji
  readonly remove?: boolean
}

/** Adds or takes back one reaction of ours; doing it twice is doing it once. Wakes nobody. */
export function react({ message, emoji, remove = false }: ReactInput): Operation<ObjectId> {
  return (desk) => ({
    records: [
      {
        key: `reaction/${message}/${emojis.indexOf(emoji)}/${desk.peer}`,
        value: { isOn: !remove },
      },
    ],
    activity: { action: remove ? 'unreacted' : 'reacted', detail: `${emoji} to ${message}` },
    answer: () => message,
  })
}

/** The reactions to a message, in the order of the emojis; those that nobody gives are absent. */
export function reactionsTo(message: ObjectId, desk: Pick<Desk, 'list'>): readonly Reaction[] {
  const peersByPlace = new Map<string, PeerId[]>()
  for (const rec of desk.list(`reaction/${message}/`)) {
    const [, , place = ''] = rec.key.split('/')
    if (!readReaction(rec)?.isOn) continue
    peersByPlace.set(place, [...(peersByPlace.get(place) ?? []), rec.by])
  }
  return emojis.flatMap((each, place) => {
    const peers = peersByPlace.get(String(place))
    return peers ? [{ emoji: each, peers: peers.sort() }] : []
  })
}
