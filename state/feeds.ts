import { z } from 'zod'
import { canonicalJson } from './canonical.ts'
import type { HybridTime } from './hybrid.ts'
import { isPeerId, isUuid, type NodeId, type ObjectId, type PeerId } from './ids.ts'
import { context } from './messages.ts'
import {
  deviceOf,
  hashText,
  ownsPeer,
  type Signer,
  type Verify,
  type VerifyAll,
} from './signatures.ts'
import { carriedFields } from './structured.ts'

const peerId = z.custom<PeerId>((text) => typeof text === 'string' && isPeerId(text))
const nodeId = z.custom<NodeId>((text) => typeof text === 'string' && isUuid(text))
const objectId = z.custom<ObjectId>((text) => typeof text === 'string' && isUuid(text))

/** What a feed is said to: a pair, or a group. */
const scope = z.string().regex(/^(?:dm:[a-z0-9-]{17}~[a-z0-9-]{17}|group:[a-z0-9]{1,40})$/)

/** Most recipients of one entry. */
export const recipientsMax = 500

/** What an entry says. A forgotten body is null; its hash stays. */
export const body = z.union([
  z.object({
    text: z.string().max(65_536),
    /** Messages in this chain since a human turn. */
    hops: z.number().int().nonnegative().max(1_000_000),
    context: context.optional(),
    /** What a structured message says, field by field; its text says the same. */
    fields: carriedFields.optional(),
  }),
  z.object({ action: z.string().max(64), detail: z.string().max(1_000) }),
])
/** What an entry says: a message, or an activity. */
export type Body = z.infer<typeof body>

/** One word of one process of one peer, within one scope. Signed by the peer's device. */
export const entry = z.object({
  scope,
  peer: peerId,
  node: nodeId,
  /** Contiguous from 1 within (scope, peer, node). */
  seq: z.number().int().positive().max(1_000_000_000),
  at: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  id: objectId,
  group: z.string().max(64),
  kind: z.enum(['message', 'activity']),
  to: z.array(peerId).max(recipientsMax),
  reply_to: objectId.optional(),
  body: body.nullable(),
  hash: z.string().length(43),
  key: z.string().length(43),
  sig: z.string().length(86),
})
/** One word of one process of one peer, within one scope. */
export type Entry = z.infer<typeof entry>

/** What the author decides of an entry; the rest follows. */
export interface Draft {
  readonly scope: string
  readonly id: ObjectId
  readonly group: string
  readonly kind: 'message' | 'activity'
  readonly to: readonly PeerId[]
  readonly reply_to?: ObjectId
  readonly body: Body
}

/** Where an entry stands: which process of which peer said it, within which scope. */
export interface FeedKey {
  readonly scope: string
  readonly peer: PeerId
  readonly node: NodeId
}

/** The scope of the direct messages between two peers, whoever of them asks. */
export function directScope(one: PeerId, other: PeerId): string {
  return one < other ? `dm:${one}~${other}` : `dm:${other}~${one}`
}

/** The scope of what is said to a group. */
export function groupScope(group: string): string {
  return `group:${group}`
}

/** The two peers of a direct scope, the lower first as `directScope` writes them, or undefined when it is none. */
export function pairOf(scope: string): readonly [PeerId, PeerId] | undefined {
  const [one, other, ...rest] = scope.startsWith('dm:') ? scope.slice(3).split('~') : []
  if (one === undefined || other === undefined || rest.length > 0) return undefined
  return isPeerId(one) && isPeerId(other) && one < other ? [one, other] : undefined
}

/** Signs a draft as the next word of a feed. */
export function signEntry(
  draft: Draft,
  place: {
    readonly peer: PeerId
    readonly node: NodeId
    readonly seq: number
    readonly at: HybridTime
  },
  signer: Signer,
): Entry {
  const unsigned = {
    ...draft,
    ...place,
    to: [...draft.to],
    hash: hashText(canonicalJson(draft.body)),
    key: signer.key,
  }
  return { ...unsigned, sig: signer.sign(signedText(unsigned)) }
}

/** Whether an entry is its peer's word: key, body and signature fit. */
export function isGenuine(candidate: Entry, verify: Verify): boolean {
  return isWhole(candidate) && verify(candidate.key, signedText(candidate), candidate.sig)
}

/** Those of many entries that are their peers' words. */
export async function genuineOf(
  candidates: readonly Entry[],
  verifyAll: VerifyAll,
): Promise<ReadonlySet<Entry>> {
  const whole = candidates.filter(isWhole)
  const claims = whole.map((item) => ({
    key: item.key,
    text: signedText(item),
    signature: item.sig,
  }))
  const verdicts = await verifyAll(claims)
  return new Set(whole.filter((_, index) => verdicts[index]))
}

/** Whether an entry bears its author's key and its body's hash; its signature is not looked at. */
export function isWhole(candidate: Entry): boolean {
  if (!ownsPeer(deviceOf(candidate.key), candidate.peer)) return false
  return !candidate.body || hashText(canonicalJson(candidate.body)) === candidate.hash
}

function signedText(unsigned: Omit<Entry, 'sig'>): string {
  const { scope, peer, node, seq, at, id, group, kind, to, hash } = unsigned
  const replyTo = unsigned.reply_to ?? null
  return canonicalJson(['entry', scope, peer, node, seq, at, id, group, kind, to, replyTo, hash])
}
