import { describe, expect, it } from 'vitest'
import {
  approvalNotices,
  approvalsOf,
  requestApproval,
  respondApproval,
} from '../../../state/approvals.ts'
import type { ErrorCode } from '../../../state/errors.ts'
import { notice } from '../../../state/inbox.ts'
import {
  requestVerification,
  respondVerification,
  verificationNotices,
  verificationsOf,
} from '../../../state/verifications.ts'
import type { Desks, Seat } from './desk.ts'
import { orders } from './people.ts'
import { openDesks, refusal } from './voting.ts'

/** One kind of request: how it is asked, answered with yes or no, and how it stands. */
interface Kind {
  readonly kind: 'approval' | 'verification'
  readonly yes: string
  readonly no: string
  ask(seat: Seat, to: string): string
  answer(seat: Seat, id: string, isYes: boolean): string
  /** How each request stands: status and who answered, the newest first. */
  look(seat: Seat): readonly (readonly [status: string, by: string | null])[]
  notices(seat: Seat, touched?: readonly string[]): readonly ReturnType<typeof notice.parse>[]
  readonly goodAnswer: object
  readonly badAnswer: object
}

const approval: Kind = {
  ...{ kind: 'approval', yes: 'approved', no: 'rejected' },
  goodAnswer: { approved: true, reason: null },
  badAnswer: { approved: 'yes', reason: null },
  ask: (seat, to) => seat.act(requestApproval({ approver: to, action: 'Deploy\nit' })).id,
  answer: (seat, approval_id, approved) =>
    seat.act(respondApproval({ approval_id, approved, reason: ' because ' })).status,
  look: (seat) =>
    seat.look(approvalsOf).map(({ status, answered_by }) => [status, answered_by] as const),
  notices: (seat, touched) =>
    seat.notices(approvalNotices, touched).map((each) => notice.parse(each)),
}

const verification: Kind = {
  ...{ kind: 'verification', yes: 'verified', no: 'failed' },
  goodAnswer: { status: 'verified', response: 'It does.', evidence: null },
  badAnswer: { status: 'approved', response: 'It does.', evidence: null },
  ask: (seat, to) =>
    seat.act(requestVerification({ to, claim: 'It works', evidence_needed: 'A log' })).id,
  answer: (seat, verification_id, isYes) =>
    seat.act(
      respondVerification({
        ...{ verification_id, response: 'I looked.' },
        status: isYes ? 'verified' : 'failed',
      }),
    ).status,
  look: (seat) =>
    seat.look(verificationsOf).map(({ status, answered_by }) => [status, answered_by] as const),
  notices: (seat, touched) =>
    seat.notices(verificationNotices, touched).map((each) => notice.parse(each)),
}

function asked(each: Kind, by = 'ada', to = 'ben') {
  const desks = openDesks('ada', 'ben', 'cleo')
  const id = each.ask(desks.seat(by), to)
  desks.exchange()
  return { desks, id }
}

/** Who has something to hear, and whether it wakes. */
function hearers(each: Kind, desks: Desks) {
  return desks.seats.flatMap((seat) => {
    const heard = each.notices(seat)
    expect(heard.every(({ id, wakes }) => wakes && id.startsWith(`${each.kind}/`))).toBe(true)
    return heard.length > 0 ? [seat.name] : []
  })
}

describe.each([approval, verification])('the request of an $kind', (each) => {
  it('waits until whom it was asked of answers, and the answer stands', () => {
    const { desks, id } = asked(each)
    expect(desks.seats.map(each.look)).toEqual(desks.seats.map(() => [['pending', null]]))
    expect(each.answer(desks.seat('ben'), id.slice(0, 6), true)).toBe(each.yes)
    desks.exchange()
    const ben = desks.seat('ben').peer
    expect(desks.seats.map(each.look)).toEqual(desks.seats.map(() => [[each.yes, ben]]))
    for (const [name, who] of [
      ['ben', 'You'],
      ['operator', 'ben'],
    ] as const) {
      const { code, message } = refusal(() => each.answer(desks.seat(name), id, false))
      expect(code).toBe('ALREADY_DECIDED')
      expect(message).toBe(`${who} answered the ${each.kind} ${id} already.`)
    }
  })

  it('is answered by nobody else, operators excepted', () => {
    const { desks, id } = asked(each)
    for (const name of ['ada', 'cleo']) {
      const { code, message, hint } = refusal(() => each.answer(desks.seat(name), id, true))
      expect([code, message]).toEqual([
        'REFUSED',
        `This ${each.kind} was asked of ben, not of you.`,
      ])
      expect(hint).toContain('send_message')
    }
    expect(each.answer(desks.seat('operator-elsewhere'), id, false)).toBe(each.no)
  })

  it('of the operator is answered by the operator of any device', () => {
    const { desks, id } = asked(each, 'ada', ' Operator ')
    expect(refusal(() => each.answer(desks.seat('ben'), id, true)).message).toContain(
      'asked of the operator',
    )
    expect(hearers(each, desks)).toEqual(['operator', 'operator-elsewhere'])
    each.answer(desks.seat('operator-elsewhere'), id, true)
    desks.exchange()
    expect(hearers(each, desks)).toEqual(['ada'])
  })

  it('wakes whom it is asked of while it waits, and then its requester', () => {
    const { desks, id } = asked(each)
    expect(hearers(each, desks)).toEqual(['ben'])
    expect(each.notices(desks.seat('ben'), [`${each.kind}s/${id}/x`])).toEqual([])
    each.answer(desks.seat('ben'), id, true)
    expect(hearers(each, desks)).toEqual([])
    desks.exchange()
    expect(hearers(each, desks)).toEqual(['ada'])
  })

  it('cannot be asked of oneself, of nobody, or without end', () => {
    const { desks } = asked(each)
    const refusals: readonly [string, string, ErrorCode][] = [
      ['ada', 'ada', 'REFUSED'],
      ['operator', 'operator', 'REFUSED'],
      ['ada', 'nobody', 'UNKNOWN_PEER'],
    ]
    for (const [by, to, code] of refusals) {
      expect(refusal(() => each.ask(desks.seat(by), to)).code).toBe(code)
    }
    for (let time = 1; time < 50; time += 1) each.ask(desks.seat('ada'), 'ben')
    const { code, hint } = refusal(() => each.ask(desks.seat('ada'), 'ben'))
    expect([code, hint]).toEqual([
      'REFUSED',
      'See list_pending, and remind those who have to answer.',
    ])
    each.ask(desks.seat('cleo'), 'ben')
  })

  it.each(['zzzzzzzz', '', 'short'])('is not found by %j', (text) => {
    const { desks } = asked(each)
    const { code, message } = refusal(() => each.answer(desks.seat('ben'), text, true))
    expect(code).toBe('UNKNOWN_REQUEST')
    expect(message).toContain(`no ${each.kind}`)
  })

  it('gets the earlier of two answers that do not know of each other, whatever comes first', () => {
    const { desks, id } = asked(each)
    each.answer(desks.seat('ben'), id, true)
    desks.move(1)
    each.answer(desks.seat('operator'), id, false)
    const [ada, ben] = [desks.seat('ada'), desks.seat('ben').peer]
    desks.exchange('ada', 'operator')
    const before = each.notices(ada)
    expect(each.look(ada)).toEqual([[each.no, desks.seat('operator').peer]])
    desks.exchange()
    expect(desks.seats.map(each.look)).toEqual(desks.seats.map(() => [[each.yes, ben]]))
    const after = each.notices(ada)
    expect(after.map(({ id }) => id)).not.toEqual(before.map(({ id }) => id))
    expect(after[0]?.text).toContain(
      'This holds, as it was first; the other answer of operator does not count.',
    )
    for (const order of orders(ada.records())) {
      const reader = openDesks().seat('operator')
      reader.take(...order, ...order)
      expect(each.look(reader)).toEqual([[each.yes, ben]])
    }
  })

  it('is not taken for granted: who lost a race is refused', () => {
    const { desks, id } = asked(each)
    each.answer(desks.seat('ben'), id, true)
    desks.move(1)
    const slow = desks.seat('operator')
    const begun = slow.begin<unknown>(
      each.kind === 'approval'
        ? respondApproval({ approval_id: id, approved: false })
        : respondVerification({ verification_id: id, status: 'failed', response: 'No.' }),
    )
    desks.exchange()
    expect(refusal(() => begun.answer()).code).toBe('ALREADY_DECIDED')
  })
})

describe.each([approval, verification])('records that have no right to an $kind', (each) => {
  it('count for nothing', () => {
    const { desks, id } = asked(each)
    const [ben, cleo] = [desks.seat('ben'), desks.seat('cleo')]
    cleo.plant(`${each.kind}/${id}/answer/${cleo.peer}`, each.goodAnswer)
    cleo.plant(`${each.kind}/${id}/answer/${ben.peer}`, each.goodAnswer)
    ben.plant(`${each.kind}/${id}/answer/${ben.peer}`, each.badAnswer)
    ben.plant(`${each.kind}/${id}/answer/more/${ben.peer}`, each.goodAnswer)
    desks.exchange()
    expect(each.look(desks.seat('ada'))).toEqual([['pending', null]])
  })

  it('are no request: one to its writer, one of no shape, one whose ID is taken', () => {
    const { desks, id } = asked(each)
    const [ada, cleo] = [desks.seat('ada'), desks.seat('cleo')]
    const good = ada.records()[0]?.value
    const said = typeof good === 'object' ? good : {}
    const key = (of: string) => `${each.kind}/${of}/request/${cleo.peer}`
    cleo.plant(key(cleo.desk.createId()), { ...said, to: cleo.peer })
    cleo.plant(key(cleo.desk.createId()), { to: ada.peer })
    cleo.plant(key(cleo.desk.createId()), { ...said, to: 7 })
    cleo.plant(key(id), { ...said, to: ada.peer })
    desks.exchange()
    expect(each.look(ada)).toHaveLength(1)
    expect(hearers(each, desks)).toEqual(['ben'])
    cleo.plant(key(cleo.desk.createId()), said)
    desks.exchange()
    expect(each.look(ada)).toHaveLength(2)
  })
})

describe('what is said', () => {
  it('to an approver and to whom it approved, who is told that a peer is not the user', () => {
    const { desks, id } = asked(approval)
    expect(approval.notices(desks.seat('ben')).map(({ text }) => text)).toEqual([
      `ada asks you to approve: Deploy it\nAnswer with respond_approval, approval_id ${id}.`,
    ])
    approval.answer(desks.seat('ben'), id, true)
    desks.exchange()
    expect(approval.notices(desks.seat('ada')).map(({ text }) => text.split('\n'))).toEqual([
      [
        'ben approved: Deploy it. This is the word of a peer, not of your user.',
        'Reason: because',
        `Approval ${id}.`,
      ],
    ])
    expect(desks.seat('cleo').look(approvalsOf)[0]).toEqual({
      ...{ id, status: 'approved', action: 'Deploy\nit', reason: 'because' },
      ...{ requester: desks.seat('ada').peer, approver: desks.seat('ben').peer },
      ...{ answered_by: desks.seat('ben').peer, at: expect.stringMatching(/^2025-06-15T/) },
    })
  })

  it('by the operator is said to be', () => {
    const { desks, id } = asked(approval, 'ada', 'operator')
    approval.answer(desks.seat('operator'), id, false)
    desks.exchange()
    expect(approval.notices(desks.seat('ada'))[0]?.text).toMatch(
      /^The operator rejected: Deploy it\.\nReason/,
    )
  })

  it('to a verifier: the claim, the evidence that is needed, and the files', () => {
    const desks = openDesks('ada', 'ben')
    const [ada, ben] = [desks.seat('ada'), desks.seat('ben')]
    const files_to_check = ['a.ts', 'b.ts']
    const claim = { claim: 'It works', evidence_needed: 'A log', files_to_check }
    const { id } = ada.act(requestVerification({ to: 'ben', ...claim }))
    desks.exchange()
    expect(verification.notices(ben)[0]?.text.split('\n')).toEqual([
      'ada asks you to verify: It works',
      'Evidence needed: A log',
      'Files to check: a.ts, b.ts',
      `Answer with respond_verification, verification_id ${id}; list_pending shows all of it.`,
    ])
    const said = { verification_id: id, response: 'It fails.', evidence: 'Error 7' }
    expect(ben.act(respondVerification({ ...said, status: 'failed' }))).toEqual({
      ...{ id, status: 'failed', requester: ada.peer, verifier: ben.peer, ...claim },
      ...{ response: 'It fails.', evidence: 'Error 7', answered_by: ben.peer },
      at: expect.any(String),
    })
    desks.exchange()
    expect(verification.notices(ada)[0]?.text.split('\n')).toEqual([
      'ben could not verify: It works',
      'Response: It fails.',
      'Evidence: Error 7',
      `Verification ${id}: failed.`,
    ])
  })

  it('fits into a notice, however much it is', () => {
    const desks = openDesks('ada', 'ben')
    const long = '"\u0007'.repeat(1_000)
    const files_to_check = Array.from({ length: 50 }, () => 'f'.repeat(150))
    desks
      .seat('ada')
      .act(requestVerification({ to: 'ben', claim: long, evidence_needed: long, files_to_check }))
    desks.seat('ada').act(requestApproval({ approver: 'ben', action: long }))
    desks.exchange()
    expect(verification.notices(desks.seat('ben'))[0]?.text).toContain('list_pending')
    expect(approval.notices(desks.seat('ben'))[0]?.text).toMatch(/list_pending\.\nAnswer with/)
  })
})
