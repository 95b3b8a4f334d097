import { describe, expect, it } from 'vitest'
import { absenceMs } from '../../../state/taskHistory.ts'
import { taskNotices } from '../../../state/taskNotices.ts'
import {
  claimTask,
  completeTask,
  createTask,
  hasLostClaim,
  yieldTask,
} from '../../../state/taskOperations.ts'
import { createDesk, type Desks } from './desk.ts'
import { person } from './people.ts'

const people = ['ann', 'bob', 'eve', 'operator'].map((name, index) => ({
  ...{ name, person: person(index + 1), isOperator: name === 'operator' },
}))

function group(): Desks {
  return createDesk({ people })
}

/** What a peer would be told: whether it wakes, and the words. */
function told(desks: Desks, name: string): string[] {
  return desks
    .seat(name)
    .notices(taskNotices)
    .map(({ wakes, text }) => `${wakes ? 'wakes' : 'waits'}: ${text}`)
}

describe('what a peer is told of tasks', () => {
  it('an assignee: who assigned what, and how to begin; until it has begun', () => {
    const desks = group()
    const { id: task_id } = desks
      .seat('ann')
      .act(createTask({ title: 'Mend\nthe gate', description: 'It squeaks.', assignee: 'bob' }))
    desks.exchange()
    expect(told(desks, 'bob')).toEqual([
      `wakes: ann assigned task ${task_id} to you: "Mend the gate". "It squeaks." ` +
        'Begin with claim_task, or decline with claim_task and release.',
    ])
    expect([...told(desks, 'ann'), ...told(desks, 'eve')]).toEqual([])
    desks.seat('bob').act(claimTask({ task_id }))
    expect(told(desks, 'bob')).toEqual([])
  })

  it('who is assigned the same task again is told again', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend', assignee: 'bob' }))
    const first = desks.seat('ann').records()
    desks.seat('bob').take(...first)
    const [once] = desks.seat('bob').notices(taskNotices)
    desks.seat('bob').act(claimTask({ task_id, release: true }))
    desks.exchange()
    desks.seat('operator').act(claimTask({ task_id, assignee: 'bob' }))
    desks.exchange()
    const [again] = desks.seat('bob').notices(taskNotices)
    expect(again?.text).toMatch(/^operator assigned/)
    expect(again?.id).not.toBe(once?.id)
  })

  it('nobody who assigns a task to itself', () => {
    const desks = group()
    desks.seat('ann').act(createTask({ title: 'Mend', assignee: 'ann' }))
    expect(told(desks, 'ann')).toEqual([])
  })

  it('a creator: who completed it, and the result', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.seat('bob').act(completeTask({ task_id, result: 'welded' }))
    desks.exchange()
    expect(told(desks, 'ann')).toEqual([
      `wakes: bob completed your task ${task_id}: "Mend". Result: "welded".`,
    ])
    expect([...told(desks, 'bob'), ...told(desks, 'eve')]).toEqual([])
  })

  it('who lost a claim after a partition: to whom, and to stop', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.move(60_000)
    desks.seat('eve').act(claimTask({ task_id }))
    desks.move(60_000)
    desks.exchange()
    expect(told(desks, 'eve')).toEqual([
      `wakes: Stop working on task ${task_id}, "Mend": bob owns it. Tell bob what you have done.`,
    ])
    expect(told(desks, 'bob')).toEqual([])
  })

  it('not who claimed at the same time: the answer to its claim tells it, and it yields', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    desks.seat('bob').begin(claimTask({ task_id }))
    desks.move(1)
    const { answer } = desks.seat('eve').begin(claimTask({ task_id }))
    desks.move(299)
    desks.exchange()
    expect(told(desks, 'eve')).toEqual([])
    desks.move(1)
    expect(answer).toThrow('owned by bob')
    expect(desks.seat('eve').look((desk) => hasLostClaim(desk, task_id))).toBe(true)
    expect(desks.seat('bob').look((desk) => hasLostClaim(desk, task_id))).toBe(false)
    expect(desks.seat('eve').act(yieldTask({ task_id }))).toMatchObject({ status: 'in_progress' })
    desks.move(60_000)
    desks.exchange()
    expect([...told(desks, 'eve'), ...told(desks, 'bob')]).toEqual([])
    expect(() => desks.seat('bob').act(yieldTask({ task_id }))).toThrow('has no claim of yours')
  })

  it('nor whose task was completed while its claim settled', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    const { answer } = desks.seat('bob').begin(claimTask({ task_id }))
    desks.seat('ann').act(completeTask({ task_id }))
    desks.move(300)
    desks.exchange()
    expect(answer).toThrow('completed')
    expect(desks.seat('bob').look((desk) => hasLostClaim(desk, task_id))).toBe(true)
    expect(desks.seat('bob').act(yieldTask({ task_id }))).toMatchObject({ status: 'completed' })
    expect(told(desks, 'bob')).toEqual([])
  })

  it('although the clock was set back since', () => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.move(-3_600_000)
    desks.exchange()
    desks.seat('ann').act(completeTask({ task_id }))
    desks.exchange()
    expect(told(desks, 'bob')).toEqual([
      `wakes: Stop working on task ${task_id}, "Mend": ann has completed it.`,
    ])
  })

  it.each([
    [
      'completed it',
      'ann has completed it.',
      (desks: Desks, task_id: string) => desks.seat('ann').act(completeTask({ task_id })),
    ],
    [
      'gave it to another',
      'it is assigned to eve now.',
      (desks: Desks, task_id: string) =>
        desks.seat('ann').act(claimTask({ task_id, assignee: 'eve' })),
    ],
    [
      'took it back',
      'it was released. Claim it again with claim_task if you go on.',
      (desks: Desks, task_id: string) =>
        desks.seat('ann').act(claimTask({ task_id, release: true })),
    ],
    [
      'claimed it after ten minutes of absence',
      'eve owns it. Tell eve what you have done.',
      (desks: Desks, task_id: string) => {
        desks.leave('bob')
        desks.move(absenceMs)
        desks.seat('eve').act(claimTask({ task_id }))
      },
    ],
  ])('an owner: that somebody %s', (_what, words, happens) => {
    const desks = group()
    const { id: task_id } = desks.seat('ann').act(createTask({ title: 'Mend' }))
    desks.exchange()
    desks.seat('bob').act(claimTask({ task_id }))
    desks.exchange()
    desks.move(60_000)
    happens(desks, task_id)
    desks.exchange()
    expect(told(desks, 'bob')).toEqual([`wakes: Stop working on task ${task_id}, "Mend": ${words}`])
  })

  it('an assignee, waking it: that what it waits for is completed', () => {
    const desks = group()
    const ann = desks.seat('ann')
    const first = ann.act(createTask({ title: 'Weld' }))
    const other = ann.act(createTask({ title: 'Grind' }))
    const second = ann.act(
      createTask({ title: 'Paint', depends_on: [first.id, other.id], assignee: 'bob' }),
    )
    desks.exchange()
    expect(told(desks, 'bob')[0]).toContain('It waits for other tasks; you will be told')
    ann.act(completeTask({ task_id: first.id }))
    desks.exchange()
    expect(desks.seat('bob').notices(taskNotices, [`task/${first.id}/step/x/y`])).toEqual([])
    ann.act(completeTask({ task_id: other.id }))
    desks.exchange()
    const touched = [`task/${other.id}/step/x/y`]
    expect(desks.seat('bob').notices(taskNotices, touched)).toMatchObject([
      {
        text: `Task ${second.id}, "Paint", is ready: all that it waited for is completed. Begin with claim_task.`,
        wakes: true,
      },
    ])
    expect(desks.seat('eve').notices(taskNotices, touched)).toEqual([])
  })

  it('an owner, without waking it: that what it waits for is completed', () => {
    const desks = group()
    const ann = desks.seat('ann')
    const first = ann.act(createTask({ title: 'Weld' }))
    const second = ann.act(createTask({ title: 'Paint', depends_on: [first.id] }))
    desks.exchange()
    // Somebody claimed it by a record, although it waits.
    const bob = desks.seat('bob')
    const id = bob.desk.createId()
    bob.plant(`task/${second.id}/step/${id}/${bob.peer}`, { kind: 'claim', over: null })
    desks.move(1)
    ann.act(completeTask({ task_id: first.id }))
    desks.exchange()
    expect(told(desks, 'bob')).toEqual([
      `waits: Task ${second.id}, "Paint", is ready: all that it waited for is completed.`,
    ])
  })

  it('not who is assigned a task that was ready before', () => {
    const desks = group()
    const ann = desks.seat('ann')
    const first = ann.act(createTask({ title: 'Weld' }))
    ann.act(completeTask({ task_id: first.id }))
    ann.act(createTask({ title: 'Paint', depends_on: [first.id], assignee: 'bob' }))
    desks.exchange()
    expect(told(desks, 'bob')).toHaveLength(1)
  })

  it('nothing longer than a notice may be, and nothing when no task was touched', () => {
    const desks = group()
    const description = 'x'.repeat(8_000)
    desks.seat('ann').act(
      createTask({
        title: '\u0001'.repeat(200),
        description: '"'.repeat(4_000),
        assignee: 'bob',
      }),
    )
    desks.seat('ann').act(createTask({ title: 'y', description, assignee: 'bob' }))
    desks.exchange()
    for (const { id, text } of desks.seat('bob').notices(taskNotices)) {
      expect(text.length).toBeLessThanOrEqual(2_000)
      expect(id.length).toBeLessThanOrEqual(128)
    }
    expect(desks.seat('bob').notices(taskNotices, ['pin/m1/p'])).toEqual([])
  })
})
