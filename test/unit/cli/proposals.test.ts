import { describe, expect, it } from 'vitest'
import { pendingAnswer, proposalsAnswer } from '../../../cli/answers.ts'
import { askedWith, showPending, showProposals } from '../../../cli/commands/proposals.ts'
import { createPrint } from '../../../cli/print.ts'
import { understand } from '../../../cli/words.ts'
import { createVoting } from '../../../mesh/voting.ts'
import { requestApproval } from '../../../state/approvals.ts'
import { MeshError } from '../../../state/errors.ts'
import { createTask } from '../../../state/taskOperations.ts'
import { requestVerification } from '../../../state/verifications.ts'
import type { Desks } from '../state/desk.ts'
import { cast, openDesks, propose } from '../state/voting.ts'
import { keepOutput } from './output.ts'

function asked(...typed: string[]) {
  const wish = understand(['proposals', ...typed])
  if (wish.kind !== 'run') throw new Error('Nothing is run.')
  return askedWith(wish.given)
}

/** The commands of somebody's node. */
function nodeOf(desks: Desks, name: string) {
  const seat = desks.seat(name)
  const groups = { list: () => [{ id: 'lobby' }], resolve: (text: string) => text }
  const work = async (operation: never) => {
    const answer = seat.act(operation)
    desks.exchange()
    return answer
  }
  const commands = createVoting({ look: seat.look, work, groups } as never)
  return async (...typed: string[]) => {
    const [command, input] = asked(...typed)
    return commands[command as keyof typeof commands](input)
  }
}

function shown(desks: Desks, name: string, columns = 80) {
  const out = keepOutput(columns)
  const print = createPrint({ out, error: out, variables: { NO_COLOR: '1' } }, () => {})
  const names = new Map(desks.seats.map((seat) => [seat.peer as string, seat.name]))
  const facts = { names, own: desks.seat(name).peer as string, print }
  const lines = () => out.text().trimEnd().split('\n')
  return { facts, lines }
}

describe('mesh proposals', () => {
  it.each([
    [[], ['proposals', {}]],
    [
      ['--all', '--group', 'api'],
      ['proposals', { all: true, group: 'api' }],
    ],
    [['pending'], ['pending', {}]],
    [
      ['vote', 'abcdef', 'reject', '--reason', 'no'],
      ['vote', { proposal_id: 'abcdef', vote: 'reject', reason: 'no' }],
    ],
    [
      ['answer', 'abcdef', 'yes'],
      ['respond', { id: 'abcdef', yes: true }],
    ],
  ])('%j asks a node %j', (typed, wanted) => {
    expect(asked(...typed)).toEqual(wanted)
  })

  it.each([
    [['close', 'abcdef'], '"close" is no action'],
    [['constructor'], '"constructor" is no action'],
    [['list'], '"list" is no action'],
    [['vote'], 'needs an <id>'],
    [['vote', 'abcdef'], 'ends with approve, reject, withdraw.'],
    [['answer', 'abcdef', 'maybe'], 'ends with yes, no, not "maybe"'],
    [['pending', 'abcdef'], '"abcdef" is one word too many'],
    [['pending', '--all'], '--all'],
    [['--reason', 'no'], 'reason'],
  ])('%j is refused by name', (typed, said) => {
    try {
      asked(...typed)
    } catch (thrown) {
      if (!(thrown instanceof MeshError)) throw thrown
      expect(thrown.code).toBe('BAD_INPUT')
      expect(thrown.message).toContain(said)
      expect(thrown.hint).toContain('mesh help proposals')
      return
    }
    throw new Error('It was understood.')
  })

  it('lists what is open in 80 columns, with how to vote', async () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    const made = propose(desks, 'ada', { title: 'Use tabs '.repeat(20).trim() })
    cast(desks.seat('ben'), made, 'approve')
    desks.exchange()
    const { facts, lines } = shown(desks, 'operator')
    const answer = await nodeOf(desks, 'operator')()
    showProposals(proposalsAnswer.parse(answer).proposals, facts)
    expect(lines()[0]).toMatch(/^ {2}id +status +for +against +by +title$/)
    expect(lines()[1]).toMatch(/^ {2}\w{8} +open +1 of 2 +0 +ada +Use tabs.*…$/)
    expect(lines().at(-1)).toBe(`  Vote: mesh proposals vote ${made.id.slice(0, 8)} approve`)
    for (const line of lines()) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('lists what is decided only when asked for, and says when there is nothing', async () => {
    const desks = openDesks('ada', 'ben')
    const made = propose(desks, 'ada')
    const operator = nodeOf(desks, 'operator')
    cast(desks.seat('ada'), made, 'withdraw')
    desks.exchange()
    expect(await operator()).toEqual({ proposals: [] })
    expect(await operator('--all')).toMatchObject({ proposals: [{ status: 'withdrawn' }] })
    const { facts, lines } = shown(desks, 'operator')
    showProposals([], facts)
    expect(lines()).toEqual(['There is nothing to vote on.'])
  })

  it('votes, and answers approvals and verifications, as the operator', async () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    const operator = nodeOf(desks, 'operator')
    const made = propose(desks, 'ada', { required_votes: 1 })
    expect(
      await operator('vote', made.id.slice(0, 8), 'approve', '--reason', 'Good.'),
    ).toMatchObject({ proposal: { id: made.id, status: 'approved', votes: [{ reason: 'Good.' }] } })

    desks.move(60 * 60_000)
    const claim = { claim: 'It works', evidence_needed: 'A log' }
    const approval = desks.seat('ada').act(requestApproval({ approver: 'ben', action: 'Deploy' }))
    desks.move(60 * 60_000)
    const verification = desks.seat('ben').act(requestVerification({ to: 'cleo', ...claim }))
    desks.exchange()
    expect(await operator('answer', approval.id.slice(0, 8), 'no')).toMatchObject({
      approval: { status: 'rejected', reason: null, answered_by: desks.seat('operator').peer },
    })
    expect(await operator('answer', verification.id.slice(0, 8), 'yes')).toMatchObject({
      verification: { status: 'verified', response: 'It holds.' },
    })
    await expect(operator('answer', approval.id, 'yes')).rejects.toMatchObject({
      code: 'ALREADY_DECIDED',
    })
    await expect(operator('answer', made.id, 'yes')).rejects.toMatchObject({
      code: 'UNKNOWN_REQUEST',
    })
  })

  it('is for a session about its own group alone, and finds what the operator means in any', async () => {
    const desks = openDesks('ada', 'ben')
    const made = propose(desks, 'ada')
    await expect(nodeOf(desks, 'ada')('--group', 'api')).rejects.toMatchObject({ code: 'REFUSED' })
    expect(await nodeOf(desks, 'ada')('--group', 'lobby')).toMatchObject({ proposals: [{}] })
    expect(await nodeOf(desks, 'operator')('--group', 'lobby')).toMatchObject({
      proposals: [{ id: made.id, group: 'lobby' }],
    })
  })

  it('shows what waits in 80 columns, with how to answer', async () => {
    const desks = openDesks('ada', 'ben')
    desks.seat('ada').act(requestApproval({ approver: 'operator', action: 'Deploy\u001b[31m' }))
    propose(desks, 'ben', { title: 'Use tabs' })
    desks.seat('operator').act(createTask({ title: 'Tests', assignee: 'ben' }))
    const answer = await nodeOf(desks, 'operator')('pending')
    const { facts, lines } = shown(desks, 'operator')
    showPending(pendingAnswer.parse(answer), facts)
    expect(lines()[0]).toMatch(/^ {2}id +kind +from +of +what$/)
    expect(lines()[1]).toMatch(/approval +ada +operator +Deploy␛\[31m$/)
    expect(lines()[2]).toMatch(/vote +ben +the group +Use tabs$/)
    expect(lines()[3]).toMatch(/task +you +ben +Tests$/)
    expect(lines().at(-1)).toMatch(/^ {2}Answer: mesh proposals answer \w+ yes$/)
    for (const line of lines()) expect(line.length).toBeLessThanOrEqual(80)
  })
})
