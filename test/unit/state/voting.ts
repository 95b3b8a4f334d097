import type { Vote } from '../../../state/ballots.ts'
import { MeshError } from '../../../state/errors.ts'
import {
  type CreateProposalInput,
  createProposal,
  voteProposal,
} from '../../../state/proposalOperations.ts'
import { type Proposal, proposalsOf } from '../../../state/proposals.ts'
import { createDesk, type Desks, type Seat } from './desk.ts'
import { person } from './people.ts'

const people = Array.from({ length: 7 }, (_, index) => person(index + 1))
const operators = [person(101), person(102)]

/** Desks of members with these names, and of the operators of two devices. */
export function openDesks(...names: readonly string[]): Desks {
  const members = people.slice(0, names.length).map((each, index) => ({
    ...{ person: each, name: names[index] ?? '' },
  }))
  const beside = operators.map((each, index) => ({
    ...{ person: each, name: ['operator', 'operator-elsewhere'][index] ?? '', isOperator: true },
  }))
  return createDesk({ people: [...members, ...beside] })
}

/** Proposes something, and everybody hears of it. */
export function propose(
  desks: Desks,
  by: string,
  input: Partial<CreateProposalInput> = {},
): Proposal {
  const made = desks.seat(by).act(createProposal({ title: 'Use tabs', ...input }))
  desks.exchange()
  return made
}

/** Votes; nobody else hears of it yet. */
export function cast(
  seat: Seat,
  { id }: { readonly id: string },
  vote: Vote,
  reason?: string,
): Proposal {
  return seat.act(voteProposal({ proposal_id: id, vote, reason }))
}

/** The newest proposal, as somebody sees it. */
export function seen(seat: Seat): Proposal {
  const [proposal] = seat.look(proposalsOf)
  if (!proposal) throw new Error('There is no proposal.')
  return proposal
}

/** The refusal that something ends with. */
export function refusal(work: () => unknown): MeshError {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof MeshError) return thrown
    throw thrown
  }
  throw new Error('It was not refused.')
}
