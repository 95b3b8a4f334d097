import { z } from 'zod'
import type { Approval } from '../../state/approvals.ts'
import type { Desk } from '../../state/desk.ts'
import { type Pending, pendingFor, pendingFrom, pendingOf } from '../../state/pending.ts'
import type { Proposal } from '../../state/proposals.ts'
import { type Asked, nameOfAsked } from '../../state/requests.ts'
import type { Task } from '../../state/tasks.ts'
import type { Verification } from '../../state/verifications.ts'
import { neutral, neutralLine } from '../neutral.ts'
import { defineTool, readsOnly } from '../tool.ts'
import { neutralApproval } from './approvals.ts'
import { neutralProposal } from './proposals.ts'
import { neutralVerification } from './verifications.ts'

/** Things of one kind that are listed. */
const listedMax = 20
/** Characters of all long texts of one kind together, and the least that one of them gets. */
const textMax = 10_000
const textMin = 200
/** Characters of a line in the text. */
const lineMax = 160

/** What waits. */
export const listPending = defineTool({
  name: 'list_pending',
  description:
    'What waits for you, and what you wait for: approvals, verifications, open votes and tasks.',
  annotations: readsOnly,
  input: z.strictObject({}),
  async run({ mesh }) {
    const text = mesh.look((desk) => {
      const [mine, others] = [linesOf(pendingFor(desk), desk), linesOf(pendingFrom(desk), desk)]
      if (mine.length + others.length === 0) return 'Nothing waits for you, nor you for anything.'
      const waits =
        mine.length === 0
          ? 'Nothing waits for you.'
          : `For you (${mine.length}), go on with ${movesOf(pendingFor(desk), desk)}:`
      return [waits, ...mine, ...(others.length > 0 ? ['You wait for:', ...others] : [])].join('\n')
    })
    return { text, structured: { ...briefly(mesh.look(pendingOf)) } }
  },
})

/** The tools by which it goes on. */
function movesOf({ approvals, verifications, proposals, tasks }: Pending, desk: Desk): string {
  const moves = [
    ...(approvals.length > 0 ? ['respond_approval'] : []),
    ...(verifications.length > 0 ? ['respond_verification'] : []),
    ...(proposals.length > 0 ? ['vote_proposal'] : []),
    ...(tasks.some(({ owner }) => owner === null) ? ['claim_task'] : []),
    ...(tasks.some(({ owner }) => owner === desk.peer) ? ['complete_task'] : []),
  ]
  return moves.join(', ')
}

function linesOf({ approvals, verifications, proposals, tasks }: Pending, desk: Desk): string[] {
  const from = (peer: Task['creator']) => (peer === desk.peer ? 'you' : desk.nameOf(peer))
  const asked = (to: Asked) => (to === desk.peer ? 'you' : nameOfAsked(to, desk))
  return [
    ...listed(approvals, ({ id, requester, approver, action }) => [
      `approval ${id}, ${from(requester)} asked ${asked(approver)}`,
      action,
    ]),
    ...listed(verifications, ({ id, requester, verifier, claim }) => [
      `verification ${id}, ${from(requester)} asked ${asked(verifier)}`,
      claim,
    ]),
    ...listed(proposals, ({ id, author, approvals: count, required, title }) => [
      `proposal ${id} by ${from(author)}, ${count} of ${required} approvals`,
      title,
    ]),
    ...listed(tasks, ({ id, creator, status, title }) => [
      `task ${id} by ${from(creator)}, ${status}`,
      title,
    ]),
  ]
}

function listed<Item>(
  items: readonly Item[],
  describe: (item: Item) => readonly [what: string, words: string],
): string[] {
  const lines = items.slice(0, listedMax).map((item) => {
    const [what, words] = describe(item)
    return `- ${what}: ${cut(neutralLine(words), lineMax)}`
  })
  const more = items.length - lines.length
  return more > 0 ? [...lines, `- and ${more} more of these`] : lines
}

/** All of it, as far as an agent can read it: the more there is, the less of each. */
function briefly({ approvals, verifications, proposals, tasks }: Pending): Pending {
  const few = <Item>(items: readonly Item[], shorten: (item: Item, most: number) => Item) => {
    const first = items.slice(0, listedMax)
    const most = Math.max(textMin, Math.floor(textMax / first.length))
    return first.map((item) => shorten(item, most))
  }
  return {
    approvals: few(approvals, shortApproval),
    verifications: few(verifications, shortVerification),
    proposals: few(proposals, shortProposal),
    tasks: few(tasks, shortTask),
  }
}

function shortApproval(approval: Approval, most: number): Approval {
  const { action, ...rest } = neutralApproval(approval)
  return { ...rest, action: cut(action, most) }
}

function shortVerification(verification: Verification, most: number): Verification {
  const { claim, evidence_needed, files_to_check, ...rest } = neutralVerification(verification)
  return {
    ...{ ...rest, claim: cut(claim, most), evidence_needed: cut(evidence_needed, most) },
    files_to_check: files_to_check.slice(0, Math.ceil(most / textMin)),
  }
}

function shortProposal(proposal: Proposal, most: number): Proposal {
  const { description, votes, ...rest } = neutralProposal(proposal)
  return {
    ...{ ...rest, description: cut(description, most) },
    votes: votes.map((each) => ({
      ...each,
      reason: each.reason === null ? null : cut(each.reason, textMin),
    })),
  }
}

function shortTask(task: Task, most: number): Task {
  const { title, description } = task
  const half = Math.ceil(most / 2)
  return { ...task, title: neutralLine(title), description: cut(neutral(description), half) }
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`
}
