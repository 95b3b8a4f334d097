import type { z } from 'zod'
import { type Cast, changesMax, readVote, type Vote, voteKey } from './ballots.ts'
import type { Desk, Operation, WorkDesk } from './desk.ts'
import { invariant, MeshError } from './errors.ts'
import { findById } from './lookup.ts'
import {
  countOf,
  type Motion,
  mayVote,
  motionOf,
  motionsOf,
  type Proposal,
  type ProposalRecord,
  type proposalFields,
  proposalKey,
  proposalOf,
} from './proposals.ts'
import { oneLine, quote } from './quoting.ts'

/** Proposals of one author that may be open at once. */
const openMax = 20

type Fields = typeof proposalFields

/** What `create_proposal` is asked. */
export interface CreateProposalInput {
  readonly title: z.output<Fields['title']>
  readonly description?: z.output<Fields['description']> | undefined
  /** A majority of the electorate when nobody says how many. */
  readonly required_votes?: z.output<Fields['required_votes']> | undefined
  readonly deadline_minutes?: z.output<Fields['deadline_minutes']> | undefined
}

/** What `vote_proposal` is asked. */
export interface VoteInput {
  readonly proposal_id: string
  readonly vote: Vote
  readonly reason?: string | undefined
}

/**
 * Puts something to a vote of the members who are online, its author included. Who may vote and how
 * many votes are needed is frozen. Fails with BAD_INPUT or REFUSED.
 */
export function createProposal(input: CreateProposalInput): Operation<Proposal> {
  return (desk) => {
    refuseFlood(desk)
    const id = desk.createId()
    const { title, deadline_minutes: minutes } = input
    const value: ProposalRecord = {
      title,
      description: input.description ?? '',
      ...electorateOf(desk, input.required_votes),
      deadlineMs: minutes === undefined ? null : Math.ceil(desk.now() + minutes * 60_000),
    }
    return {
      records: [{ key: proposalKey(id, desk.peer), value }],
      activity: { action: 'proposed', detail: `${quote(title)} (${id})` },
      answer(later) {
        const motion = motionOf(id, later)
        invariant(motion, 'what was just proposed is there')
        return proposalOf(motion, later)
      },
    }
  }
}

/**
 * Votes, votes differently, or withdraws a proposal of ours. Fails with UNKNOWN_PROPOSAL,
 * AMBIGUOUS_ID, REFUSED, or ALREADY_DECIDED with the outcome; the latter also when the answer shows
 * that somebody else was faster.
 */
export function voteProposal({ proposal_id, vote, reason }: VoteInput): Operation<Proposal> {
  return (desk) => {
    const motion = findProposal(proposal_id, desk)
    refuseStranger(motion, vote, desk)
    const before = proposalOf(motion, desk)
    if (before.status !== 'open') throw decided(before)
    const said = { of: motion.at, vote, reason: reason?.trim() || null }
    const words = { approve: 'approved', reject: 'rejected', withdraw: 'withdrew' }
    return {
      records: [
        {
          key: voteKey(motion.id, desk.peer),
          value: { ...said, earlier: earlierOf(motion, desk) },
          after: Math.max(motion.at, ...countOf(motion, desk).casts.map(({ at }) => at)),
        },
      ],
      activity: {
        action: words[vote],
        detail: `the proposal ${quote(motion.title)} (${motion.id})`,
      },
      answer: (later) => answerOf(motion, later),
    }
  }
}

/** The proposal that a text names. Fails with UNKNOWN_PROPOSAL or AMBIGUOUS_ID. */
function findProposal(text: string, desk: Desk): Motion {
  return findById(text, motionsOf(desk), {
    ...{ word: 'proposal', unknown: 'UNKNOWN_PROPOSAL' },
    hint: 'list_pending shows those that are open.',
  })
}

function refuseFlood(desk: WorkDesk): void {
  const own = motionsOf(desk).filter(({ author }) => author === desk.peer)
  const open = own.filter((motion) => proposalOf(motion, desk).status === 'open')
  if (open.length < openMax) return
  throw new MeshError('REFUSED', `${openMax} proposals of yours are open already.`, {
    hint: 'Wait for their votes, or end one with vote_proposal, vote withdraw.',
  })
}

function electorateOf(desk: WorkDesk, wanted?: number) {
  const own = desk.isOperator(desk.peer) ? [] : [desk.peer]
  const electorate = [...new Set([...own, ...desk.online()])]
  const required = wanted ?? Math.floor(electorate.length / 2) + 1
  if (required <= electorate.length) return { electorate, required }
  const names = electorate.map((peer) => desk.nameOf(peer)).join(', ')
  throw new MeshError(
    'BAD_INPUT',
    electorate.length === 0
      ? 'Nobody of the group is online to vote.'
      : `${required} votes cannot be reached: only ${electorate.length} can vote (${oneLine(names)}).`,
    { hint: 'Ask for fewer with required_votes, or wait for others: see list_peers.' },
  )
}

function refuseStranger(motion: Motion, vote: Vote, desk: WorkDesk): void {
  const author = desk.nameOf(motion.author)
  if (vote === 'withdraw' && motion.author !== desk.peer) {
    throw new MeshError('REFUSED', `Only ${author} can withdraw the proposal, who made it.`, {
      hint: 'Vote reject if you are against it.',
    })
  }
  if (vote === 'withdraw' || mayVote(desk.peer, motion, desk)) return
  throw new MeshError('REFUSED', 'You have no vote on it: you were not online when it was made.', {
    hint: `Tell ${author} what you think with send_message.`,
  })
}

/** What we said before, without repetitions. Fails with REFUSED when that is too much. */
function earlierOf(motion: Motion, desk: WorkDesk): readonly Pick<Cast, 'vote' | 'at'>[] {
  const own = desk.get(voteKey(motion.id, desk.peer))
  const said = own && readVote(own)
  if (said?.of !== motion.at) return []
  const { vote, earlier } = said
  if (earlier.at(-1)?.vote === vote) return earlier
  if (earlier.length < changesMax) return [...earlier, { vote, at: own?.at ?? 0 }]
  throw new MeshError('REFUSED', `You changed your vote ${changesMax} times.`, {
    hint: 'It stays as it is; tell the author with send_message.',
  })
}

/** The proposal with our vote in it. Fails when it came after the decision, or after the end. */
function answerOf(motion: Motion, desk: Desk): Proposal {
  const proposal = proposalOf(motion, desk)
  const own = desk.get(voteKey(motion.id, desk.peer))
  const count = countOf(motion, desk)
  const isCounted = count.casts.some(({ peer, at }) => peer === desk.peer && at === own?.at)
  const isWithdrawal = count.status === 'withdrawn' && count.at === own?.at
  if (isCounted || isWithdrawal) return proposal
  throw decided(proposal)
}

function decided({ id, status, approvals, rejections }: Proposal): MeshError {
  return new MeshError(
    'ALREADY_DECIDED',
    `The proposal ${id} is no longer open: ${status}, with ${approvals} for and ${rejections} against.`,
    { hint: 'Your vote does not count. To decide anew, use create_proposal.' },
  )
}
