import { systemClock } from '../../mesh/clock.ts'
import type { ControlCommand, Door } from '../../mesh/door.ts'
import { duration } from '../../state/durations.ts'
import { MeshError } from '../../state/errors.ts'
import { shortIds } from '../../state/shortIds.ts'
import { act } from '../actor.ts'
import {
  type PendingAnswer,
  type ProposalAnswer,
  pendingAnswer,
  proposalAnswer,
  proposalsAnswer,
  readAnswer,
  respondAnswer,
} from '../answers.ts'
import { namesFrom } from '../cards.ts'
import type { Command, Given } from '../command.ts'
import { exits } from '../exits.ts'
import { type Print, plain } from '../print.ts'
import { count } from '../quantities.ts'
import { printTable } from '../table.ts'

/** The words that end an action. */
const ends = { vote: ['approve', 'reject', 'withdraw'], answer: ['yes', 'no'] } as const

/** The command of the door that each action needs. */
const commands: ReadonlyMap<string | undefined, ControlCommand> = new Map([
  [undefined, 'proposals'],
  ['pending', 'pending'],
  ['vote', 'vote'],
  ['answer', 'respond'],
])

/** Lists proposals and what waits for an answer, votes and answers. */
export const proposals: Command = async (given, around) => {
  const [action] = given.words
  const asked = askedWith(given)
  return act(around, async (actor) => {
    const answer = await actor.door.request(...asked)
    if (given.json) around.print.json(answer)
    else if (action === 'vote' || action === 'answer') tell(action, answer, around.print)
    else {
      const { print } = around
      const facts = { names: await namesFrom(actor), own: actor.door.peer, print }
      if (action === 'pending') showPending(readAnswer(pendingAnswer, answer), facts)
      else showProposals(readAnswer(proposalsAnswer, answer).proposals, facts)
    }
    return exits.ok
  })
}

/** What is asked of a node. Fails with BAD_INPUT, naming what is not understood. */
export function askedWith(given: Given): Parameters<Door['request']> {
  const [action] = given.words
  const command = commands.get(action)
  if (command) return [command, { ...inputOf(given), ...shared(given) }]
  const quoted = JSON.stringify(action?.slice(0, 64))
  throw misused(`${quoted} is no action: use vote, pending or answer.`)
}

function inputOf({ words, flags, values }: Given): object {
  const [action, id, end, ...rest] = words
  const isList = action === undefined || action === 'pending'
  const extra = isList ? id : rest[0]
  if (extra !== undefined) throw misused(`${JSON.stringify(extra)} is one word too many.`)
  if (isList && values.has('reason')) throw misused('Only vote and answer take a reason.')
  if (action !== undefined && flags.has('all')) throw misused('--all belongs to the list alone.')
  if (isList) return flags.has('all') ? { all: true } : {}
  if (id === undefined) throw misused(`mesh proposals ${action} needs an <id>.`)
  const known = action === 'vote' ? ends.vote : ends.answer
  if (!known.some((each) => each === end)) {
    const found = end === undefined ? '' : `, not ${JSON.stringify(end)}`
    throw misused(`mesh proposals ${action} ID ends with ${known.join(', ')}${found}.`)
  }
  return action === 'vote' ? { proposal_id: id, vote: end } : { id, yes: end === 'yes' }
}

function shared({ values }: Given): object {
  const [group, reason] = [values.get('group'), values.get('reason')]
  return { ...(group === undefined ? {} : { group }), ...(reason === undefined ? {} : { reason }) }
}

function misused(message: string): MeshError {
  return new MeshError('BAD_INPUT', message, { hint: 'Run `mesh help proposals`.' })
}

/** What showing needs beside what is shown. */
interface Facts {
  readonly names: ReadonlyMap<string, string>
  /** The peer that looks. */
  readonly own: string
  readonly print: Print
}

/** Shows proposals as a table, with how to vote. */
export function showProposals(
  found: readonly ProposalAnswer[],
  { names, own, print }: Facts,
): void {
  const { bold, dim, green, red, yellow } = print.style
  if (found.length === 0) return print.line('There is nothing to vote on.')
  const ids = shortIds(found.map(({ id }) => id))
  const nowMs = systemClock.now()
  const paints: Readonly<Record<string, (text: string) => string>> = {
    ...{ approved: green, rejected: red, open: yellow },
  }
  printTable(print, [
    { title: 'id', cells: found.map(({ id }) => ids.get(id) ?? id), paint: dim },
    {
      title: 'status',
      cells: found.map(({ status }) => status),
      paint: (text, row) => (paints[found[row]?.status ?? ''] ?? dim)(text),
    },
    { title: 'for', cells: found.map((each) => `${each.approvals} of ${each.required}`) },
    { title: 'against', cells: found.map(({ rejections }) => String(rejections)) },
    { title: 'you', cells: found.map(({ votes }) => votes.find(by(own))?.vote ?? '') },
    { title: 'ends', cells: found.map((each) => endOf(each, nowMs)), paint: dim },
    { title: 'by', cells: found.map(({ author }) => names.get(author) ?? author), flexible: true },
    { title: 'title', cells: found.map(({ title }) => title), flexible: true, paint: bold },
  ])
  const open = found.find(({ status, votes }) => status === 'open' && !votes.some(by(own)))
  if (!open) return
  print.line()
  print.line(dim(`  Vote: mesh proposals vote ${ids.get(open.id) ?? open.id} approve`))
}

/** Shows what waits as a table, with how to answer. */
export function showPending(found: PendingAnswer, { names, own, print }: Facts): void {
  const { bold, dim } = print.style
  const name = (peer: string) => (peer === own ? 'you' : (names.get(peer) ?? peer))
  const rows = [
    ...found.approvals.map((each) => ({
      ...{ kind: 'approval', id: each.id, from: name(each.requester) },
      ...{ of: name(each.approver), what: each.action },
    })),
    ...found.verifications.map((each) => ({
      ...{ kind: 'verification', id: each.id, from: name(each.requester) },
      ...{ of: name(each.verifier), what: each.claim },
    })),
    ...found.proposals.map((each) => ({
      ...{ kind: 'vote', id: each.id, from: name(each.author) },
      ...{ of: 'the group', what: each.title },
    })),
    ...found.tasks.map((each) => ({
      ...{ kind: 'task', id: each.id, from: name(each.creator), what: each.title },
      of: (each.owner ?? each.assignee) ? name(each.owner ?? each.assignee ?? '') : 'anybody',
    })),
  ]
  if (rows.length === 0) return print.line('Nothing waits.')
  const ids = shortIds(rows.map(({ id }) => id))
  printTable(print, [
    { title: 'id', cells: rows.map(({ id }) => ids.get(id) ?? id), paint: dim },
    { title: 'kind', cells: rows.map(({ kind }) => kind) },
    { title: 'from', cells: rows.map(({ from }) => from), flexible: true },
    { title: 'of', cells: rows.map(({ of }) => of), flexible: true },
    { title: 'what', cells: rows.map(({ what }) => what), flexible: true, paint: bold },
  ])
  print.line()
  const requests = rows.slice(0, found.approvals.length + found.verifications.length)
  const asked = requests.find(({ from }) => from !== 'you')
  const hint = asked ? `  Answer: mesh proposals answer ${ids.get(asked.id) ?? asked.id} yes` : ''
  print.line(dim(hint === '' ? `  ${count(rows.length, 'thing')}.` : hint))
}

function tell(action: 'vote' | 'answer', answer: unknown, print: Print): void {
  const { bold, green } = print.style
  if (action === 'answer') {
    const { approval, verification } = readAnswer(respondAnswer, answer)
    const [what, status] = approval
      ? [approval.action, approval.status]
      : [verification?.claim ?? '', verification?.status ?? '']
    return print.line(`${green('✓')} ${bold(plain(what))}: ${plain(status)}.`)
  }
  const { title, status, approvals, required, rejections } = readAnswer(
    proposalAnswer,
    answer,
  ).proposal
  const stands = `${approvals} of ${required} for, ${rejections} against`
  print.line(`${green('✓')} ${bold(plain(title))}: ${plain(status)}, ${stands}.`)
}

function by(own: string): (vote: { readonly peer: string }) => boolean {
  return ({ peer }) => peer === own
}

function endOf({ status, deadline }: ProposalAnswer, nowMs: number): string {
  if (status !== 'open' || deadline === null) return ''
  return `in ${duration(Date.parse(deadline) - nowMs)}`
}
