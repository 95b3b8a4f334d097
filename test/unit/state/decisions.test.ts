import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../state/canonical.ts'
import { decisionNotices } from '../../../state/decisionNotices.ts'
import { postDecision, revokeDecision } from '../../../state/decisionOperations.ts'
import { type Decision, decisionsOf } from '../../../state/decisions.ts'
import { stepKey } from '../../../state/decisionTopics.ts'
import type { Desk } from '../../../state/desk.ts'
import { MeshError } from '../../../state/errors.ts'
import type { ObjectId } from '../../../state/ids.ts'
import type { Rec } from '../../../state/records.ts'
import { createDesk, type Desks, type Seat } from './desk.ts'
import { orders, person } from './people.ts'

const people = [
  { person: person(1), name: 'ann' },
  { person: person(2), name: 'bob' },
  { person: person(3), name: 'eve' },
  { person: person(4), name: 'operator', isOperator: true },
]

const post = (value: string, key = 'database', category?: string) =>
  postDecision({ key, value, rationale: `${value} it is`, ...(category ? { category } : {}) })
const revoke = (key = 'database', reason?: string) =>
  revokeDecision({ key, ...(reason ? { reason } : {}) })
const everything = (desk: Desk) => decisionsOf(desk, { includeRevoked: true, withHistory: true })

/** How a decision stands, in one line: `postgres`, `mongo | postgres`, `revoked postgres`. */
function standOf({ value, status, conflict }: Decision): string {
  if (conflict) return conflict.map((each) => each.value).join(' | ')
  return status === 'active' ? value : `revoked ${value}`
}

function standsAt({ look }: Seat): string[] {
  return look(everything).map(standOf)
}

/** Somebody who was away for all of it. */
function newcomer(): Seat {
  return createDesk({ people }).seat('eve')
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof MeshError) return thrown.code
  }
  return 'nothing was refused'
}

/** Each story happens to ann, bob and the operator, who meet only where it says so. */
const stories: readonly (readonly [promise: string, story: (desks: Desks) => void, end: string])[] =
  [
    [
      'two who decide at once are in conflict, the newer first',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.move(10)
        desks.seat('bob').act(post('sqlite'))
      },
      'sqlite | postgres',
    ],
    [
      'two who decide the same at once are still asked to agree',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.move(10)
        desks.seat('bob').act(post('postgres'))
      },
      'postgres | postgres',
    ],
    [
      'whoever decides in view of another replaces it',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.exchange()
        desks.seat('bob').act(post('sqlite'))
      },
      'sqlite',
    ],
    [
      'a conflict ends when somebody posts who sees it',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.seat('bob').act(post('sqlite'))
        desks.exchange()
        desks.seat('eve').act(post('mongo'))
      },
      'mongo',
    ],
    [
      'two who settle a conflict at once are in conflict again',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.seat('bob').act(post('sqlite'))
        desks.exchange()
        desks.seat('ann').act(post('mongo'))
        desks.move(10)
        desks.seat('bob').act(post('redis'))
      },
      'redis | mongo',
    ],
    [
      'a third value that saw one side of a conflict replaces that side alone',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.seat('bob').act(post('sqlite'))
        desks.exchange('bob', 'eve')
        desks.move(10)
        desks.seat('eve').act(post('mongo'))
      },
      'mongo | postgres',
    ],
    [
      'a value posted while its forerunner is revoked stands',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.exchange()
        desks.seat('ann').act(revoke())
        desks.seat('bob').act(post('sqlite'))
      },
      'sqlite',
    ],
    [
      'posting after a revocation revives, also where the revocation comes last',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.seat('ann').act(revoke())
        desks.exchange('ann', 'bob')
        desks.seat('bob').act(post('sqlite'))
      },
      'sqlite',
    ],
    [
      'an author takes back its side of a conflict, and the other stands',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.seat('bob').act(post('sqlite'))
        desks.exchange()
        desks.seat('bob').act(revoke())
      },
      'postgres',
    ],
    [
      'an operator takes back all sides of a conflict',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.move(10)
        desks.seat('bob').act(post('sqlite'))
        desks.exchange()
        desks.seat('operator').act(revoke())
      },
      'revoked sqlite',
    ],
    [
      'author and operator who revoke at once revoke once',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.exchange()
        desks.seat('ann').act(revoke())
        desks.seat('operator').act(revoke())
      },
      'revoked postgres',
    ],
    [
      'a value that the revoker had not seen survives, as it was not meant',
      (desks) => {
        desks.seat('ann').act(post('postgres'))
        desks.exchange('ann', 'operator')
        desks.seat('bob').act(post('sqlite'))
        desks.seat('operator').act(revoke())
      },
      'sqlite',
    ],
  ]

describe('decisions', () => {
  it.each(stories)('%s', (_promise, story, end) => {
    const desks = createDesk({ people })
    story(desks)
    desks.exchange()
    for (const seat of desks.seats) expect(standsAt(seat)).toEqual([end])
    for (const order of orders(desks.seat('ann').records())) {
      const late = newcomer()
      for (const rec of order) late.take(rec, rec)
      late.take(...order)
      expect(standsAt(late)).toEqual([end])
    }
  })

  it('the clock of another machine does not decide: who saw a value replaces it', () => {
    const desks = createDesk({ people })
    const { peer, plant } = desks.seat('ann')
    const ahead = desks.now() * 1_024 * 2
    plant(stepKey('database', idOf(1), peer), posting({ value: 'future' }), ahead)
    desks.exchange()
    desks.seat('bob').act(post('sqlite'))
    desks.exchange()
    expect(standsAt(desks.seat('ann'))).toEqual(['sqlite'])
  })

  it('keys and categories are one whatever their case and blanks; shown as last written', () => {
    const ann = createDesk({ people }).seat('ann')
    ann.act(post('postgres', 'Data  Base', 'Infra'))
    ann.act(post('sqlite', ' data base '))
    expect(ann.look(decisionsOf)).toMatchObject([{ key: 'data base', category: 'Infra' }])
    expect(
      ann.look((desk) => decisionsOf(desk, { key: 'DATA BASE', category: 'INFRA' })),
    ).toHaveLength(1)
    expect(ann.look((desk) => decisionsOf(desk, { category: 'general' }))).toEqual([])
  })

  it('a revoked decision is shown only to who asks, with who revoked it and why', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(post('postgres'))
    desks.exchange()
    const answer = desks.seat('operator').act(revoke('database', 'too dear'))
    expect(answer).toMatchObject({
      status: 'revoked',
      value: 'postgres',
      by: desks.seat('ann').peer,
    })
    expect(desks.seat('operator').look(decisionsOf)).toEqual([])
    const [shown] = desks.seat('operator').look(everything)
    expect(shown?.history).toMatchObject([
      { status: 'revoked', by: desks.seat('operator').peer, reason: 'too dear' },
      { status: 'posted', value: 'postgres' },
    ])
  })

  it('the history is the newest fifty, and the newest decision comes first', () => {
    const desks = createDesk({ people })
    const ann = desks.seat('ann')
    ann.act(post('old', 'first'))
    for (let turn = 1; turn <= 60; turn += 1) ann.act(post(`turn ${turn}`))
    const [database, first] = ann.look(everything)
    expect(database?.history).toHaveLength(50)
    expect(database?.history?.[0]).toMatchObject({ value: 'turn 60' })
    expect(first).toMatchObject({ key: 'first' })
    expect(ann.look(decisionsOf)[0]).not.toHaveProperty('history')
  })

  it('posting says where the decision is, and what it settles', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(post('postgres'))
    const { answer, plan } = desks.seat('bob').begin(post('sqlite', 'Database'))
    desks.exchange()
    expect(plan.activity).toEqual({ action: 'decided', detail: '"Database": "sqlite"' })
    expect(
      answer()
        .conflict?.map(({ value }) => value)
        .sort(),
    ).toEqual(['postgres', 'sqlite'])
  })
})

describe('rights and bad records', () => {
  it('only the author or an operator revokes, and only what holds', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(post('postgres'))
    desks.exchange()
    expect(codeOf(() => desks.seat('bob').act(revoke()))).toBe('REFUSED')
    expect(codeOf(() => desks.seat('bob').act(revoke('nothing')))).toBe('UNKNOWN_DECISION')
    desks.seat('ann').act(revoke())
    expect(codeOf(() => desks.seat('ann').act(revoke()))).toBe('REFUSED')
  })

  it('who changed a decision is its author, the former one no longer', () => {
    const desks = createDesk({ people })
    desks.seat('ann').act(post('postgres'))
    desks.exchange()
    desks.seat('bob').act(post('sqlite'))
    desks.exchange()
    expect(codeOf(() => desks.seat('ann').act(revoke()))).toBe('REFUSED')
    expect(desks.seat('bob').act(revoke())).toMatchObject({ status: 'revoked' })
  })

  it('a revocation written by somebody without the right counts for nothing', () => {
    const { desks, posted } = oneDecision()
    const bob = desks.seat('bob')
    bob.plant(stepKey('database', idOf(9), bob.peer), {
      ...{ kind: 'revoked', key: 'database', supersedes: [idIn(posted)] },
    })
    expect(standsAt(bob)).toEqual(['postgres'])
    expect(bob.look(everything)[0]?.history).toHaveLength(1)
  })

  it('steps that replace each other in a ring hide nothing', () => {
    const ann = createDesk({ people }).seat('ann')
    const [one, other] = [idOf(1), idOf(2)]
    for (const [id, over] of [
      [one, other],
      [other, one],
    ] as const) {
      ann.plant(stepKey('database', id, ann.peer), posting({ supersedes: [over, id] }))
    }
    expect(standsAt(ann)).toEqual(['postgres'])
  })

  it.each<[string, (rec: { key: string; value: object }) => { key: string; value: unknown }]>([
    ['without a rationale', ({ key }) => ({ key, value: posting({ rationale: undefined }) })],
    [
      'with a value that is too long',
      ({ key }) => ({ key, value: posting({ value: 'x'.repeat(2_001) }) }),
    ],
    ['of an unknown kind', ({ key }) => ({ key, value: posting({ kind: 'hidden' }) })],
    [
      'about another key than its place says',
      ({ key }) => ({ key, value: posting({ key: 'other' }) }),
    ],
    [
      'with endless forerunners',
      ({ key }) => ({ key, value: posting({ supersedes: Array(101).fill('x') }) }),
    ],
    ['that is no object', ({ key }) => ({ key, value: 'postgres' })],
    ['with an ID that is none', ({ key, value }) => ({ key: key.replace(/[^/]{26}/, 'x'), value })],
    [
      'deeper than steps are',
      ({ key, value }) => ({ key: key.replace(/\/(?=[^/]+$)/, '/x/'), value }),
    ],
  ])('a step %s is not there', (_name, spoil) => {
    const ann = createDesk({ people }).seat('ann')
    const good = { key: stepKey('database', idOf(1), ann.peer), value: posting({}) }
    ann.plant(good.key, good.value)
    expect(standsAt(ann)).toEqual(['postgres'])
    const other = createDesk({ people }).seat('ann')
    const { key, value } = spoil(good)
    other.plant(key, value)
    expect(standsAt(other)).toEqual([])
  })
})

describe('notices of decisions', () => {
  const noticesAt = (seat: Seat) => seat.notices(decisionNotices).map(({ text }) => text)

  it('others hear of it, the author does not, and nobody is woken', () => {
    const { desks } = oneDecision()
    expect(noticesAt(desks.seat('ann'))).toEqual([])
    expect(desks.seat('bob').notices(decisionNotices)).toMatchObject([
      {
        id: expect.stringMatching(/^decision\/[0-9a-z]{26}\/posted$/),
        text: 'ann decided "database": "postgres". Rationale: "postgres it is".',
        wakes: false,
      },
    ])
  })

  it('both authors of a conflict are told once, and again when a third joins in', () => {
    const { desks } = oneDecision()
    const eve = desks.seat('eve')
    const late = createDesk({ people, now: desks.now() + 5 }).seat('bob')
    late.act(post('sqlite'))
    for (const seat of desks.seats) seat.take(...late.records())
    for (const name of ['ann', 'bob', 'eve']) {
      expect(noticesAt(desks.seat(name))).toEqual([
        'The decision "database" is in conflict: bob says "sqlite", ann says "postgres". ' +
          'Agree, then settle it with post_decision, key "database".',
      ])
    }
    const before = eve.notices(decisionNotices).map(({ id }) => id)
    const third = createDesk({ people, now: desks.now() + 9 }).seat('eve')
    third.act(post('mongo'))
    eve.take(...third.records())
    const [after] = eve.notices(decisionNotices)
    expect(after?.text).toContain('and 1 more')
    expect(before).not.toContain(after?.id)
  })

  it('a settled conflict, a change and a revocation say who did it', () => {
    const { desks } = oneDecision()
    desks.seat('bob').act(post('sqlite'))
    desks.exchange()
    expect(noticesAt(desks.seat('ann'))).toEqual([
      'bob changed the decision "database": "sqlite". Rationale: "sqlite it is".',
    ])
    desks.seat('operator').act(revoke('database', 'too\nsmall'))
    desks.exchange()
    expect(noticesAt(desks.seat('ann'))).toEqual([
      'operator revoked the decision "database", which was "sqlite". Reason: "too small".',
    ])
  })

  it('only touched decisions are looked at', () => {
    const { desks, posted } = oneDecision()
    desks.seat('ann').act(post('main', 'branch'))
    desks.exchange()
    expect(desks.seat('bob').notices(decisionNotices, [posted.key])).toHaveLength(1)
    expect(desks.seat('bob').notices(decisionNotices, ['task/x/y'])).toEqual([])
  })

  it('fits into what a notice may have, however long the words', () => {
    const desks = createDesk({ people })
    const long = 'ü'.repeat(2_000)
    for (const name of ['ann', 'bob']) {
      desks.seat(name).act(postDecision({ key: 'k'.repeat(100), value: long, rationale: long }))
    }
    desks.exchange()
    desks.seat('eve').act(postDecision({ key: 'other', value: long, rationale: long }))
    desks.exchange()
    const told = desks.seat('ann').notices(decisionNotices)
    expect(told).toHaveLength(2)
    for (const { id, text } of told) {
      expect(text.length).toBeLessThanOrEqual(2_000)
      expect(id.length).toBeLessThanOrEqual(128)
    }
  })
})

/** Anything that four peers could do to two keys, and when some of them meet. */
const anyStep = fc.oneof(
  fc.record({
    kind: fc.constant('post' as const),
    who: fc.nat(3),
    key: fc.constantFrom('a', 'B', 'b '),
  }),
  fc.record({
    kind: fc.constant('revoke' as const),
    who: fc.nat(3),
    key: fc.constantFrom('a', 'b'),
  }),
  fc.record({ kind: fc.constant('meet' as const), who: fc.nat(3), other: fc.nat(3) }),
  fc.record({ kind: fc.constant('wait' as const), who: fc.constantFrom(0, 7) }),
)

type Done = typeof anyStep extends fc.Arbitrary<infer Step> ? Step : never

describe('all replicas agree', () => {
  it('whatever is done, partitioned, doubled and delayed', () => {
    let conflicts = 0
    let revocations = 0
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 25 }),
        fc.infiniteStream(fc.nat()),
        (steps, chance) => {
          const desks = createDesk({ people })
          for (const [turn, step] of steps.entries()) play(desks, step, turn)
          desks.exchange()
          const all = shuffled(desks.seat('ann').records(), chance)
          const late = newcomer()
          late.take(...all, ...all)
          const views = [...desks.seats, late].map(({ look }) => canonicalJson(look(everything)))
          expect(new Set(views).size).toBe(1)
          const stands = standsAt(late)
          conflicts += stands.filter((stand) => stand.includes('|')).length
          revocations += stands.filter((stand) => stand.startsWith('revoked')).length
        },
      ),
      { numRuns: 200, seed: 7 },
    )
    expect(conflicts).toBeGreaterThan(20)
    expect(revocations).toBeGreaterThan(5)
  })
})

function play(desks: Desks, step: Done, turn: number): void {
  const seat = desks.seats[step.who]
  if (step.kind === 'wait') desks.move(step.who)
  else if (step.kind === 'meet') {
    desks.exchange(seat?.name ?? '', desks.seats[step.other]?.name ?? '')
  } else if (step.kind === 'post') seat?.act(post(`value ${turn}`, step.key))
  else codeOf(() => seat?.act(revoke(step.key)))
}

function shuffled(recs: readonly Rec[], chance: Iterator<number>): Rec[] {
  return recs
    .map((rec) => ({ rec, place: Number(chance.next().value) }))
    .sort((left, right) => left.place - right.place)
    .map(({ rec }) => rec)
}

/** Ann has decided, and everybody knows. */
function oneDecision(): { desks: Desks; posted: Rec } {
  const desks = createDesk({ people })
  desks.seat('ann').act(post('postgres'))
  desks.exchange()
  const [posted] = desks.seat('ann').records()
  if (!posted) throw new Error('Nothing was written.')
  return { desks, posted }
}

function posting(changed: object): object {
  const usual = { kind: 'posted', key: 'database', value: 'postgres', rationale: 'r' }
  return { ...usual, category: 'general', supersedes: [], ...changed }
}

function idOf(number: number): ObjectId {
  return String(number).padStart(26, '0') as ObjectId
}

function idIn({ key }: Rec): string {
  return key.split('/')[2] ?? ''
}
