import { duration } from '../state/durations.ts'
import type { Message } from '../state/messages.ts'
import type { Peer } from '../state/peers.ts'
import { neutral, neutralBody, neutralLine } from './neutral.ts'

/** What is younger than this happened just now. */
const justNowMs = 3_000

/** One event for the model: its text, and facts that the receiving node vouches for. */
export interface ChannelEvent {
  readonly content: string
  /** Keys of letters, digits and underscores; the client drops others. */
  readonly meta: Readonly<Record<string, string>>
}

/** Writes messages as one event. A single one speaks through its facts, several name them in the text. */
export function describeEvent(
  messages: readonly Message[],
  peerOf: (id: string) => Peer | undefined,
): ChannelEvent {
  const [first] = messages
  const newest = messages.at(-1) ?? first
  if (!newest) return { content: '', meta: {} }
  const sender = peerOf(newest.from.id)
  const meta = {
    msg_id: newest.id,
    from_id: newest.from.id,
    from_name: newest.from.name,
    from_summary: neutralLine(sender?.summary ?? ''),
    from_cwd: neutralLine(sender?.cwd ?? ''),
    group: newest.group,
    kind: newest.kind,
    sent_at: newest.sent_at,
    trust: newest.trust,
  }
  if (messages.length === 1) return { content: neutralBody(newest.body, newest.id), meta }
  const texts = messages.map((message) => describeMessage(message))
  return {
    content: texts.join('\n\n'),
    meta: {
      ...meta,
      msg_ids: messages.map(({ id }) => id).join(' '),
      count: String(messages.length),
    },
  }
}

/** What else is said of a message. */
export interface MessageFacts {
  readonly ageMs?: number
  readonly state?: string | undefined
  /** Whether the body is given whole, however long. */
  readonly isWhole?: boolean
}

/** A message as text: who says it, its ID, then what it says. */
export function describeMessage(message: Message, facts: MessageFacts = {}): string {
  const { ageMs, state, isWhole = false } = facts
  // There is nothing that one could do with the ID of a notice.
  const isNotice = message.kind === 'notice'
  const header = [
    ...(isNotice ? [] : [`from ${message.from.name} (${message.from.id})`]),
    ...(message.kind === 'broadcast' ? ['to the group'] : []),
    ...(message.reply_to ? [`in reply to ${message.reply_to}`] : []),
    ...(message.trust === 'mesh_device' ? ['from another machine'] : []),
    ...(ageMs === undefined ? [] : [describeAge(ageMs)]),
    ...(state ? [state] : []),
    ...(message.repeat ? ['shown before'] : []),
  ]
  const body = isWhole ? neutral(message.body) : neutralBody(message.body, message.id)
  const name = isNotice ? '[notice]' : `[${message.id}]`
  return `${header.length === 0 ? name : `${name} ${header.join(', ')}`}:\n${body}`
}

/** How long ago something was, as people say it. */
export function describeAge(ms: number): string {
  return ms < justNowMs ? 'just now' : `${duration(ms)} ago`
}
