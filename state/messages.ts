import { z } from 'zod'
import type { Structured } from './structured.ts'

/** Longest message body, in UTF-8 bytes. */
export const messageBytesMax = 65_536
/** Unread messages that one peer keeps before senders are refused. */
export const unreadMax = 1_000
/** Messages in a chain without a human turn, after which a message waits instead of waking. */
export const hopsMax = 20

/**
 * How far a message is, each step with evidence: on the sender's disk, on the recipient's disk,
 * put before the model, proved to have been read, acknowledged by the recipient. `expired`: nobody
 * fetched it for so long that it was let go.
 */
export const deliveryState = z.enum([
  'expired',
  'queued',
  'delivered',
  'shown',
  'seen',
  'acknowledged',
])
/** How far a message is. */
export type DeliveryState = z.infer<typeof deliveryState>

/** Where the sender was when it wrote: attached to every message. */
export const context = z.object({
  branch: z.string().max(255).nullable(),
  files: z.array(z.string().max(1_024)).max(5),
  summary: z.string().max(500),
  cwd: z.string().max(1_024),
})
/** Where the sender was when it wrote. */
export type Context = z.infer<typeof context>

/** Who vouches for a message, as the receiving node judges: never what the sender says. */
export type Trust = 'same_device' | 'mesh_device' | 'operator'

/** A message, or a notice (`kind: notice`, from `mesh`), as tools and commands show it. */
export interface Message {
  readonly id: string
  readonly from: { readonly id: string; readonly name: string }
  readonly to: readonly string[]
  readonly group: string
  readonly kind: 'direct' | 'broadcast' | 'notice'
  readonly body: string
  /** What a structured message says, field by field; `body` says the same. */
  readonly fields?: Structured
  readonly reply_to?: string
  /** ISO 8601 UTC. */
  readonly sent_at: string
  /** For the author: the least advanced of its recipients. For a recipient: its own. */
  readonly state?: DeliveryState
  readonly trust: Trust
  /** It was put before this session already, without proof that it was read. */
  readonly repeat?: boolean
  readonly context?: Context
}

/** How a recipient will learn of a message. */
export type Reach =
  | 'wakes it'
  | 'at its next turn'
  | 'when the human looks'
  | 'offline: kept for 30 days'

/** The state of one sent message at one of its recipients. `at` is ISO 8601 UTC. */
export interface Receipt {
  readonly id: string
  readonly to: { readonly id: string; readonly name: string }
  readonly state: DeliveryState
  readonly at: string
}

/** Where broadcasts and peer lists reach. */
export const peerScope = z.enum(['mesh', 'machine', 'directory', 'repo'])
/** Where broadcasts and peer lists reach. */
export type PeerScope = z.infer<typeof peerScope>

/** UTF-8 length of a text in bytes. */
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length
}
