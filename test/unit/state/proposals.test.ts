import { describe, expect, it } from 'vitest'
import { changesMax, type Vote } from '../../../state/ballots.ts'
import { msToHybrid } from '../../../state/hybrid.ts'
import { voteProposal } from '../../../state/proposalOperations.ts'
import { nextDeadlineMs, type Proposal, proposalsOf } from '../../../state/proposals.ts'
import type { Rec } from '../../../state/records.ts'
import { noonMs, orders } from './people.ts'
import { cast, openDesks, propose, refusal, seen } from './voting.ts'

const minuteMs = 60_000

describe('a proposal', () => {
  it('asks the members who are online, the author included, and wants a majority of them', () => {
    const desks = openDesks('ada', 'ben', 'cleo', 'dan')
    desks.leave('dan')
    const made = propose(desks, 'ada', { description: 'No spaces.' })
    expect(made).toEqual({
      ...{ id: made.id, title: 'Use tabs', description: 'No spaces.', status: 'open' },
      ...{ required: 2, approvals: 0, rejections: 0, votes: [], deadline: null },
      author: desks.seat('ada').peer,
      electorate: ['ada', 'ben', 'cleo'].map((name) => desks.seat(name).peer),
      at: new Date(noonMs).toISOString(),
    })
    expect(desks.seats.map(seen)).toEqual(desks.seats.map(() => made))
  })

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
  ])('of %i voters needs %i unless it says otherwise', (voters, required) => {
    const desks = openDesks(...['ada', 'ben', 'cleo', 'dan', 'eve'].slice(0, voters))
    expect(propose(desks, 'ada').required).toBe(required)
  })

  it('cannot need more votes than there are voters, with the operator beside them or not', () => {
    const desks = openDesks('ada', 'ben')
    const { code, message, hint } = refusal(() => propose(desks, 'ada', { required_votes: 3 }))
    expect(code).toBe('BAD_INPUT')
    expect(message).toBe('3 votes cannot be reached: only 2 can vote (ada, ben).')
    expect(hint).toContain('list_peers')
  })

  it('of the operator asks the members, and nobody when nobody is there', () => {
    const desks = openDesks('ada', 'ben')
    expect(propose(desks, 'operator')).toMatchObject({ required: 2, electorate: { length: 2 } })
    desks.leave('ada')
    desks.leave('ben')
    expect(refusal(() => propose(desks, 'operator')).message).toContain('Nobody')
  })

  it('keeps its voters when somebody comes or goes', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    desks.leave('cleo')
    const made = propose(desks, 'ada')
    desks.return('cleo')
    desks.leave('ben')
    const late = refusal(() => cast(desks.seat('cleo'), made, 'approve'))
    expect([late.code, late.message]).toEqual([
      'REFUSED',
      'You have no vote on it: you were not online when it was made.',
    ])
    cast(desks.seat('ada'), made, 'approve')
    desks.exchange()
    expect(cast(desks.seat('ben'), made, 'approve').status).toBe('approved')
  })

  it('is made at most twenty times at once by one author', () => {
    const desks = openDesks('ada', 'ben')
    const made = Array.from({ length: 20 }, () => propose(desks, 'ada'))
    expect(refusal(() => propose(desks, 'ada')).code).toBe('REFUSED')
    cast(desks.seat('ada'), made[3] ?? seen(desks.seat('ada')), 'withdraw')
    expect(propose(desks, 'ada').status).toBe('open')
    expect(desks.seat('ada').look(proposalsOf)).toHaveLength(21)
  })
})

/** Who does what, in this order; everybody knows everything before each of them. */
const outcomes: readonly {
  readonly when: string
  readonly voters: number
  readonly required?: number
  readonly does: readonly (readonly [name: string, vote: Vote])[]
  readonly shows: Partial<Proposal>
}[] = [
  {
    when: 'enough approve',
    ...{ voters: 3, shows: { status: 'approved', approvals: 2, rejections: 1 } },
    does: [
      ['ada', 'approve'],
      ['ben', 'reject'],
      ['cleo', 'approve'],
    ],
  },
  {
    when: 'not enough voted',
    ...{ voters: 3, shows: { status: 'open', approvals: 1, rejections: 1 } },
    does: [
      ['ada', 'approve'],
      ['ben', 'reject'],
    ],
  },
  {
    when: 'as many reject as would have to approve',
    ...{ voters: 4, required: 2, shows: { status: 'rejected', approvals: 1, rejections: 2 } },
    does: [
      ['ada', 'approve'],
      ['ben', 'reject'],
      ['cleo', 'reject'],
    ],
  },
  {
    when: 'one of two rejects what both would have to approve',
    ...{ voters: 2, shows: { status: 'rejected', approvals: 0, rejections: 1 } },
    does: [['ben', 'reject']],
  },
  {
    when: 'somebody changes its mind in time',
    ...{ voters: 3, shows: { status: 'approved', approvals: 2, rejections: 0 } },
    does: [
      ['ben', 'reject'],
      ['ben', 'approve'],
      ['ada', 'approve'],
    ],
  },
  {
    when: 'the author withdraws it',
    ...{ voters: 3, shows: { status: 'withdrawn', approvals: 1, rejections: 0 } },
    does: [
      ['ben', 'approve'],
      ['ada', 'withdraw'],
    ],
  },
  {
    when: 'the operator approves in addition',
    ...{ voters: 3, shows: { status: 'approved', approvals: 2, rejections: 0, required: 2 } },
    does: [
      ['ada', 'approve'],
      ['operator', 'approve'],
    ],
  },
  {
    when: 'the operators of both devices reject',
    ...{ voters: 3, shows: { status: 'rejected', approvals: 0, rejections: 2 } },
    does: [
      ['operator', 'reject'],
      ['operator-elsewhere', 'reject'],
    ],
  },
  {
    when: 'an operator rejects, whom nobody waited for',
    ...{ voters: 2, shows: { status: 'open', approvals: 0, rejections: 1 } },
    does: [['operator', 'reject']],
  },
  {
    when: 'the approval of an operator makes up for one who rejects',
    ...{ voters: 2, shows: { status: 'approved', approvals: 2, rejections: 1 } },
    does: [
      ['operator', 'approve'],
      ['ada', 'reject'],
      ['ben', 'approve'],
    ],
  },
]

describe('the outcome', () => {
  it.each(outcomes)('is right when $when', ({ voters, required, does, shows }) => {
    const desks = openDesks(...['ada', 'ben', 'cleo', 'dan'].slice(0, voters))
    const wanted = required === undefined ? {} : { required_votes: required }
    const made = propose(desks, 'ada', wanted)
    for (const [name, vote] of does) {
      cast(desks.seat(name), made, vote)
      desks.exchange()
    }
    for (const seat of desks.seats) expect(seen(seat)).toMatchObject(shows)
  })

  it('refuses every later vote and says why', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    const made = propose(desks, 'ada')
    cast(desks.seat('ada'), made, 'approve')
    desks.exchange()
    cast(desks.seat('ben'), made, 'approve', ' It is shorter. ')
    desks.exchange()
    const before = seen(desks.seat('cleo'))
    expect(before.votes).toEqual([
      { peer: desks.seat('ada').peer, vote: 'approve', reason: null },
      { peer: desks.seat('ben').peer, vote: 'approve', reason: 'It is shorter.' },
    ])
    for (const name of ['ada', 'cleo', 'operator']) {
      const { code, message, hint } = refusal(() => cast(desks.seat(name), made, 'reject'))
      expect(code).toBe('ALREADY_DECIDED')
      expect(message).toContain('no longer open: approved, with 2 for and 0 against')
      expect(hint).toContain('create_proposal')
    }
    const known = desks.seat('ada').records().length
    expect(refusal(() => cast(desks.seat('ada'), made, 'withdraw')).code).toBe('ALREADY_DECIDED')
    expect(desks.seat('ada').records()).toHaveLength(known)
    expect(desks.seat('cleo').records()).toHaveLength(known)
    expect(seen(desks.seat('cleo'))).toEqual(before)
  })

  it('is withdrawn by nobody but the author', () => {
    const desks = openDesks('ada', 'ben')
    const made = propose(desks, 'ada')
    for (const name of ['ben', 'operator']) {
      const { code, message } = refusal(() => cast(desks.seat(name), made, 'withdraw'))
      expect([code, message]).toEqual([
        'REFUSED',
        'Only ada can withdraw the proposal, who made it.',
      ])
    }
  })
})

describe('a deadline', () => {
  it('ends a vote that nothing decided, and no vote is taken any more', () => {
    const desks = openDesks('ada', 'ben')
    const made = propose(desks, 'ada', { deadline_minutes: 10 })
    expect(made.deadline).toBe(new Date(noonMs + 10 * minuteMs).toISOString())
    cast(desks.seat('ada'), made, 'approve')
    desks.exchange()
    expect(desks.seat('ben').look(nextDeadlineMs)).toBe(noonMs + 10 * minuteMs)
    desks.move(10 * minuteMs - 1)
    expect(seen(desks.seat('ben')).status).toBe('open')
    desks.move(1)
    expect(seen(desks.seat('ben'))).toMatchObject({ status: 'expired', approvals: 1 })
    expect(desks.seat('ben').look(nextDeadlineMs)).toBeUndefined()
    const late = refusal(() => cast(desks.seat('ben'), made, 'approve'))
    expect([late.code, late.message]).toEqual([
      'ALREADY_DECIDED',
      `The proposal ${made.id} is no longer open: expired, with 1 for and 0 against.`,
    ])
  })

  it('does not shut out a vote that was cast in time and arrives late', () => {
    const desks = openDesks('ada', 'ben')
    const made = propose(desks, 'ada', { deadline_minutes: 10 })
    cast(desks.seat('ada'), made, 'approve')
    cast(desks.seat('ben'), made, 'approve')
    desks.move(60 * minuteMs)
    expect(seen(desks.seat('ada')).status).toBe('expired')
    desks.exchange()
    expect(seen(desks.seat('ada'))).toMatchObject({ status: 'approved', approvals: 2 })
  })

  it('is not postponed by a clock that is ahead: such a vote is refused to its voter', () => {
    const desks = openDesks('ada', 'ben')
    const made = propose(desks, 'ada', { deadline_minutes: 1 })
    const ben = desks.seat('ben')
    ben.plant(`card/${ben.peer}`, {}, msToHybrid(noonMs + minuteMs))
    const late = refusal(() => cast(ben, made, 'approve'))
    expect(late.code).toBe('ALREADY_DECIDED')
    expect(seen(ben)).toMatchObject({ status: 'open', approvals: 0 })
  })
})

/** What happens in two halves that do not hear of each other, and what everybody sees afterwards. */
const partitions: readonly {
  readonly when: string
  readonly voters: number
  readonly does: readonly (readonly [name: string, vote: Vote])[]
  readonly shows: Partial<Proposal>
}[] = [
  {
    when: 'a voter changed its mind after a decision that it had not heard of: it stays decided',
    ...{ voters: 3, shows: { status: 'approved', approvals: 2, rejections: 0 } },
    does: [
      ['ada', 'approve'],
      ['ben', 'approve'],
      ['ada', 'reject'],
    ],
  },
  {
    when: 'a voter changed its mind before the vote that would have decided: it is open',
    ...{ voters: 3, shows: { status: 'open', approvals: 1, rejections: 1 } },
    does: [
      ['ada', 'approve'],
      ['ada', 'reject'],
      ['ben', 'approve'],
    ],
  },
  {
    when: 'approvals and rejections race: the earlier majority wins',
    ...{ voters: 4, shows: { status: 'rejected', approvals: 1, rejections: 2 } },
    does: [
      ['ada', 'approve'],
      ['ben', 'reject'],
      ['cleo', 'reject'],
      ['dan', 'approve'],
      ['operator', 'approve'],
    ],
  },
  {
    when: 'the author withdrew just after enough had approved: it is approved',
    ...{ voters: 2, shows: { status: 'approved', approvals: 2 } },
    does: [
      ['ada', 'approve'],
      ['ben', 'approve'],
      ['ada', 'withdraw'],
    ],
  },
  {
    when: 'the author withdrew just before enough had approved: it is withdrawn',
    ...{ voters: 2, shows: { status: 'withdrawn', approvals: 1 } },
    does: [
      ['ada', 'approve'],
      ['ada', 'withdraw'],
      ['ben', 'approve'],
    ],
  },
]

describe('votes that do not know of each other', () => {
  it.each(partitions)(
    'are counted in the order of their time: $when',
    ({ voters, does, shows }) => {
      const desks = openDesks(...['ada', 'ben', 'cleo', 'dan'].slice(0, voters))
      const made = propose(desks, 'ada')
      for (const [name, vote] of does) {
        desks.move(1)
        cast(desks.seat(name), made, vote)
      }
      const recs = new Map<string, Rec>()
      for (const rec of desks.seats.flatMap((seat) => seat.records())) {
        if ((recs.get(rec.key)?.at ?? -1) < rec.at) recs.set(rec.key, rec)
      }
      for (const order of orders([...recs.values()])) {
        const reader = openDesks().seat('operator')
        reader.take(...order, ...order)
        expect(seen(reader)).toMatchObject(shows)
      }
    },
  )

  it('of one moment are counted in the order of the peers, everywhere the same', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    const made = propose(desks, 'ada', { required_votes: 1 })
    cast(desks.seat('ada'), made, 'approve')
    cast(desks.seat('ben'), made, 'reject')
    desks.exchange()
    const first = desks.seat('ada').peer < desks.seat('ben').peer ? 'approved' : 'rejected'
    expect(desks.seats.map((seat) => seen(seat).status)).toEqual(desks.seats.map(() => first))
  })
})

describe('a voter', () => {
  it('names a proposal by the beginning of its ID', () => {
    const desks = openDesks('ada', 'ben')
    const { id } = propose(desks, 'ada')
    const ben = desks.seat('ben')
    expect(ben.act(voteProposal({ proposal_id: id.slice(0, 6), vote: 'reject' }))).toMatchObject({
      id,
    })
    for (const text of [id.slice(0, 5), 'zzzzzz', '']) {
      const { code, hint } = refusal(() => cast(ben, { id: text }, 'reject'))
      expect([code, hint]).toEqual(['UNKNOWN_PROPOSAL', 'list_pending shows those that are open.'])
    }
  })

  it('is told when a beginning is that of several', () => {
    const desks = openDesks('ada', 'ben')
    const [first, second] = [propose(desks, 'ada'), propose(desks, 'ada')]
    const { code, hint } = refusal(() =>
      cast(desks.seat('ben'), { id: first.id.slice(0, 10) }, 'approve'),
    )
    expect(code).toBe('AMBIGUOUS_ID')
    expect(hint).toContain(first.id)
    expect(hint).toContain(second.id)
  })

  it('changes its vote at most fifty times, and repeating one is no change', () => {
    const desks = openDesks('ada', 'ben', 'cleo')
    const made = propose(desks, 'ada')
    const ben = desks.seat('ben')
    for (let time = 0; time < 60; time += 1) cast(ben, made, 'approve')
    for (let time = 0; time < changesMax; time += 1) {
      cast(ben, made, time % 2 === 0 ? 'reject' : 'approve')
    }
    expect(refusal(() => cast(ben, made, 'reject')).code).toBe('REFUSED')
    expect(seen(ben)).toMatchObject({ approvals: 1, rejections: 0 })
    expect(JSON.stringify(ben.records()).length).toBeLessThan(8_000)
  })
})
