import { castsOn } from './ballots.ts'
import { type Desk, type Notices, touchedIds } from './desk.ts'
import { type HybridTime, msToHybrid } from './hybrid.ts'
import type { Notice } from './inbox.ts'
import { nextMove, noticeText } from './noticeText.ts'
import {
  countOf,
  type Motion,
  mayVote,
  motionOf,
  type Proposal,
  type ProposalStatus,
  proposalOf,
} from './proposals.ts'
import { oneLine, quote } from './quoting.ts'

/** Characters of a description or of a reason in a notice. */
const quotedMax = 400
/** Outcomes of one proposal that its author is told, corrections included. */
const outcomesMax = 20
/** How each end is told. */
const outcomes = {
  ...{ approved: 'is approved', rejected: 'is rejected' },
  ...{ withdrawn: 'is withdrawn', expired: 'has expired' },
} as const
const statuses = ['open', 'approved', 'rejected', 'withdrawn', 'expired'] as const

/**
 * Makes the notices on proposals: voters hear of a new one, its author of the outcome, once. A vote
 * that was cast before the decision may arrive after it, so `wasTold` says what the author heard:
 * another outcome is told as a correction, even if that is that nothing is decided.
 */
export function createProposalNotices(wasTold: (noticeId: string) => boolean): Notices {
  return (desk, touched) => {
    const ids = new Set([...touchedIds(touched, 'proposal'), ...touchedIds(touched, 'vote')])
    return [...ids].flatMap((id) => {
      const motion = motionOf(id, desk)
      if (!motion) return []
      const proposal = proposalOf(motion, desk)
      const notice =
        motion.author === desk.peer
          ? outcomeNotice({ motion, proposal }, desk, wasTold)
          : newNotice(proposal, motion, desk)
      return notice ?? []
    })
  }
}

/** Asks for a vote, as long as it can be given and was not. */
function newNotice(proposal: Proposal, motion: Motion, desk: Desk): Notice | undefined {
  const { id, status, votes, electorate, required, title, description, deadline } = proposal
  const hasVoted = votes.some(({ peer }) => peer === desk.peer)
  if (status !== 'open' || hasVoted || !mayVote(desk.peer, motion, desk)) return undefined
  const until = deadline === null ? '' : ` Until ${deadline}.`
  const move = nextMove(desk, {
    tool: `vote_proposal, proposal_id ${id}`,
    command: `\`mesh proposals vote ${id} approve\`, or reject`,
  })
  return {
    id: `proposal/${id}/new`,
    at: motion.at,
    text: noticeText([
      `${desk.nameOf(motion.author)} proposes ${quote(title)}.`,
      ...(description === '' ? [] : [`Description: ${oneLine(description, quotedMax)}`]),
      `${required} of ${electorate.length} must approve.${until}`,
      `Vote with ${move}.`,
    ]),
    wakes: true,
  }
}

interface Outcome {
  readonly motion: Motion
  readonly proposal: Proposal
}

function outcomeNotice(
  { motion, proposal }: Outcome,
  desk: Desk,
  wasTold: (noticeId: string) => boolean,
): Notice | undefined {
  const { id, status } = proposal
  const told: ProposalStatus[] = []
  for (let place = 0; place < outcomesMax; place += 1) {
    const known = statuses.find((each) => wasTold(outcomeId(id, place, each)))
    if (!known) break
    told.push(known)
  }
  const last = told.at(-1) ?? (hasWithdrawn(motion, desk) ? 'withdrawn' : 'open')
  if (status === last || told.length >= outcomesMax) return undefined
  return {
    id: outcomeId(id, told.length, status),
    at: momentOf(motion, desk),
    text: describeOutcome(proposal, last, desk),
    wakes: true,
  }
}

/** Whoever withdraws knows of it without being told. */
function hasWithdrawn(motion: Motion, desk: Desk): boolean {
  return castsOn(motion.id, desk).some(
    ({ peer, vote, of }) => peer === motion.author && vote === 'withdraw' && of === motion.at,
  )
}

function outcomeId(id: string, place: number, status: ProposalStatus): string {
  return `proposal/${id}/outcome/${place}/${status}`
}

/** When it was decided: by a vote, or by the end of its time. */
function momentOf(motion: Motion, desk: Desk): HybridTime {
  const count = countOf(motion, desk)
  if (count.status !== 'open') return count.at
  const last = Math.max(motion.at, ...count.casts.map(({ at }) => at))
  return motion.deadlineMs === null ? last : Math.max(last, msToHybrid(motion.deadlineMs))
}

function describeOutcome(proposal: Proposal, before: ProposalStatus, desk: Desk): string {
  const { id, title, status, approvals, rejections, required, votes } = proposal
  const outcome = status === 'open' ? 'is open again' : outcomes[status]
  const correction =
    before === 'open'
      ? ''
      : `Correction, since a vote arrived that was cast earlier: no longer ${before}. `
  const said = votes.flatMap(({ peer, vote, reason }) =>
    reason === null ? [] : [`${desk.nameOf(peer)}: ${vote}, ${oneLine(reason, 200)}`],
  )
  return noticeText([
    `${correction}Your proposal ${quote(title)} ${outcome}: ${approvals} for, ${rejections} against, ${required} needed.`,
    ...said.slice(0, 5),
    `Proposal ${id}.`,
  ])
}
