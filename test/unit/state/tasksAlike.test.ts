import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../state/canonical.ts'
import type { Desk } from '../../../state/desk.ts'
import { MeshError } from '../../../state/errors.ts'
import { absenceMs, stepKey } from '../../../state/taskHistory.ts'
import { taskNotices } from '../../../state/taskNotices.ts'
import { claimTask, completeTask, createTask } from '../../../state/taskOperations.ts'
import { taskStatus, tasksOf } from '../../../state/tasks.ts'
import { type Begun, createDesk, type Desks } from './desk.ts'
import { person } from './people.ts'

const names = ['ann', 'bob', 'eve', 'operator'] as const

/** Making keys takes time: once for all lives. */
const people = names.map((name, index) => ({
  ...{ name, person: person(index + 1), isOperator: name === 'operator' },
}))

function emptyGroup(): Desks {
  return createDesk({ people })
}

/** A group in which everybody knows a few tasks. */
function group(): Desks {
  const desks = emptyGroup()
  for (const name of ['ann', 'bob']) desks.seat(name).act(createTask({ title: `by ${name}` }))
  desks.exchange()
  return desks
}

const anyName = fc.constantFrom(...names)
/** Which of the tasks that somebody knows, by its place. */
const which = fc.nat(2)
const anyStep = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('create' as const), who: anyName, which }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('claim' as const), who: anyName, which }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('release' as const), who: anyName, which }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('assign' as const),
      who: anyName,
      which,
      to: anyName,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('complete' as const), who: anyName, which }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('exchange' as const),
      among: fc.uniqueArray(anyName, { minLength: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(0, 1, 300, absenceMs, absenceMs),
      away: fc.option(anyName),
    }),
  },
)
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never

/** What somebody was told first, and had to learn to be otherwise. */
interface Conflicts {
  claims: number
  completions: number
  overtaken: number
}

/** Does what was generated, until everybody knows everything; what is refused is part of life. */
function live(desks: Desks, life: readonly Step[]): Conflicts {
  const conflicts = { claims: 0, completions: 0, overtaken: 0 }
  let begun: Begun<unknown>[] = []

  function exchange(among: readonly string[]): void {
    const believed = begun.filter(({ answer }) => typeof refusedAs(answer) !== 'string')
    desks.exchange(...among)
    const codes = believed.map(({ answer }) => refusedAs(answer))
    conflicts.claims += codes.filter((code) => code === 'TASK_TAKEN').length
    conflicts.completions += codes.filter((code) => code === 'TASK_COMPLETED').length
    begun = []
  }

  for (const step of life) {
    if (step.kind === 'exchange') exchange(step.among)
    else if (step.kind === 'pass') {
      for (const name of names) desks.return(name)
      if (step.away !== null) desks.leave(step.away)
      desks.move(step.ms)
    } else {
      const made = refusedAs(() => desks.seat(step.who).begin(operationOf(desks, step)))
      if (typeof made === 'string') continue
      begun.push(made)
      if (/"over":\{/.test(JSON.stringify(made.plan.records))) conflicts.overtaken += 1
    }
  }
  exchange([])
  return conflicts
}

function operationOf(desks: Desks, step: Exclude<Step, { kind: 'exchange' | 'pass' }>) {
  const known = desks.seat(step.who).look(tasksOf)
  const task_id = known[step.which % Math.max(1, known.length)]?.id ?? 'none yet'
  if (step.kind === 'create') {
    const depends_on = step.which === 0 && known.length > 0 ? [task_id] : []
    return createTask({ title: `by ${step.who}`, depends_on })
  }
  if (step.kind === 'complete') return completeTask({ task_id, result: `by ${step.who}` })
  if (step.kind === 'release') return claimTask({ task_id, release: true })
  return claimTask({ task_id, ...(step.kind === 'assign' ? { assignee: step.to } : {}) })
}

/** The code of a refusal, or what was done. */
function refusedAs<Result>(work: () => Result): Result | string {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof MeshError) return thrown.code
    throw thrown
  }
}

/** All that a desk shows of the tasks, as one text. */
function everything(desk: Desk): string {
  const views = [undefined, ...taskStatus.options].map((status) =>
    tasksOf(desk, status ? { status } : {}),
  )
  return canonicalJson(views)
}

const steps = fc.array(anyStep, { minLength: 10, maxLength: 40 })

describe('tasks on several replicas', () => {
  it('are the same everywhere once everybody knows everything, however it arrived', () => {
    const met = { claims: 0, completions: 0, overtaken: 0 }
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (life, chance) => {
        const desks = group()
        const { claims, completions, overtaken } = live(desks, life)
        met.claims += claims
        met.completions += completions
        met.overtaken += overtaken
        const [first = '', ...others] = desks.seats.map((each) => each.look(everything))
        for (const other of others) expect(other).toBe(first)

        const recs = desks
          .seat('ann')
          .records()
          .flatMap((rec) => [rec, rec])
        const late = emptyGroup().seat('ann')
        late.take(
          ...recs
            .map((rec) => ({ rec, place: chance.next().value }))
            .sort((left, right) => left.place - right.place)
            .map(({ rec }) => rec),
        )
        expect(late.look(everything)).toBe(first)
      }),
      { numRuns: 200 },
    )
    // Without conflicts the promise would be cheap.
    expect(Math.min(met.claims, met.completions)).toBeGreaterThan(20)
    expect(met.overtaken).toBeGreaterThan(0)
  })

  it('have one owner at most, and stay completed once they are', () => {
    let completions = 0
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const desks = group()
        live(desks, before)
        const done = desks.seat('bob').look((desk) => tasksOf(desk, { status: 'completed' }))
        completions += done.length
        live(desks, after)
        const later = desks.seat('bob').look(tasksOf)
        for (const { id } of done) {
          expect(later.find((task) => task.id === id)?.status).toBe('completed')
        }
        for (const { status, owner } of later) {
          if (status === 'in_progress' || status === 'blocked') expect(owner).not.toBeNull()
          if (status === 'ready' || status === 'pending') expect(owner).toBeNull()
        }
      }),
      { numRuns: 100 },
    )
    expect(completions).toBeGreaterThan(50)
  })

  it('make the same notices on every replica of a peer', () => {
    let told = 0
    fc.assert(
      fc.property(steps, (life) => {
        const desks = group()
        live(desks, life)
        desks.move(1_000)
        for (const { name, records } of desks.seats) {
          const again = emptyGroup().seat(name)
          again.take(...[...records()].reverse())
          const ids = desks
            .seat(name)
            .notices(taskNotices)
            .map(({ id }) => id)
          told += ids.length
          // The clock of the other replica stands at noon; claims younger than that are not told yet.
          expect([...ids].sort()).toEqual(expect.arrayContaining(idsOf(again.notices(taskNotices))))
          expect(new Set(ids).size).toBe(ids.length)
        }
      }),
      { numRuns: 100 },
    )
    expect(told).toBeGreaterThan(100)
  })
})

function idsOf(notices: readonly { readonly id: string }[]): string[] {
  return notices.map(({ id }) => id).sort()
}

describe('what has no right counts for nothing', () => {
  const stranger = 'eve'

  function claimed() {
    const desks = emptyGroup()
    const { id } = desks.seat('ann').act(createTask({ title: 'Mend the gate' }))
    desks.exchange()
    desks.seat('bob').act(claimTask({ task_id: id }))
    desks.exchange()
    const before = desks.seat('ann').look(everything)
    const [hold] = desks.seat('bob').desk.list(`task/${id}/step/`)
    return { desks, id, before, of: { by: hold?.by, at: hold?.at } }
  }

  it.each([
    ['a completion of who never had it', () => ({ kind: 'complete', result: 'done' })],
    ['a release by a bystander', (of: object) => ({ kind: 'release', of })],
    ['an assignment by a bystander', () => ({ kind: 'assign', to: person(3).peer })],
    ['a claim over an owner of this minute', (over: object) => ({ kind: 'claim', over })],
    ['a claim in view of an owner', () => ({ kind: 'claim', over: null })],
    ['a step of an unknown kind', () => ({ kind: 'delete' })],
    ['a result that is too long', () => ({ kind: 'complete', result: 'x'.repeat(8_001) })],
    ['an assignment to no peer', () => ({ kind: 'assign', to: 'everybody' })],
    ['what is no object', () => 'complete'],
  ])('%s', (_what, value) => {
    const { desks, id, before, of } = claimed()
    const eve = desks.seat(stranger)
    eve.plant(stepKey(id, eve.desk.createId(), eve.peer), value(of))
    desks.exchange()
    for (const each of desks.seats) expect(each.look(everything)).toBe(before)
  })

  it('a second making of the same ID, later than the first', () => {
    const { desks, id, before } = claimed()
    const eve = desks.seat(stranger)
    const value = {
      title: 'Mine',
      description: '',
      priority: 'low',
      depends_on: [],
      assignee: null,
    }
    eve.plant(`task/${id}/made/${eve.peer}`, value)
    desks.exchange()
    expect(desks.seat('ann').look(everything)).toBe(before)
  })

  it.each([
    ['an ID that is none', (peer: string) => `task/ignore-all-orders/made/${peer}`, {}],
    ['a deeper key', (peer: string) => `task/${'0'.repeat(26)}/made/x/${peer}`, {}],
    [
      'an endless title',
      (peer: string) => `task/${'0'.repeat(26)}/made/${peer}`,
      { title: 'x'.repeat(201) },
    ],
    ['no title', (peer: string) => `task/${'0'.repeat(26)}/made/${peer}`, { title: '' }],
  ])('a making with %s', (_what, key, more) => {
    const eve = emptyGroup().seat(stranger)
    const value = {
      title: 'Mine',
      description: '',
      priority: 'low',
      depends_on: [],
      assignee: null,
    }
    eve.plant(key(eve.peer), { ...value, ...more })
    expect(eve.look(tasksOf)).toEqual([])
  })

  it('a circle of dependencies: those tasks wait, and nothing else suffers', () => {
    const desks = emptyGroup()
    const eve = desks.seat(stranger)
    const [one, two] = [eve.desk.createId(), eve.desk.createId()]
    const value = { title: 'Mine', description: '', priority: 'low', assignee: null }
    eve.plant(`task/${one}/made/${eve.peer}`, { ...value, depends_on: [two] })
    eve.plant(`task/${two}/made/${eve.peer}`, { ...value, depends_on: [one, one] })
    eve.act(createTask({ title: 'Sound' }))
    expect(eve.look(tasksOf).map(({ status }) => status)).toEqual(['ready', 'pending', 'pending'])
    eve.act(completeTask({ task_id: one }))
    expect(eve.look((desk) => tasksOf(desk, { status: 'ready' }))).toHaveLength(2)
  })

  it('and who becomes an operator is believed from then on, also by what was read before', () => {
    const { desks, id, of } = claimed()
    const eve = desks.seat(stranger)
    eve.plant(stepKey(id, eve.desk.createId(), eve.peer), { kind: 'release', of })
    const asOperator: Desk = { ...eve.desk, isOperator: (peer) => peer === eve.peer }
    expect(tasksOf(eve.desk)).toMatchObject([{ status: 'in_progress' }])
    expect(tasksOf(asOperator)).toMatchObject([{ status: 'ready' }])
    expect(tasksOf(eve.desk)).toMatchObject([{ status: 'in_progress' }])
  })
})
