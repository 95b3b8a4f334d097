import { approvalsOf } from '../state/approvals.ts'
import type { Desk } from '../state/desk.ts'
import type { ErrorCode } from '../state/errors.ts'
import type { ObjectId } from '../state/ids.ts'
import { findById } from '../state/lookup.ts'
import { type Pending, pendingOf, respond } from '../state/pending.ts'
import { voteProposal } from '../state/proposalOperations.ts'
import { proposalsOf } from '../state/proposals.ts'
import { verificationsOf } from '../state/verifications.ts'
import { type ControlCommand, controlCommands } from './door.ts'
import { fitting } from './fitting.ts'
import { groupsMeant } from './groupsMeant.ts'
import type { Mesh } from './mesh.ts'

/** JSON of one kind of what is pending, in UTF-8 bytes: four kinds fit into a frame. */
const kindBytesMax = 220_000

/** The commands of the control door on proposals, and on what waits for an answer. */
export type VotingCommand = Extract<ControlCommand, 'proposals' | 'vote' | 'pending' | 'respond'>

/**
 * Answers these commands. A session works in its group; the operator, who is in none, means all
 * groups unless one is named.
 */
export function createVoting(
  mesh: Pick<Mesh, 'look' | 'work' | 'groups'>,
): Record<VotingCommand, (input: unknown) => unknown> {
  const meant = (group: string | undefined) => groupsMeant(mesh, group)

  /** What is in all these groups, each thing once. */
  function gather<Item extends { readonly id: ObjectId }>(
    view: (desk: Desk) => readonly Item[],
    groups: readonly string[],
  ): readonly (Item & { readonly group: string })[] {
    const itemsById = new Map<string, Item & { readonly group: string }>()
    for (const group of groups) {
      for (const item of mesh.look(view, group)) {
        if (!itemsById.has(item.id)) itemsById.set(item.id, { ...item, group })
      }
    }
    return [...itemsById.values()]
  }

  /** The group in which something is whose ID begins so, and that ID. */
  function place(text: string, group: string | undefined, wanted: Wanted) {
    const hint = 'See `mesh proposals` and `mesh proposals pending`.'
    return findById(text, gather(wanted.view, meant(group)), { ...wanted, hint })
  }

  function pending(groups: readonly string[]): Pending {
    const kind = <Kind extends keyof Pending>(name: Kind) =>
      fitting(
        gather<Pending[Kind][number]>((desk) => pendingOf(desk)[name], groups),
        kindBytesMax,
      )
    return {
      approvals: kind('approvals'),
      verifications: kind('verifications'),
      proposals: kind('proposals'),
      tasks: kind('tasks'),
    }
  }

  return {
    proposals(input) {
      const { all, group } = controlCommands.proposals.parse(input)
      const found = gather(proposalsOf, meant(group)).filter(
        ({ status }) => all === true || status === 'open',
      )
      return { proposals: fitting(found.sort((left, right) => (left.id < right.id ? 1 : -1))) }
    },

    async vote(input) {
      const { proposal_id, vote, reason, group } = controlCommands.vote.parse(input)
      const found = place(proposal_id, group, proposals)
      const operation = voteProposal({ proposal_id: found.id, vote, reason })
      return { proposal: await mesh.work(operation, found.group) }
    },

    pending: (input) => pending(meant(controlCommands.pending.parse(input).group)),

    respond(input) {
      const { id, yes, reason, group } = controlCommands.respond.parse(input)
      const found = place(id, group, requests)
      return mesh.work(respond({ id: found.id, yes, reason }), found.group)
    },
  }
}

interface Wanted {
  readonly word: string
  readonly unknown: ErrorCode
  view(desk: Desk): readonly { readonly id: ObjectId }[]
}

const proposals: Wanted = {
  ...{ word: 'proposal', unknown: 'UNKNOWN_PROPOSAL' },
  view: proposalsOf,
}

const requests: Wanted = {
  ...{ word: 'approval or verification', unknown: 'UNKNOWN_REQUEST' },
  view: (desk) => [...approvalsOf(desk), ...verificationsOf(desk)],
}
