import { z } from 'zod'
import { type Cast, type Count, castsByProposal, castsOn, countCasts, tally } from './ballots.ts'
import { createDerivation } from './derivation.ts'
import type { Desk } from './desk.ts'
import { type HybridTime, hybridToIso, msToHybrid } from './hybrid.ts'
import { isUuid, type ObjectId, type PeerId } from './ids.ts'
import { createReading } from './reading.ts'
import type { Rec } from './records.ts'

/** Voters that one proposal can have. */
const electorateMax = 500
/** Longest time that a vote may take, in minutes: 30 days. */
const deadlineMinutesMax = 43_200

/** What can be said in making a proposal, with its limits. */
export const proposalFields = {
  title: z.string().trim().min(1).max(200),
  description: z.string().max(8_000),
  required_votes: z.number().int().min(1).max(20),
  deadline_minutes: z.number().positive().max(deadlineMinutesMax),
} as const

/** What an author writes under `proposal/<id>/<peer>`, once. */
const proposalRecord = z
  .object({
    title: z.string().min(1).max(200),
    description: z.string().max(8_000),
    /** Who may vote, for ever: the members who were online, the author among them. */
    electorate: z.array(z.string().max(32)).min(1).max(electorateMax),
    required: z.number().int().min(1).max(electorateMax),
    /** Milliseconds since 1970. */
    deadlineMs: z.number().int().nonnegative().max(8.64e15).nullable(),
  })
  .refine(({ electorate, required }) => required <= new Set(electorate).size)
/** What an author writes. */
export type ProposalRecord = z.infer<typeof proposalRecord>

const readProposal = createReading<ProposalRecord>(proposalRecord)

/** How a proposal stands. */
export type ProposalStatus = 'open' | 'approved' | 'rejected' | 'withdrawn' | 'expired'

/** A proposal as tools, commands and the page show it. Times are ISO 8601 UTC, peers are IDs. */
export interface Proposal {
  readonly id: ObjectId
  readonly title: string
  readonly description: string
  readonly status: ProposalStatus
  readonly required: number
  readonly approvals: number
  readonly rejections: number
  /** What counts, in the order of time. */
  readonly votes: readonly {
    readonly peer: PeerId
    readonly vote: 'approve' | 'reject'
    readonly reason: string | null
  }[]
  readonly deadline: string | null
  readonly author: PeerId
  readonly electorate: readonly PeerId[]
  readonly at: string
}

/** A proposal as it was made: nothing of it changes any more. */
export interface Motion {
  readonly id: ObjectId
  readonly author: PeerId
  readonly title: string
  readonly description: string
  readonly electorate: readonly PeerId[]
  readonly required: number
  readonly deadlineMs: number | null
  readonly at: HybridTime
}

/** Where an author makes a proposal. */
export function proposalKey(id: ObjectId, author: PeerId): string {
  return `proposal/${id}/${author}`
}

const readAll = createDerivation('proposal', {
  derive: readMotion,
  arrange: (motions) =>
    [...motions.values()].sort((left, right) => (isEarlier(left, right) ? 1 : -1)),
})
/** The casts on what nobody voted on: always the same, so that nothing is counted again. */
const nothing: readonly Cast[] = []
/** What was counted last for a motion, and from which casts. */
const countsByMotion = new WeakMap<Motion, { casts: readonly Cast[]; count: Count }>()

/** All proposals of a group as they are now, the newest first. */
export function proposalsOf(desk: Desk): readonly Proposal[] {
  const casts = castsByProposal(desk)
  return motionsOf(desk).map((motion) => describe(motion, casts.get(motion.id) ?? nothing, desk))
}

/** All proposals as they were made, the newest first. */
export function motionsOf(desk: Pick<Desk, 'list' | 'isOperator'>): readonly Motion[] {
  return readAll(desk).order
}

/** One proposal as it was made. An ID belongs to whoever used it first. */
export function motionOf(id: string, desk: Pick<Desk, 'list'>): Motion | undefined {
  return readMotion(desk.list(`proposal/${id}/`))
}

/** A proposal with its votes, as it is now. */
export function proposalOf(motion: Motion, desk: Desk): Proposal {
  return describe(motion, castsOn(motion.id, desk), desk)
}

/** How the votes on a proposal stand, whatever the time is now. */
export function countOf(motion: Motion, desk: Pick<Desk, 'list' | 'isOperator'>): Count {
  return count(motion, castsOn(motion.id, desk))
}

/** Whether a peer may vote: one of the electorate, or an operator in addition to it. */
export function mayVote(
  peer: PeerId,
  { electorate }: Pick<Motion, 'electorate'>,
  { isOperator }: Pick<Desk, 'isOperator'>,
): boolean {
  return electorate.includes(peer) || isOperator(peer)
}

/**
 * The next moment at which a proposal expires if nobody decides it, in milliseconds since 1970:
 * no record tells of that, so somebody has to look again then.
 */
export function nextDeadlineMs(desk: Desk): number | undefined {
  const nowMs = desk.now()
  const ends = motionsOf(desk).flatMap((motion) => {
    const { deadlineMs } = motion
    const isAhead = deadlineMs !== null && deadlineMs > nowMs
    return isAhead && countOf(motion, desk).status === 'open' ? [deadlineMs] : []
  })
  return ends.length === 0 ? undefined : Math.min(...ends)
}

function describe(motion: Motion, casts: readonly Cast[], desk: Pick<Desk, 'now'>): Proposal {
  const { deadlineMs, at, ...said } = motion
  const { status, casts: counted } = count(motion, casts)
  const isOver = deadlineMs !== null && desk.now() >= deadlineMs
  return {
    ...said,
    status: status === 'open' && isOver ? 'expired' : status,
    approvals: tally(counted, 'approve'),
    rejections: tally(counted, 'reject'),
    votes: counted.flatMap(({ peer, vote, reason }) =>
      vote === 'withdraw' ? [] : [{ peer, vote, reason }],
    ),
    deadline: deadlineMs === null ? null : hybridToIso(msToHybrid(deadlineMs)),
    at: hybridToIso(at),
  }
}

/** Counts what those cast who may, and who meant the proposal as it is. */
function count(motion: Motion, casts: readonly Cast[]): Count {
  const known = countsByMotion.get(motion)
  if (known?.casts === casts) return known.count
  const { deadlineMs, electorate, at } = motion
  const valid = casts.filter(
    ({ of, peer, isOperator }) => of === at && (isOperator || electorate.includes(peer)),
  )
  const deadline = deadlineMs === null ? null : msToHybrid(deadlineMs)
  const found = countCasts(valid, { ...motion, deadline })
  countsByMotion.set(motion, { casts, count: found })
  return found
}

/** The proposal that was made first under an ID. */
function readMotion(recs: readonly Rec[]): Motion | undefined {
  let first: Motion | undefined
  for (const rec of recs) {
    const value = readProposal(rec)
    const id = (rec.key.split('/')[1] ?? '') as ObjectId
    if (!value || !isUuid(id) || rec.key !== proposalKey(id, rec.by)) continue
    const electorate = [...new Set(value.electorate)] as PeerId[]
    const motion = { ...value, id, author: rec.by, electorate, at: rec.at }
    if (!first || isEarlier(motion, first)) first = motion
  }
  return first
}

function isEarlier(left: Motion, right: Motion): boolean {
  if (left.at !== right.at) return left.at < right.at
  return left.id === right.id ? left.author < right.author : left.id < right.id
}
