import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { approvalsOf, requestApproval, respondApproval } from '../../../state/approvals.ts'
import { vote } from '../../../state/ballots.ts'
import { canonicalJson } from '../../../state/canonical.ts'
import type { Desk } from '../../../state/desk.ts'
import { MeshError } from '../../../state/errors.ts'
import { pendingOf } from '../../../state/pending.ts'
import { createProposal, voteProposal } from '../../../state/proposalOperations.ts'
import { proposalsOf } from '../../../state/proposals.ts'
import {
  requestVerification,
  respondVerification,
  verificationsOf,
} from '../../../state/verifications.ts'
import type { Desks, Seat } from './desk.ts'
import { openDesks, propose } from './voting.ts'

const who = fc.nat(5)
const which = fc.nat(2)

/** Anything that can happen in a group of four members and the operators of two devices. */
const anyStep = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('propose' as const),
      who,
      required_votes: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      deadline_minutes: fc.option(fc.constantFrom(1, 3), { nil: undefined }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('vote' as const),
      who,
      which,
      vote: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom('approve' as const, 'reject' as const) },
        { weight: 1, arbitrary: fc.constantFrom(...vote.options) },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ask' as const), who, to: who }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      ...{ who, which, isYes: fc.boolean() },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), ms: fc.nat(40_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('carry' as const),
      ...{ who, to: who, order: fc.infiniteStream(fc.nat(5)) },
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'exchange' as const }) },
)
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never

const names = ['ada', 'ben', 'cleo', 'dan', 'operator', 'operator-elsewhere']

function take(step: Step, desks: Desks): void {
  const at = (index: number) => desks.seat(names[index] ?? 'ada')
  if (step.kind === 'move') return desks.move(step.ms)
  if (step.kind === 'exchange') return desks.exchange()
  const seat = at(step.who)
  if (step.kind === 'leave') return desks.leave(seat.name)
  if (step.kind === 'carry') {
    // Some of what one has reaches the other, in any order, and some of it twice.
    const ranked = seat.records().map((rec) => ({ rec, rank: step.order.next().value ?? 0 }))
    const chosen = ranked.sort((left, right) => left.rank - right.rank).filter(({ rank }) => rank)
    return at(step.to).take(...[...chosen, ...chosen.slice(0, 2)].map(({ rec }) => rec))
  }
  if (step.kind === 'propose') {
    const { required_votes, deadline_minutes } = step
    seat.act(createProposal({ title: 'T', required_votes, deadline_minutes }))
  } else if (step.kind === 'vote') {
    const proposal_id = seat.look(proposalsOf)[step.which]?.id ?? 'nothing'
    seat.act(voteProposal({ proposal_id, vote: step.vote }))
  } else if (step.kind === 'ask') {
    const to = names[step.to] ?? ''
    seat.act(requestApproval({ approver: to, action: 'A' }))
    seat.act(requestVerification({ to, claim: 'C', evidence_needed: 'E' }))
  } else answer(seat, step)
}

function answer(seat: Seat, { which, isYes }: Extract<Step, { kind: 'answer' }>): void {
  const approval_id = seat.look(approvalsOf)[which]?.id ?? 'nothing'
  const verification_id = seat.look(verificationsOf)[which]?.id ?? 'nothing'
  const status = isYes ? 'verified' : 'failed'
  seat.act(respondApproval({ approval_id, approved: isYes }))
  seat.act(respondVerification({ verification_id, status, response: 'R' }))
}

function viewsOf(desk: Desk) {
  return {
    proposals: proposalsOf(desk),
    approvals: approvalsOf(desk),
    verifications: verificationsOf(desk),
  }
}

/** How each object stands in somebody's eyes, by its ID. */
function statusesOf(seat: Seat): ReadonlyMap<string, string> {
  const all = Object.values(seat.look(viewsOf)).flat()
  return new Map(all.map(({ id, status }) => [id, status]))
}

describe('proposals, approvals and verifications', () => {
  it('are the same on all replicas in the end, whatever happened and in whatever order', () => {
    const seen = { steps: 0, disputes: 0, turned: 0 }
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 10, maxLength: 60 }), (steps) => {
        const desks = openDesks('ada', 'ben', 'cleo', 'dan')
        propose(desks, 'dan', { required_votes: 2, deadline_minutes: 3 })
        take({ kind: 'ask', who: 0, to: 1 }, desks)
        propose(desks, 'ada', { required_votes: 2 })
        for (const step of steps) {
          try {
            take(step, desks)
            seen.steps += 1
          } catch (thrown) {
            if (!(thrown instanceof MeshError) || thrown.code === 'INTERNAL') throw thrown
          }
        }
        const before = desks.seats.map(statusesOf)
        desks.exchange()
        desks.exchange()
        const views = desks.seats.map((seat) => canonicalJson(seat.look(viewsOf)))
        expect(new Set(views).size).toBe(1)
        for (const seat of desks.seats) checkSense(seat)
        const after = statusesOf(desks.seat('ada'))
        for (const [id, status] of after) {
          const known = new Set(before.flatMap((each) => each.get(id) ?? []))
          const decided = [...known].filter((each) => each !== 'open' && each !== 'pending')
          if (known.size > 1) seen.disputes += 1
          if (decided.some((each) => each !== status)) seen.turned += 1
        }
      }),
      { numRuns: 250, seed: 7 },
    )
    // The property is worth something only if replicas disagreed, and decided what was not to stay.
    expect(seen.steps).toBeGreaterThan(2_500)
    expect(seen.disputes).toBeGreaterThan(100)
    expect(seen.turned).toBeGreaterThan(5)
  }, 30_000)
})

function checkSense(seat: Seat): void {
  const { proposals } = seat.look(viewsOf)
  for (const { votes, approvals, rejections, required, status } of proposals) {
    expect(new Set(votes.map(({ peer }) => peer)).size).toBe(votes.length)
    expect(approvals + rejections).toBe(votes.length)
    if (status === 'approved') expect(approvals).toBe(required)
    if (status === 'open' || status === 'expired') expect(approvals).toBeLessThan(required)
  }
  const pending = seat.look(pendingOf)
  expect(pending.proposals.every(({ status }) => status === 'open')).toBe(true)
  expect(pending.approvals.every(({ status }) => status === 'pending')).toBe(true)
}
