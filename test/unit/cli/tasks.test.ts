import { describe, expect, it } from 'vitest'
import { taskAnswer, tasksAnswer } from '../../../cli/answers.ts'
import { askedWith, showTasks, tellTask } from '../../../cli/commands/tasks.ts'
import { createPrint } from '../../../cli/print.ts'
import { understand } from '../../../cli/words.ts'
import { createTasking } from '../../../mesh/tasking.ts'
import { MeshError } from '../../../state/errors.ts'
import { taskPriority } from '../../../state/taskHistory.ts'
import { createTask } from '../../../state/taskOperations.ts'
import { taskStatus } from '../../../state/tasks.ts'
import { createDesk, type Desks } from '../state/desk.ts'
import { person } from '../state/people.ts'
import { keepOutput } from './output.ts'

const people = ['ann', 'bob', 'operator'].map((name, index) => ({
  ...{ name, person: person(index + 1), isOperator: name === 'operator' },
}))

function asked(...typed: string[]) {
  const wish = understand(['tasks', ...typed])
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
  const commands = createTasking({ look: seat.look, work, groups } as never)
  return async (...typed: string[]) => {
    const [command, input] = asked(...typed)
    return commands[command as keyof typeof commands](input)
  }
}

function shown(desks: Desks, name: string) {
  const out = keepOutput(80)
  const print = createPrint({ out, error: out, variables: { NO_COLOR: '1' } }, () => {})
  const names = new Map(desks.seats.map((seat) => [seat.peer as string, seat.name]))
  const facts = { names, own: desks.seat(name).peer as string, print }
  return { facts, lines: () => out.text().trimEnd().split('\n') }
}

describe('mesh tasks', () => {
  it.each([
    [[], ['tasks', {}]],
    [
      ['--status', 'ready', '--mine', '--group', 'api'],
      ['tasks', { status: 'ready', mine: true, group: 'api' }],
    ],
    [
      ['create', 'Mend it', '--assignee', 'bob', '--after', 'abcdef,ghijkl', '--priority', 'high'],
      [
        'createTask',
        { title: 'Mend it', assignee: 'bob', depends_on: ['abcdef', 'ghijkl'], priority: 'high' },
      ],
    ],
    [
      ['claim', 'abcdef', '--assignee', 'bob'],
      ['claimTask', { task_id: 'abcdef', assignee: 'bob' }],
    ],
    [
      ['release', 'abcdef'],
      ['claimTask', { task_id: 'abcdef', release: true }],
    ],
    [
      ['complete', 'abcdef', '--result', 'done'],
      ['completeTask', { task_id: 'abcdef', result: 'done' }],
    ],
  ])('%j asks a node %j', (typed, wanted) => {
    expect(asked(...typed)).toEqual(wanted)
  })

  it.each([
    [['delete', 'abcdef'], '"delete" is no action'],
    [['constructor'], '"constructor" is no action'],
    [['create'], 'needs a <title>'],
    [['create', 'Mend', 'it'], '"it" is one word too many'],
    [['claim'], 'needs an <id>'],
    [['claim', 'abcdef', '--result', 'x'], '--result does not belong to mesh tasks claim'],
    [['claim', 'abcdef', '--mine'], '--mine'],
    [['--result', 'x'], '--result does not belong to the list'],
    [['--status', 'open'], '--status is one of ready'],
  ])('%j is refused by name', (typed, said) => {
    try {
      asked(...typed)
    } catch (thrown) {
      if (!(thrown instanceof MeshError)) throw thrown
      expect(thrown.code).toBe('BAD_INPUT')
      expect(thrown.message).toContain(said)
      expect(thrown.hint).toContain('mesh help tasks')
      return
    }
    throw new Error('It was understood.')
  })

  it('lists them in 80 columns, with how to claim one', async () => {
    const desks = createDesk({ people })
    const free = desks.seat('ann').act(createTask({ title: 'Mend\u001b[31m '.repeat(10) }))
    desks.move(60_000)
    desks.seat('ann').act(createTask({ title: 'Paint', assignee: 'bob', priority: 'urgent' }))
    desks.exchange()
    const answer = await nodeOf(desks, 'operator')()
    const { facts, lines } = shown(desks, 'operator')
    showTasks(tasksAnswer.parse(answer).tasks, facts)
    expect(lines()[0]).toMatch(/^ {2}id +status +priority +for +by +title$/)
    expect(lines()[1]).toMatch(/^ {2}\w{8} +ready +urgent +bob +ann +Paint$/)
    expect(lines()[2]).toMatch(/^ {2}\w{8} +ready +ann +Mend␛\[31m .*…$/)
    expect(lines().at(-1)).toBe(`  Claim: mesh tasks claim ${free.id.slice(0, 8)}`)
    for (const line of lines()) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('takes every status and every priority that there is', () => {
    for (const status of taskStatus.options) {
      expect(asked('--status', status)).toEqual(['tasks', { status }])
    }
    for (const priority of taskPriority.options) {
      expect(asked('create', 'x', '--priority', priority)[1]).toEqual({ title: 'x', priority })
    }
  })

  it('says when there are none', () => {
    const { facts, lines } = shown(createDesk({ people }), 'operator')
    showTasks([], facts)
    expect(lines()).toEqual(['There are no such tasks.'])
  })

  it('creates, hands on, takes back and completes as the operator, and says how it stands', async () => {
    const desks = createDesk({ people })
    const operator = nodeOf(desks, 'operator')
    const { facts, lines } = shown(desks, 'operator')
    const tell = async (...typed: string[]) => {
      const { task } = taskAnswer.parse(await operator(...typed))
      tellTask(task, facts)
      return task.id
    }
    const id = await tell('create', 'Mend')
    await tell('claim', id.slice(0, 8), '--assignee', 'bob')
    await nodeOf(desks, 'bob')('claim', id)
    await tell('release', id)
    await tell('claim', id)
    await tell('complete', id, '--result', 'oiled')
    expect(lines().filter((line) => line.startsWith('✓'))).toEqual([
      '✓ Mend: ready.',
      '✓ Mend: ready, for bob.',
      '✓ Mend: ready.',
      '✓ Mend: in_progress, owned by you.',
      '✓ Mend: completed, owned by you.',
    ])
    expect(await operator('--status', 'completed')).toMatchObject({
      tasks: [{ id, result: 'oiled', group: 'lobby' }],
    })
    await expect(operator('claim', id)).rejects.toMatchObject({ code: 'TASK_COMPLETED' })
    await expect(operator('claim', 'abcdef')).rejects.toMatchObject({ code: 'UNKNOWN_TASK' })
  })

  it('is for a session about its own group alone', async () => {
    const ann = nodeOf(createDesk({ people }), 'ann')
    await expect(ann('--group', 'api')).rejects.toMatchObject({ code: 'REFUSED' })
    await expect(ann('create', 'x', '--group', 'api')).rejects.toMatchObject({ code: 'REFUSED' })
    expect(await ann('--group', 'lobby')).toEqual({ tasks: [] })
  })
})
