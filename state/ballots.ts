import { z } from 'zod'
import { createDerivation } from './derivation.ts'
import type { Desk } from './desk.ts'
import type { HybridTime } from './hybrid.ts'
import type { ObjectId, PeerId } from './ids.ts'
import { createReading } from './reading.ts'
import type { Rec } from './records.ts'

/** Times that one voter may change its vote on one proposal. */
export const changesMax = 50
/** Longest reason for a vote or an answer, in characters. */
export const reasonMax = 2_000

/** What can be said of a proposal; only its author can withdraw it. */
export const vote = z.enum(['approve', 'reject', 'withdraw'])
/** What can be said of a proposal. */
export type Vote = z.infer<typeof vote>

const moment = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)

/**
 * What a voter writes under `vote/<proposal>/<peer>`. It keeps what it said before, and when: a
 * proposal that was decided by a vote stays so, although its voter, who had not heard of that yet,
 * changed its mind afterwards.
 */
const voteRecord = z.object({
  /** The moment of the proposal that is meant: whoever changes a proposal has no votes for it. */
  of: moment,
  vote,
  reason: z.string().max(reasonMax).nullable(),
  earlier: z.array(z.object({ vote, at: moment })).max(changesMax),
})
/** What a voter writes. */
export type VoteRecord = z.infer<typeof voteRecord>

/** Reads what a voter wrote. */
export const readVote = createReading<VoteRecord>(voteRecord)

/** One word of one voter at one moment. The reasons of earlier ones are not kept. */
export interface Cast {
  readonly peer: PeerId
  readonly isOperator: boolean
  /** The moment of the proposal that is meant. */
  readonly of: HybridTime
  readonly vote: Vote
  readonly reason: string | null
  readonly at: HybridTime
}

/** By which rules casts are counted. */
export interface Rules {
  readonly author: PeerId
  /** Whom the decision waits for. */
  readonly electorate: readonly PeerId[]
  /** Approvals that decide, and rejections. */
  readonly required: number
  /** What is cast from then on does not count; null for no end. */
  readonly deadline: HybridTime | null
}

/** How a vote stands. `at` is the moment of the cast that decided it. */
export type Count = {
  /** What counts of each voter, in the order of time. */
  readonly casts: readonly Cast[]
} & (
  | { readonly status: 'open' }
  | { readonly status: 'approved' | 'rejected' | 'withdrawn'; readonly at: HybridTime }
)

/** Where a voter speaks about a proposal. */
export function voteKey(proposal: ObjectId, voter: PeerId): string {
  return `vote/${proposal}/${voter}`
}

const readAll = createDerivation('vote', { derive: readCasts, arrange: () => undefined })

/** Everything that was ever cast on each proposal, by anybody, in the order of time. */
export function castsByProposal(
  desk: Pick<Desk, 'list' | 'isOperator'>,
): ReadonlyMap<ObjectId, readonly Cast[]> {
  return readAll(desk).things
}

/** Everything that was ever cast on one proposal, by anybody, in the order of time. */
export function castsOn(
  proposal: ObjectId,
  desk: Pick<Desk, 'list' | 'isOperator'>,
): readonly Cast[] {
  return readCasts(desk.list(`vote/${proposal}/`), desk.isOperator)
}

/**
 * Counts casts in the order of their time, until one decides. So the outcome follows from what was
 * cast and when, never from the order in which it arrived, and nothing cast later changes it.
 *
 * Approved with enough approvals; rejected with as many rejections, or when those who are still
 * waited for can no longer bring enough approvals. Operators count and are not waited for.
 */
export function countCasts(casts: readonly Cast[], rules: Rules): Count {
  const castsByPeer = new Map<PeerId, Cast>()
  const counted = () => [...castsByPeer.values()].sort((left, right) => left.at - right.at)
  for (const cast of casts) {
    if (rules.deadline !== null && cast.at >= rules.deadline) break
    if (cast.vote === 'withdraw') {
      if (cast.peer !== rules.author) continue
      return { status: 'withdrawn', at: cast.at, casts: counted() }
    }
    castsByPeer.set(cast.peer, cast)
    const status = outcomeOf(castsByPeer, rules)
    if (status) return { status, at: cast.at, casts: counted() }
  }
  return { status: 'open', casts: counted() }
}

/** How many of some casts say this. */
export function tally(casts: Iterable<Cast>, said: Vote): number {
  let sum = 0
  for (const cast of casts) if (cast.vote === said) sum += 1
  return sum
}

function outcomeOf(
  castsByPeer: ReadonlyMap<PeerId, Cast>,
  { electorate, required }: Rules,
): 'approved' | 'rejected' | undefined {
  const approvals = tally(castsByPeer.values(), 'approve')
  if (approvals >= required) return 'approved'
  const awaited = electorate.filter((peer) => !castsByPeer.has(peer)).length
  const isLost = tally(castsByPeer.values(), 'reject') >= required || approvals + awaited < required
  return isLost ? 'rejected' : undefined
}

function readCasts(recs: readonly Rec[], isOperator: Desk['isOperator']): readonly Cast[] {
  return recs
    .flatMap((rec) => castsIn(rec, isOperator(rec.by)))
    .sort((left, right) => left.at - right.at || (left.peer < right.peer ? -1 : 1))
}

function castsIn(rec: Rec, isOperator: boolean): readonly Cast[] {
  const value = readVote(rec)
  const [, proposal = ''] = rec.key.split('/')
  if (!value || rec.key !== voteKey(proposal as ObjectId, rec.by)) return []
  const { of, vote: said, reason } = value
  const peer = rec.by
  const earlier = value.earlier.filter(({ at }) => at < rec.at)
  // Written out: objects made by spreading several would each bring a shape of their own.
  return [
    ...earlier.map((each) => ({
      peer,
      isOperator,
      of,
      vote: each.vote,
      reason: null,
      at: each.at,
    })),
    { peer, isOperator, of, vote: said, reason, at: rec.at },
  ]
}
