import { type Approval, approvalsOf, respondApproval } from './approvals.ts'
import type { Desk, Operation, Plan } from './desk.ts'
import { findById } from './lookup.ts'
import { mayVote, type Proposal, proposalsOf } from './proposals.ts'
import { isAsked } from './requests.ts'
import { type Task, tasksOf } from './tasks.ts'
import { respondVerification, type Verification, verificationsOf } from './verifications.ts'

/** What waits for a peer, and what it waits for. The oldest first; tasks as boards have them. */
export interface Pending {
  readonly approvals: readonly Approval[]
  readonly verifications: readonly Verification[]
  readonly proposals: readonly Proposal[]
  readonly tasks: readonly Task[]
}

/** Everything that waits for whoever looks. */
export function pendingFor(desk: Desk): Pending {
  return forUs(openOf(desk), desk)
}

/** Everything that whoever looks waits for: what it asked of others, or left to them. */
export function pendingFrom(desk: Desk): Pending {
  return fromUs(openOf(desk), desk)
}

/** Both, each thing once. */
export function pendingOf(desk: Desk): Pending {
  const open = openOf(desk)
  const [ours, others] = [forUs(open, desk), fromUs(open, desk)]
  return {
    approvals: merged(ours.approvals, others.approvals),
    verifications: merged(ours.verifications, others.verifications),
    proposals: merged(ours.proposals, others.proposals),
    tasks: merged(ours.tasks, others.tasks),
  }
}

/** What became of a request of either kind. */
export type Responded = { readonly approval: Approval } | { readonly verification: Verification }

/**
 * Answers the approval or the verification that a text names, with yes or no. Fails as
 * `respondApproval` and `respondVerification` do.
 */
export function respond(input: {
  readonly id: string
  readonly yes: boolean
  readonly reason?: string | undefined
}): Operation<Responded> {
  return (desk) => {
    const { yes, reason } = input
    const found = findById(input.id, [...approvalsOf(desk), ...verificationsOf(desk)], {
      ...{ word: 'approval or verification', unknown: 'UNKNOWN_REQUEST' },
      hint: 'list_pending shows what waits.',
    })
    if ('approver' in found) {
      const given = { approval_id: found.id, approved: yes, reason }
      return answering(respondApproval(given)(desk), (approval) => ({ approval }))
    }
    const status = yes ? 'verified' : 'failed'
    const response = reason?.trim() || (yes ? 'It holds.' : 'It does not hold.')
    const given = { verification_id: found.id, status, response } as const
    return answering(respondVerification(given)(desk), (verification) => ({ verification }))
  }
}

function answering<From, To>(plan: Plan<From>, turn: (answer: From) => To): Plan<To> {
  return { ...plan, answer: (desk) => turn(plan.answer(desk)) }
}

function forUs(open: Pending, desk: Desk): Pending {
  const { peer } = desk
  return {
    approvals: open.approvals.filter(({ approver }) => isAsked(peer, { to: approver }, desk)),
    verifications: open.verifications.filter(({ verifier }) =>
      isAsked(peer, { to: verifier }, desk),
    ),
    proposals: open.proposals.filter(
      (each) => mayVote(peer, each, desk) && !each.votes.some((cast) => cast.peer === peer),
    ),
    tasks: open.tasks.filter(({ owner, assignee }) => (owner ?? assignee) === peer),
  }
}

function fromUs(open: Pending, { peer }: Desk): Pending {
  return {
    approvals: open.approvals.filter(({ requester }) => requester === peer),
    verifications: open.verifications.filter(({ requester }) => requester === peer),
    proposals: open.proposals.filter(({ author }) => author === peer),
    tasks: open.tasks.filter(
      ({ creator, owner, assignee }) => creator === peer && (owner ?? assignee) !== peer,
    ),
  }
}

function openOf(desk: Desk): Pending {
  return {
    approvals: approvalsOf(desk)
      .filter(({ status }) => status === 'pending')
      .reverse(),
    verifications: verificationsOf(desk)
      .filter(({ status }) => status === 'pending')
      .reverse(),
    proposals: proposalsOf(desk)
      .filter(({ status }) => status === 'open')
      .reverse(),
    tasks: tasksOf(desk).filter(({ status }) => status !== 'completed'),
  }
}

function merged<Item extends { readonly id: string }>(
  first: readonly Item[],
  second: readonly Item[],
): readonly Item[] {
  const known = new Set(first.map(({ id }) => id))
  return [...first, ...second.filter(({ id }) => !known.has(id))]
}
