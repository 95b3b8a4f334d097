import { z } from 'zod'
import { reasonMax, vote } from '../../state/ballots.ts'
import type { Desk } from '../../state/desk.ts'
import { createProposal, voteProposal } from '../../state/proposalOperations.ts'
import { type Proposal, proposalFields } from '../../state/proposals.ts'
import { neutral, neutralLine } from '../neutral.ts'
import { addsOnly, defineTool, setsOnly } from '../tool.ts'

const { title, description, required_votes, deadline_minutes } = proposalFields

/** Puts something to a vote. */
export const createProposalTool = defineTool({
  name: 'create_proposal',
  description:
    'Puts a question to a vote of the peers of your group that are online now, you included. They are woken; you are woken with the outcome.',
  annotations: addsOnly,
  input: z.strictObject({
    title,
    description: description.optional(),
    required_votes: required_votes.optional().describe('default: a majority'),
    deadline_minutes: deadline_minutes.optional(),
  }),
  async run({ mesh }, input) {
    const proposal = await mesh.work(createProposal(input))
    const { id, required, electorate } = proposal
    const names = mesh.look((desk) => electorate.map((peer) => nameFor(peer, desk)).join(', '))
    const end = proposal.deadline === null ? '' : ` until ${proposal.deadline}`
    return {
      text: `Proposal ${id} is open${end}: ${required} of ${electorate.length} must approve (${names}). You vote with vote_proposal as well.`,
      structured: { proposal: neutralProposal(proposal) },
    }
  },
})

/** Votes. */
export const voteProposalTool = defineTool({
  name: 'vote_proposal',
  description:
    'Votes on a proposal. You may change your vote while it is open. withdraw ends it, for its author only.',
  annotations: setsOnly,
  input: z.strictObject({
    proposal_id: z.string().min(1).max(64),
    vote,
    reason: z.string().max(reasonMax).optional(),
  }),
  async run({ mesh }, input) {
    const proposal = await mesh.work(voteProposal(input))
    const said = input.vote === 'withdraw' ? 'You withdrew it.' : `You voted ${input.vote}.`
    return {
      text: `${said} ${describeProposal(proposal)}`,
      structured: { proposal: neutralProposal(proposal) },
    }
  },
})

/** How a proposal stands, in one sentence. */
function describeProposal(proposal: Proposal): string {
  const { id, title, status, approvals, rejections, required } = proposal
  const called = `"${neutralLine(title)}" (${id})`
  return `The proposal ${called} is ${status}: ${approvals} for, ${rejections} against, ${required} needed.`
}

/** A proposal whose words cannot pretend to be somebody else's. */
export function neutralProposal(proposal: Proposal): Proposal {
  return {
    ...proposal,
    title: neutralLine(proposal.title),
    description: neutral(proposal.description),
    votes: proposal.votes.map((each) => ({
      ...each,
      reason: each.reason === null ? null : neutral(each.reason),
    })),
  }
}

function nameFor(peer: Proposal['author'], desk: Desk): string {
  return peer === desk.peer ? 'you' : desk.nameOf(peer)
}
