import { describe, expect, it } from 'vitest'
import type { Desk } from '../../../state/desk.ts'
import {
  claimTask,
  completeTask,
  createTask,
  createTaskInput,
} from '../../../state/taskOperations.ts'
import { taskOf, tasksOf } from '../../../state/tasks.ts'
import { createDesk, type Desks } from './desk.ts'
import { person } from './people.ts'

const people = ['ann', 'bob', 'eve', 'operator'].map((name, index) => ({
  ...{ name, person: person(index + 1), isOperator: name === 'operator' },
}))

function group(): Desks {
  return createDesk({ people })
}

const titles = (desk: Desk) => tasksOf(desk).map(({ title }) => title)

describe('creating a task', () => {
  it('gives it everything that was said, and what goes without saying', () => {
    const desks = group()
    const ann = desks.seat('ann')
    expect(ann.act(createTask({ title: 'Mend' }))).toEqual({
      ...{ id: expect.stringMatching(/^[0-9a-z]{26}$/), title: 'Mend', description: '' },
      ...{ status: 'ready', priority: 'normal', assignee: null, owner: null, creator: ann.peer },
      ...{ depends_on: [], result: null, at: new Date(desks.now()).toISOString() },
    })
    const [first] = ann.look(tasksOf)
    const id = first?.id ?? ''
    expect(
      ann.act(
        createTask({
          ...{ title: 'Paint', description: 'Green.', assignee: 'bob', priority: 'urgent' },
          depends_on: [id.slice(0, 12), id],
        }),
      ),
    ).toMatchObject({
      ...{ description: 'Green.', status: 'pending', priority: 'urgent' },
      ...{ assignee: desks.seat('bob').peer, depends_on: [id] },
    })
  })

  it('says in the log what was done to which task', () => {
    const desks = group()
    const { plan } = desks.seat('ann').begin(createTask({ title: 'Mend\nit' }))
    expect(plan.activity).toEqual({
      action: 'created',
      detail: expect.stringMatching(/^task \w{26} "Mend it"$/),
    })
  })

  it('that waits for an unknown one is refused', () => {
    expect(() =>
      group()
        .seat('ann')
        .act(createTask({ title: 'x', depends_on: ['abcdef'] })),
    ).toThrow(/There is no task "abcdef" here/)
  })

  it.each([
    { title: '  ' },
    { title: 'x'.repeat(201) },
    { title: 'x', description: 'x'.repeat(8_001) },
    { title: 'x', priority: 'soon' },
    { title: 'x', depends_on: Array.from({ length: 51 }, () => 'abcdef') },
    { title: 'x', creator: 'somebody else' },
  ])('is refused when it is not within the limits: %#', (input) => {
    expect(createTaskInput.safeParse(input).success).toBe(false)
  })
})

describe('completing a task', () => {
  it.each([
    ['its creator', 'ann', true],
    ['its owner', 'bob', true],
    ['an operator', 'operator', true],
    ['anybody else', 'eve', false],
  ])('by %s (%s): %s', (_who, name, isAllowed) => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.exchange()
    const complete = () => desks.seat(name).act(completeTask({ task_id, result: 'welded' }))
    if (isAllowed) expect(complete()).toMatchObject({ status: 'completed', result: 'welded' })
    else expect(complete).toThrow(/^Task \w{8} is not yours to complete\.$/)
  })

  it('by whom it is assigned to, without claiming it first', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend', assignee: 'bob' }))
    desks.exchange()
    desks.seat('bob').act(completeTask({ task_id }))
    desks.exchange()
    expect(desks.seat('eve').look(tasksOf)).toMatchObject([{ status: 'completed', result: '' }])
  })

  it('a second time is refused, naming who did it', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.seat('ann').act(completeTask({ task_id }))
    desks.exchange()
    for (const name of ['ann', 'operator']) {
      expect(() => desks.seat(name).act(completeTask({ task_id }))).toThrow(
        /^Task \w{8} was completed by ann already\.$/,
      )
      expect(() => desks.seat(name).act(claimTask({ task_id }))).toThrow(/completed by ann already/)
    }
  })

  it('at once with another tells who was later, when the answer is read', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    const first = desks.seat('ann').begin(completeTask({ task_id, result: 'one' }))
    desks.move(1)
    const second = desks.seat('operator').begin(completeTask({ task_id, result: 'two' }))
    desks.exchange()
    expect(first.answer()).toMatchObject({ result: 'one' })
    expect(second.answer).toThrow(/completed by ann already/)
  })

  it('makes those that waited for it ready', () => {
    const desks = group()
    const ann = desks.seat('ann')
    const first = ann.act(createTask({ title: 'Weld' }))
    const second = ann.act(createTask({ title: 'Paint', depends_on: [first.id] }))
    ann.act(completeTask({ task_id: first.id }))
    expect(taskOf(ann.desk, second.id)).toMatchObject({ status: 'ready' })
  })
})

describe('the board', () => {
  it('shows ready ones first, then by status, priority and age; completed ones last', () => {
    const desks = group()
    const ann = desks.seat('ann')
    const make = (title: string, more = {}) => {
      desks.move(1)
      return ann.act(createTask({ title, ...more })).id
    }
    const done = make('done')
    const doneLater = make('done later')
    const owned = make('owned', { priority: 'urgent' })
    make('old')
    make('waits', { depends_on: [owned], priority: 'urgent' })
    make('low', { priority: 'low' })
    make('new')
    make('high', { priority: 'high' })
    make('urgent', { priority: 'urgent' })
    ann.act(claimTask({ task_id: owned }))
    ann.act(completeTask({ task_id: done }))
    desks.move(1)
    ann.act(completeTask({ task_id: doneLater }))
    const expected = ['urgent', 'high', 'old', 'new', 'low', 'owned', 'waits', 'done later', 'done']
    expect(ann.look(titles)).toEqual(expected)
    const late = group().seat('eve')
    late.take(...[...ann.records()].reverse())
    expect(late.look(titles)).toEqual(expected)
  })

  it('shows everybody everything, or only what one has, or one status', () => {
    const desks = group()
    const ann = desks.seat('ann')
    const claimed = ann.act(createTask({ title: 'claimed' }))
    ann.act(createTask({ title: 'assigned', assignee: 'bob' }))
    ann.act(createTask({ title: 'free' }))
    desks.exchange()
    desks.seat('bob').act(claimTask({ task_id: claimed.id }))
    const { desk } = desks.seat('bob')
    expect(titles(desk)).toEqual(['assigned', 'free', 'claimed'])
    expect(tasksOf(desk, { mine: true }).map(({ title }) => title)).toEqual(['assigned', 'claimed'])
    expect(tasksOf(desk, { status: 'in_progress' }).map(({ title }) => title)).toEqual(['claimed'])
    expect(tasksOf(desk, { mine: true, status: 'completed' })).toEqual([])
  })

  it('is as new as the records, although it remembers what it read', () => {
    const desks = group()
    const ann = desks.seat('ann')
    const { id: task_id } = ann.act(createTask({ title: 'Mend' }))
    expect(ann.look(tasksOf)).toMatchObject([{ status: 'ready' }])
    ann.act(claimTask({ task_id }))
    expect(ann.look(tasksOf)).toMatchObject([{ status: 'in_progress' }])
    ann.act(claimTask({ task_id, release: true }))
    expect(ann.look(tasksOf)).toMatchObject([{ status: 'ready' }])
  })
})
