import { describe, expect, it } from 'vitest'
import { notice } from '../../../state/inbox.ts'
import { createProposalNotices } from '../../../state/proposalNotices.ts'
import { noonMs } from './people.ts'
import { cast, openDesks, propose } from './voting.ts'

/** An inbox that tells everybody what follows, each thing once. */
function openInboxes(desks: ReturnType<typeof openDesks>) {
  const toldByName = new Map<string, Set<string>>()
  return {
    /** What is new for somebody, with nothing overlooked and nothing said twice. */
    fresh(name: string, touched?: readonly string[]) {
      const told = toldByName.get(name) ?? new Set<string>()
      toldByName.set(name, told)
      const source = createProposalNotices((id) => told.has(id))
      const found = desks
        .seat(name)
        .notices(source, touched)
        .filter(({ id }) => !told.has(id))
      for (const { id } of found) told.add(id)
      return found.map((each) => notice.parse(each))
    },
  }
}

function openStory(...names: readonly string[]) {
  const desks = openDesks(...names)
  return { desks, ...openInboxes(desks) }
}

describe('a new proposal', () => {
  it('wakes everybody who may vote, once, and not its author', () => {
    const { desks, fresh } = openStory('ada', 'ben', 'cleo')
    desks.leave('cleo')
    const { id } = propose(desks, 'ada', { description: 'No\nspaces.', deadline_minutes: 5 })
    const until = new Date(noonMs + 5 * 60_000).toISOString()
    const told = {
      id: `proposal/${id}/new`,
      wakes: true,
      text: [
        'ada proposes "Use tabs".',
        'Description: No spaces.',
        `2 of 2 must approve. Until ${until}.`,
        `Vote with vote_proposal, proposal_id ${id}.`,
      ].join('\n'),
    }
    expect(fresh('ben')).toEqual([expect.objectContaining(told)])
    const command = `Vote with \`mesh proposals vote ${id} approve\`, or reject.`
    expect(fresh('operator')).toMatchObject([
      { id: told.id, text: expect.stringContaining(command) },
    ])
    expect([fresh('ada'), fresh('cleo'), fresh('ben')]).toEqual([[], [], []])
  })

  it('does not ask who has voted, nor when there is nothing to vote on any more', () => {
    const { desks, fresh } = openStory('ada', 'ben', 'cleo', 'dan')
    const made = propose(desks, 'ada', { required_votes: 2 })
    cast(desks.seat('ben'), made, 'approve')
    expect(fresh('ben')).toEqual([])
    cast(desks.seat('ada'), made, 'withdraw')
    desks.exchange()
    expect(fresh('cleo')).toEqual([])
  })

  it('is looked at only when it or its votes changed, and fits into a notice however long it is', () => {
    const { desks, fresh } = openStory('ada', 'ben')
    const description = '\u0007"'.repeat(4_000)
    const { id } = propose(desks, 'ada', { title: '\u0007'.repeat(200), description })
    expect(fresh('ben', ['task/x/ada', 'proposals/x'])).toEqual([])
    expect(fresh('ben', [`vote/${id}/ada`])).toHaveLength(1)
  })
})

describe('the outcome', () => {
  it('wakes the author once, with the reasons', () => {
    const { desks, fresh } = openStory('ada', 'ben', 'cleo')
    const made = propose(desks, 'ada')
    cast(desks.seat('ada'), made, 'approve')
    desks.exchange()
    expect(fresh('ada')).toEqual([])
    cast(desks.seat('ben'), made, 'approve', 'It is\nshorter.')
    desks.exchange()
    expect(fresh('ada')).toEqual([
      {
        ...{ id: `proposal/${made.id}/outcome/0/approved`, wakes: true },
        at: expect.any(Number),
        text: [
          'Your proposal "Use tabs" is approved: 2 for, 0 against, 2 needed.',
          'ben: approve, It is shorter.',
          `Proposal ${made.id}.`,
        ].join('\n'),
      },
    ])
    expect([fresh('ada'), fresh('ben'), fresh('operator')]).toEqual([[], [], []])
  })

  it('fits into a notice, however long the reasons are', () => {
    const { desks, fresh } = openStory('ada', 'ben', 'cleo', 'dan', 'eve')
    const made = propose(desks, 'ada', { title: '\u0007'.repeat(200), required_votes: 5 })
    for (const name of ['ada', 'ben', 'cleo', 'dan', 'eve']) {
      cast(desks.seat(name), made, 'approve', 'because '.repeat(200))
      desks.exchange()
    }
    expect(fresh('ada')[0]?.text).toHaveLength(2_000)
  })

  it('is told when the time was over, and the withdrawal to nobody', () => {
    const { desks, fresh } = openStory('ada', 'ben')
    propose(desks, 'ada', { deadline_minutes: 1 })
    expect(fresh('ada')).toEqual([])
    desks.move(60_000)
    expect(fresh('ada').map(({ text }) => text.split(':')[0])).toEqual([
      'Your proposal "Use tabs" has expired',
    ])
    cast(desks.seat('ada'), propose(desks, 'ada', { title: 'Use both' }), 'withdraw')
    expect(fresh('ada')).toEqual([])
  })

  it('is corrected each time when votes arrive that were cast before, also back again', () => {
    const { desks, fresh } = openStory('ada', 'ben', 'cleo', 'dan', 'eve')
    const made = propose(desks, 'ada', { required_votes: 2 })
    const steps = [
      ['ben', 'approve'],
      ['dan', 'reject'],
      ['eve', 'reject'],
      ['cleo', 'approve'],
    ] as const
    // dan's word comes last of all, cleo's first.
    cast(desks.seat('dan'), made, 'approve')
    for (const [name, vote] of steps) {
      desks.move(1)
      cast(desks.seat(name), made, vote)
    }
    const heard = (name: string) => {
      desks.exchange('ada', name)
      return fresh('ada').map(({ text }) => text.split('\n')[0])
    }
    expect(heard('ben')).toEqual([])
    expect(heard('cleo')).toEqual([
      'Your proposal "Use tabs" is approved: 2 for, 0 against, 2 needed.',
    ])
    expect(heard('eve')).toEqual([])
    // He had approved first, and then ben decided it; that he changed his mind later does not count.
    expect(heard('dan')).toEqual([])
  })

  it('is corrected when it turns out to be open, then the other way', () => {
    const { desks, fresh } = openStory('ada', 'ben', 'cleo', 'dan')
    const made = propose(desks, 'ada', { required_votes: 2 })
    cast(desks.seat('ben'), made, 'approve')
    desks.exchange('ben', 'ada')
    const heard = (...names: string[]) => {
      desks.exchange('ada', ...names)
      return fresh('ada').map(({ id, text, wakes }) => [id.slice(-10), text.split(':')[0], wakes])
    }
    for (const [name, vote] of [
      ['ben', 'reject'],
      ['dan', 'reject'],
      ['cleo', 'approve'],
    ] as const) {
      desks.move(1)
      cast(desks.seat(name), made, vote)
    }
    const said = 'Correction, since a vote arrived that was cast earlier'
    expect(heard('cleo')).toEqual([['0/approved', 'Your proposal "Use tabs" is approved', true]])
    expect(heard('ben')).toEqual([['ome/1/open', said, true]])
    expect(heard('dan')).toEqual([['2/rejected', 'Your proposal "Use tabs" is rejected', true]])
    expect(heard('dan')).toEqual([])
  })

  it('is a correction for who withdrew too late', () => {
    const { desks, fresh } = openStory('ada', 'ben')
    const made = propose(desks, 'ada', { required_votes: 1 })
    cast(desks.seat('ben'), made, 'approve')
    desks.move(1)
    expect(cast(desks.seat('ada'), made, 'withdraw').status).toBe('withdrawn')
    expect(fresh('ada')).toEqual([])
    desks.exchange()
    const [told, ...others] = fresh('ada')
    expect(others).toEqual([])
    expect(told?.text).toMatch(/^Correction.*no longer withdrawn\. Your proposal.*approved/)
  })
})
