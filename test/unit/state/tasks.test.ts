import { describe, expect, it } from 'vitest'
import type { Operation } from '../../../state/desk.ts'
import { MeshError } from '../../../state/errors.ts'
import { absenceMs } from '../../../state/taskHistory.ts'
import { claimTask, completeTask, createTask } from '../../../state/taskOperations.ts'
import { type Task, tasksOf } from '../../../state/tasks.ts'
import { createDesk, type Desks } from './desk.ts'
import { orders, person } from './people.ts'

const minuteMs = 60_000

function group(): Desks {
  return createDesk({
    people: [
      ...['ann', 'bob', 'eve'].map((name, index) => ({ name, person: person(index + 1) })),
      { name: 'operator', person: person(9), isOperator: true },
    ],
  })
}

/** A group in which ann has created one task that everybody knows of. */
function groupWithTask(more: { assignee?: string } = {}): { desks: Desks; task_id: string } {
  const desks = group()
  const { id } = desks.seat('ann').act(createTask({ title: 'Mend the gate', ...more }))
  desks.exchange()
  return { desks, task_id: id }
}

/** What somebody is refused with: the code, and all that is said. */
function refusal(work: () => unknown): string {
  try {
    return `not refused: ${JSON.stringify(work())}`
  } catch (thrown) {
    if (!(thrown instanceof MeshError)) throw thrown
    return `${thrown.code}: ${thrown.message} ${thrown.hint}`
  }
}

/** What happened to the task in one case, and how it ends. */
interface Ending {
  readonly status: Task['status']
  readonly owner: string | null
  readonly assignee?: string
  readonly result?: string
}

/** Does something in somebody's name at its own replica, a moment after what came before. */
type Do = (name: string, operation: Operation<unknown>, after?: number) => void

/** What happens while nobody hears of the others, and what a user expects once all do. */
const cases: readonly (readonly [
  string,
  {
    before?: (act: Do, task: string) => void
    apart: (act: Do, task: string) => void
    ends: Ending
  },
])[] = [
  [
    'of two that claim at once, the earlier one owns it',
    {
      apart(act, task_id) {
        act('bob', claimTask({ task_id }))
        act('eve', claimTask({ task_id }))
      },
      ends: { status: 'in_progress', owner: 'bob' },
    },
  ],
  [
    'of two that claim within the same moment, the lower peer ID owns it',
    {
      apart(act, task_id) {
        act('bob', claimTask({ task_id }))
        act('eve', claimTask({ task_id }), 0)
      },
      ends: { status: 'in_progress', owner: lowerOf('bob', 'eve') },
    },
  ],
  [
    'of two that claim within the same moment, the lower peer ID owns it, whoever was asked first',
    {
      apart(act, task_id) {
        act('eve', claimTask({ task_id }))
        act('bob', claimTask({ task_id }), 0)
      },
      ends: { status: 'in_progress', owner: lowerOf('bob', 'eve') },
    },
  ],
  [
    'given back, it is free, although another who still saw an owner could not claim it',
    {
      before: (act, task_id) => act('bob', claimTask({ task_id })),
      apart(act, task_id) {
        act('bob', claimTask({ task_id, release: true }))
        act('eve', claimTask({ task_id }))
      },
      ends: { status: 'ready', owner: null },
    },
  ],
  [
    'a claim that lost does not come to life when the owner gives the task back',
    {
      apart(act, task_id) {
        act('bob', claimTask({ task_id }))
        act('eve', claimTask({ task_id }))
        act('bob', claimTask({ task_id, release: true }))
      },
      ends: { status: 'ready', owner: null },
    },
  ],
  [
    'an assignment counts over a claim made at the same time, earlier',
    {
      apart(act, task_id) {
        act('bob', claimTask({ task_id }))
        act('ann', claimTask({ task_id, assignee: 'eve' }))
      },
      ends: { status: 'ready', owner: null, assignee: 'eve' },
    },
  ],
  [
    'an assignment counts over a claim made at the same time, later',
    {
      apart(act, task_id) {
        act('ann', claimTask({ task_id, assignee: 'eve' }))
        act('bob', claimTask({ task_id }))
      },
      ends: { status: 'ready', owner: null, assignee: 'eve' },
    },
  ],
  [
    'of two assignments at once, the later word counts',
    {
      apart(act, task_id) {
        act('ann', claimTask({ task_id, assignee: 'eve' }))
        act('operator', claimTask({ task_id, assignee: 'bob' }))
      },
      ends: { status: 'ready', owner: null, assignee: 'bob' },
    },
  ],
  [
    'what the creator takes from one peer is not taken from who claimed it meanwhile',
    {
      before: (act, task_id) => act('bob', claimTask({ task_id })),
      apart(act, task_id) {
        act('bob', claimTask({ task_id, release: true }))
        act('bob', claimTask({ task_id }))
        act('ann', claimTask({ task_id, release: true }))
      },
      ends: { status: 'in_progress', owner: 'bob' },
    },
  ],
  [
    'the first of two completions counts',
    {
      before: (act, task_id) => act('bob', claimTask({ task_id })),
      apart(act, task_id) {
        act('bob', completeTask({ task_id, result: 'welded' }))
        act('ann', completeTask({ task_id, result: 'not needed' }))
      },
      ends: { status: 'completed', owner: 'bob', result: 'welded' },
    },
  ],
  [
    'the work of who lost its claim without knowing counts, since it is done',
    {
      apart(act, task_id) {
        act('bob', claimTask({ task_id }))
        act('eve', claimTask({ task_id }))
        act('eve', completeTask({ task_id, result: 'welded' }))
      },
      ends: { status: 'completed', owner: 'bob', result: 'welded' },
    },
  ],
  [
    'the work of who was replaced without knowing counts',
    {
      before: (act, task_id) => act('bob', claimTask({ task_id })),
      apart(act, task_id) {
        act('ann', claimTask({ task_id, assignee: 'eve' }))
        act('bob', completeTask({ task_id, result: 'welded' }))
      },
      ends: { status: 'completed', owner: null, assignee: 'eve', result: 'welded' },
    },
  ],
  [
    'a completion is not undone by a release that did not know of it',
    {
      before: (act, task_id) => act('bob', claimTask({ task_id })),
      apart(act, task_id) {
        act('bob', completeTask({ task_id, result: 'welded' }))
        act('ann', claimTask({ task_id, release: true }))
      },
      ends: { status: 'completed', owner: 'bob', result: 'welded' },
    },
  ],
  [
    'who takes it to itself as its creator owns it, whoever claims at once',
    {
      apart(act, task_id) {
        act('bob', claimTask({ task_id }))
        act('ann', claimTask({ task_id, assignee: 'ann' }))
      },
      ends: { status: 'in_progress', owner: 'ann', assignee: 'ann' },
    },
  ],
]

function lowerOf(...names: readonly string[]): string {
  const seats = names.map((name) => group().seat(name))
  return seats.reduce((low, each) => (each.peer < low.peer ? each : low)).name
}

function endingOf(desks: Desks, at: string, task_id: string): Ending | undefined {
  const { peer: _, ...seat } = desks.seat(at)
  const task = seat.look(tasksOf).find(({ id }) => id === task_id)
  if (!task) return undefined
  const named = (peer: Task['owner']) => (peer === null ? null : seat.desk.nameOf(peer))
  return {
    ...{ status: task.status, owner: named(task.owner) },
    ...(task.assignee === null ? {} : { assignee: seat.desk.nameOf(task.assignee) }),
    ...(task.result === null ? {} : { result: task.result }),
  }
}

describe('a task, when several peers act without hearing of each other', () => {
  it.each(cases)('%s', (_promise, { before, apart, ends }) => {
    const { desks, task_id } = groupWithTask()
    const act: Do = (name, operation, afterMs = 1) => {
      desks.move(afterMs)
      try {
        desks.seat(name).begin(operation)
      } catch (thrown) {
        if (!(thrown instanceof MeshError)) throw thrown
      }
    }
    before?.(act, task_id)
    desks.exchange()
    const known = new Set(desks.seat('ann').records())
    apart(act, task_id)
    const fresh = desks.seats.flatMap((each) => each.records()).filter((rec) => !known.has(rec))
    for (const order of orders([...new Set(fresh)])) {
      const late = createDesk({ people: desks.seats.map((_, index) => people(index)) })
      late.seat('eve').take(...order, ...known, ...order)
      expect(endingOf(late, 'eve', task_id)).toEqual(ends)
    }
    desks.exchange()
    for (const { name } of desks.seats) expect(endingOf(desks, name, task_id)).toEqual(ends)
  })
})

function people(index: number) {
  const [name = '', number = 0] = (
    [
      ['ann', 1],
      ['bob', 2],
      ['eve', 3],
      ['operator', 9],
    ] as const
  )[index] ?? ['', 0]
  return { name, person: person(number), isOperator: name === 'operator' }
}

describe('claiming a task', () => {
  it('in view of an owner is refused, naming the owner and the next move', () => {
    const { desks, task_id } = groupWithTask()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.exchange()
    expect(refusal(() => desks.seat('eve').act(claimTask({ task_id })))).toMatch(
      /^TASK_TAKEN: Task \w{8} is owned by bob\. Take another from list_tasks, or ask bob/,
    )
  })

  it('at once with another tells who lost, when the answer is read', () => {
    const { desks, task_id } = groupWithTask()
    const first = desks.seat('bob').begin(claimTask({ task_id }))
    desks.move(1)
    const second = desks.seat('eve').begin(claimTask({ task_id }))
    expect(second.plan.settleMs).toBe(300)
    desks.exchange()
    expect(first.answer()).toMatchObject({ owner: desks.seat('bob').peer, status: 'in_progress' })
    expect(refusal(second.answer)).toMatch(/^TASK_TAKEN: .* owned by bob\./)
  })

  it('that one owns already changes nothing', () => {
    const { desks, task_id } = groupWithTask()
    const once = desks.seat('bob').act(claimTask({ task_id }))
    expect(desks.seat('bob').act(claimTask({ task_id }))).toEqual(once)
    expect(desks.seat('bob').records()).toHaveLength(2)
  })

  it('assigned to another is refused; the assignee may', () => {
    const { desks, task_id } = groupWithTask({ assignee: 'bob' })
    expect(refusal(() => desks.seat('eve').act(claimTask({ task_id })))).toMatch(
      /^TASK_TAKEN: .* is assigned to bob\./,
    )
    expect(desks.seat('bob').act(claimTask({ task_id }))).toMatchObject({ status: 'in_progress' })
  })

  it('that waits for another is refused until that is completed', () => {
    const { desks, task_id } = groupWithTask()
    const second = desks.seat('ann').act(createTask({ title: 'Paint', depends_on: [task_id] }))
    expect(second).toMatchObject({ status: 'pending', depends_on: [task_id] })
    desks.exchange()
    const claim = () => desks.seat('bob').act(claimTask({ task_id: second.id }))
    expect(refusal(claim)).toMatch(/^TASK_NOT_READY: Task \w+ waits for \w+\. Claim a task that is/)
    desks.seat('ann').act(completeTask({ task_id }))
    desks.exchange()
    expect(claim()).toMatchObject({ status: 'in_progress' })
  })

  it.each([
    ['owner', undefined],
    ['assignee', 'bob'],
  ])('whose %s has been away for ten minutes is allowed, not before', (_who, assignee) => {
    const { desks, task_id } = groupWithTask(assignee === undefined ? {} : { assignee })
    if (assignee === undefined) desks.seat('bob').act(claimTask({ task_id }))
    desks.exchange()
    desks.move(20 * minuteMs)
    const claim = () => desks.seat('eve').act(claimTask({ task_id }))
    expect(refusal(claim)).toMatch(/^TASK_TAKEN/)
    desks.leave('bob')
    desks.move(absenceMs - 1)
    expect(refusal(claim)).toMatch(/^TASK_TAKEN: .* bob is offline; claim it again when .* 10 min/)
    desks.move(1)
    expect(claim()).toMatchObject({ owner: desks.seat('eve').peer, assignee: null })
    desks.exchange()
    expect(endingOf(desks, 'bob', task_id)).toEqual({ status: 'in_progress', owner: 'eve' })
  })

  it('over two that are away ends with one owner on every replica', () => {
    const { desks, task_id } = groupWithTask()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.exchange()
    desks.leave('bob')
    desks.move(absenceMs)
    const ann = desks.seat('ann').begin(claimTask({ task_id }))
    desks.move(1)
    const eve = desks.seat('eve').begin(claimTask({ task_id }))
    desks.exchange()
    expect(ann.answer()).toMatchObject({ owner: desks.seat('ann').peer })
    expect(refusal(eve.answer)).toMatch(/^TASK_TAKEN: .* owned by ann\./)
  })

  it('may be taken back by its owner, its creator and an operator, and by nobody else', () => {
    for (const name of ['bob', 'ann', 'operator']) {
      const { desks, task_id } = groupWithTask()
      desks.seat('bob').act(claimTask({ task_id }))
      desks.exchange()
      expect(refusal(() => desks.seat('eve').act(claimTask({ task_id, release: true })))).toMatch(
        /^TASK_TAKEN/,
      )
      const freed = desks.seat(name).act(claimTask({ task_id, release: true }))
      expect(freed).toMatchObject({ status: 'ready', owner: null })
    }
  })

  it('may be handed on by its creator and an operator, and by nobody else', () => {
    const { desks, task_id } = groupWithTask()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.exchange()
    expect(refusal(() => desks.seat('bob').act(claimTask({ task_id, assignee: 'eve' })))).toMatch(
      /^REFUSED: Task \w+ is assigned by ann or an operator alone\. Ask ann with send_message\.$/,
    )
    for (const name of ['ann', 'operator']) {
      const handed = desks.seat(name).act(claimTask({ task_id, assignee: 'eve' }))
      expect(handed).toMatchObject({ assignee: desks.seat('eve').peer, owner: null })
    }
  })

  it.each([
    [{ task_id: 'nothing' }, /^UNKNOWN_TASK: .*See list_tasks/],
    [{ task_id: '01' }, /^UNKNOWN_TASK/],
    [{ release: true, assignee: 'eve' }, /^BAD_INPUT: A task is released or assigned, not both\./],
    [{ release: true }, /^REFUSED: Task \w+ is nobody's: there is nothing to release\. Claim it/],
    [{ assignee: 'nobody' }, /^UNKNOWN_PEER/],
  ])('asked for as %j is refused', (input, said) => {
    const { desks, task_id } = groupWithTask()
    expect(refusal(() => desks.seat('ann').act(claimTask({ task_id, ...input })))).toMatch(said)
  })

  it('takes the beginning of an ID, and refuses one that several tasks share', () => {
    const { desks, task_id } = groupWithTask()
    const prefix = task_id.slice(0, 8)
    expect(desks.seat('bob').act(claimTask({ task_id: prefix })).id).toBe(task_id)
    const { id } = desks.seat('bob').act(createTask({ title: 'Another' }))
    expect(refusal(() => desks.seat('bob').act(claimTask({ task_id: prefix })))).toMatch(
      `AMBIGUOUS_ID: "${prefix}" is the beginning of several IDs. Use the whole ID: ${task_id}, ${id}.`,
    )
  })
})
