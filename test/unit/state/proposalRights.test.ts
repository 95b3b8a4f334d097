import { describe, expect, it } from 'vitest'
import { voteKey } from '../../../state/ballots.ts'
import { type Proposal, proposalKey, proposalsOf } from '../../../state/proposals.ts'
import type { Desks } from './desk.ts'
import { cast, openDesks, propose, seen } from './voting.ts'

describe('records that have no right', () => {
  /** What ada sees after somebody wrote a vote of this kind. */
  function planted(desks: Desks, name: string, value: object): Proposal {
    const { id } = seen(desks.seat('ada'))
    const of = desks.seat('ada').records()[0]?.at
    const writer = desks.seat(name)
    const vote = { of, vote: 'approve', reason: null, earlier: [], ...value }
    writer.plant(voteKey(id, writer.peer), vote)
    desks.exchange()
    return seen(desks.seat('ada'))
  }

  it.each([
    ['a vote of somebody who has none', 'cleo', {}],
    ['a vote on another version of the proposal', 'ben', { of: 5 }],
    ['a vote that is none', 'ben', { vote: 'maybe' }],
    ['a vote without its past', 'ben', { earlier: undefined }],
    ['a reason without end', 'ben', { reason: 'x'.repeat(2_001) }],
    ['a past that is none', 'ben', { earlier: 'often' }],
  ])('count for nothing: %s', (_, name, value) => {
    const desks = openDesks('ada', 'ben', 'cleo')
    desks.leave('cleo')
    propose(desks, 'ada')
    const found = planted(desks, name, value)
    expect(found).toMatchObject({ status: 'open', approvals: 0, rejections: 0 })
  })

  it('count for nothing: a withdrawal by somebody else', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    propose(desks, 'ada')
    const found = planted(desks, 'ben', { vote: 'withdraw' })
    expect(found).toMatchObject({ status: 'open', votes: [] })
  })

  it('count for nothing: a vote under the key of somebody else', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    const made = propose(desks, 'ada')
    const ben = desks.seat('ben').peer
    const of = desks.seat('ada').records()[0]?.at
    const vote = { of, vote: 'approve', reason: null, earlier: [] }
    desks.seat('cleo').plant(voteKey(made.id, ben), vote)
    desks.exchange()
    expect(seen(desks.seat('ada')).approvals).toBe(0)
  })

  it('count for nothing: what somebody says it has said after it said something else', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    propose(desks, 'ada')
    const earlier = [{ vote: 'approve', at: Number.MAX_SAFE_INTEGER }]
    const found = planted(desks, 'ben', { vote: 'reject', earlier })
    expect(found).toMatchObject({ approvals: 0, rejections: 1 })
  })

  it('cannot change a proposal under votes that were given for it', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    const made = propose(desks, 'ada')
    cast(desks.seat('ben'), made, 'approve')
    desks.exchange()
    const ada = desks.seat('ada')
    const [before] = ada.records()
    ada.plant(proposalKey(made.id, ada.peer), {
      ...(typeof before?.value === 'object' ? before.value : {}),
      ...{ title: 'Delete everything', required: 1 },
    })
    desks.exchange()
    expect(seen(desks.seat('cleo'))).toMatchObject({ status: 'open', approvals: 0, votes: [] })
    expect(cast(desks.seat('ben'), made, 'reject')).toMatchObject({ rejections: 1 })
  })

  it('cannot take the place of a proposal that had the ID before', () => {
    const desks = openDesks('ada', 'ben')
    const made = propose(desks, 'ada')
    const ben = desks.seat('ben')
    ben.plant(proposalKey(made.id, ben.peer), {
      ...{ title: 'Mine', description: '', electorate: [ben.peer], required: 1, deadlineMs: null },
    })
    desks.exchange()
    expect(desks.seat('ada').look(proposalsOf)).toEqual([made])
  })

  it.each([
    ['nobody to vote', { electorate: [] }],
    ['more votes needed than voters', { required: 3 }],
    ['a voter that counts twice', { electorate: ['a', 'a'], required: 2 }],
    ['no title', { title: '' }],
    ['half a vote needed', { required: 0.5 }],
    ['a deadline outside of time', { deadlineMs: 9e15 }],
  ])('are no proposal: %s', (_, value) => {
    const desks = openDesks('ada', 'ben')
    const ada = desks.seat('ada')
    const good = { title: 'T', description: '', electorate: ['a', 'b'], required: 2 }
    ada.plant(proposalKey(ada.desk.createId(), ada.peer), { ...good, deadlineMs: null })
    expect(ada.look(proposalsOf)).toHaveLength(1)
    ada.plant(proposalKey(ada.desk.createId(), ada.peer), { ...good, deadlineMs: null, ...value })
    ada.plant(`proposal/strange`, good)
    expect(ada.look(proposalsOf)).toHaveLength(1)
  })
})
