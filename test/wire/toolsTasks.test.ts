import { describe, expect, it } from 'vitest'
import { until } from '../sessions.ts'
import { readAloud, seatAll, type ToolPeer } from './toolPeers.ts'

expect.addSnapshotSerializer(readAloud)

/** Three sessions around one board. */
async function seatThree() {
  const { desk, peers } = await seatAll('ann', 'bob', 'cleo')
  const [ann, bob, cleo] = peers
  if (!ann || !bob || !cleo) throw new Error('three are seated')
  return { desk, ann, bob, cleo, all: [ann, bob, cleo] }
}

/** Puts a task on the board and waits until everybody sees it. */
async function create(by: ToolPeer, all: readonly ToolPeer[], input: Record<string, unknown>) {
  const { task } = await by.data('create_task', input)
  for (const peer of all) await standsAs(peer, task.id, () => true)
  return task.id
}

/** Waits until somebody sees a task as it should be. */
function standsAs(
  peer: ToolPeer,
  id: string,
  isSo: (task: Awaited<ReturnType<ToolPeer['data']>>['task']) => boolean,
) {
  return until(async () => {
    const { tasks } = await peer.data('list_tasks')
    return tasks.find((task) => task.id === id && isSo(task))
  })
}

describe('a task', () => {
  it('is assigned, done and reported, and everybody concerned is told', async () => {
    const { ann, bob, cleo, all } = await seatThree()
    expect(
      await ann.say('create_task', {
        ...{ title: 'Fix the parser', description: 'It drops the last line.' },
        ...{ assignee: 'bob', priority: 'high' },
      }),
    ).toMatchInlineSnapshot(`Created task <id> for bob: ready.`)
    expect(await bob.hear('Fix the parser')).toMatchInlineSnapshot(
      `ann assigned task <id> to you: "Fix the parser". "It drops the last line." Begin with claim_task, or decline with claim_task and release.`,
    )
    const [fix] = (await bob.data('list_tasks', { mine: true })).tasks
    const task_id = fix?.id ?? ''
    const print = await create(ann, all, { title: 'Print it', depends_on: [task_id] })
    expect(
      await ann.sayEach(['claim_task', { task_id: print, assignee: 'cleo' }], ['list_tasks']),
    ).toMatchInlineSnapshot(`
      claim_task: Task <id> is kept for cleo, who is told.
      list_tasks: - <id> [ready, high] Fix the parser (by you; for bob)
      - <id> [pending] Print it (by you; for cleo; waits for <id>)
    `)
    expect(await cleo.hear('assigned')).toMatchInlineSnapshot(
      `ann assigned task <id> to you: "Print it". It waits for other tasks; you will be told when it is ready.`,
    )
    expect(
      await bob.sayEach(
        ['list_pending'],
        ['claim_task', { task_id }],
        ['list_tasks', { mine: true }],
        ['complete_task', { task_id, result: 'The last line stays.' }],
      ),
    ).toMatchInlineSnapshot(`
      list_pending: For you (1), go on with claim_task:
      - task <id> by ann, ready: Fix the parser
      claim_task: You own task <id>: Fix the parser
      It drops the last line.
      Finish with complete_task.
      list_tasks: - <id> [in_progress, high] Fix the parser (by ann; owned by you)
      complete_task: Completed task <id>. ann is told.
    `)
    expect(await ann.hear('completed')).toMatchInlineSnapshot(
      `bob completed your task <id>: "Fix the parser". Result: "The last line stays."`,
    )
    expect(await cleo.hear('all that it waited for')).toMatchInlineSnapshot(
      `Task <id>, "Print it", is ready: all that it waited for is completed. Begin with claim_task.`,
    )
    expect(await cleo.say('claim_task', { task_id: print, release: true })).toMatchInlineSnapshot(
      `Task <id> is free again.`,
    )
    await standsAs(ann, print, ({ assignee }) => assignee === null)
    expect(
      await ann.sayEach(['list_tasks'], ['list_tasks', { status: 'completed' }], ['list_pending']),
    ).toMatchInlineSnapshot(`
      list_tasks: - <id> [ready] Print it (by you)
      - <id> [completed] Fix the parser (by you; owned by bob): The last line stays.
      list_tasks: - <id> [completed] Fix the parser (by you; owned by bob): The last line stays.
      list_pending: Nothing waits for you.
      You wait for:
      - task <id> by you, ready: Print it
    `)
    expect(bob.heard).toHaveLength(1)
    expect(cleo.heard).toHaveLength(2)
  })

  it('is refused to those it is not for, with who has it and what to do', async () => {
    const { ann, bob, cleo, all } = await seatThree()
    const kept = await create(ann, all, { title: 'Kept', assignee: 'bob' })
    const free = await create(ann, all, { title: 'Free' })
    const later = await create(ann, all, { title: 'Later', depends_on: [free] })
    expect(
      await cleo.sayEach(
        ['claim_task', { task_id: kept }],
        ['claim_task', { task_id: kept, release: true }],
        ['claim_task', { task_id: kept, assignee: 'cleo' }],
        ['claim_task', { task_id: free, release: true }],
        ['claim_task', { task_id: free, release: true, assignee: 'bob' }],
        ['claim_task', { task_id: later }],
        ['claim_task', { task_id: 'zzzzzz' }],
        ['claim_task', { task_id: free.slice(0, 6) }],
        ['complete_task', { task_id: kept }],
        ['complete_task', { task_id: free }],
        ['create_task', { title: ' ' }],
        ['create_task', { title: 'x', assignee: 'nobody' }],
        ['create_task', { title: 'x', depends_on: ['zzzzzz'] }],
        ['create_task', { title: 'x', priority: 'soon' }],
        ['list_tasks', { status: 'late' }],
        ['list_tasks', { status: 'completed' }],
      ),
    ).toMatchInlineSnapshot(`
      claim_task: TASK_TAKEN: Task <id> is assigned to bob. Take another from list_tasks, or ask bob with send_message.
      claim_task: TASK_TAKEN: Task <id> is assigned to bob. Take another from list_tasks, or ask bob with send_message.
      claim_task: REFUSED: Task <id> is assigned by ann or an operator alone. Ask ann with send_message.
      claim_task: REFUSED: Task <id> is nobody's: there is nothing to release. Claim it with claim_task, or see list_tasks.
      claim_task: BAD_INPUT: A task is released or assigned, not both. Leave release or assignee away.
      claim_task: TASK_NOT_READY: Task <id> waits for <id>. Claim a task that is ready: list_tasks, status ready.
      claim_task: UNKNOWN_TASK: There is no task "zzzzzz" here. See list_tasks for those that there are.
      claim_task: AMBIGUOUS_ID: "<prefix>" is the beginning of several IDs. Use the whole ID: <id>, <id>, <id>.
      complete_task: REFUSED: Task <id> is not yours to complete. Tell bob with send_message what you know.
      complete_task: REFUSED: Task <id> is not yours to complete. Claim it with claim_task first.
      create_task: BAD_INPUT: The arguments do not fit: title: Too small: expected string to have >=1 characters. Correct them and call again.
      create_task: UNKNOWN_PEER: No peer is called "nobody". Known: ann (<peer>), bob (<peer>). See list_peers.
      create_task: UNKNOWN_TASK: There is no task "zzzzzz" here. See list_tasks for those that there are.
      create_task: BAD_INPUT: The arguments do not fit: priority: Invalid option: expected one of "urgent"|"high"|"normal"|"low". Correct them and call again.
      list_tasks: BAD_INPUT: The arguments do not fit: status: Invalid option: expected one of "ready"|"in_progress"|"blocked"|"pending"|"completed". Correct them and call again.
      list_tasks: No task fits. Create one with create_task.
    `)
    await bob.data('claim_task', { task_id: kept })
    await standsAs(cleo, kept, ({ owner }) => owner === bob.id)
    expect(await cleo.say('claim_task', { task_id: kept })).toMatchInlineSnapshot(
      `TASK_TAKEN: Task <id> is owned by bob. Take another from list_tasks, or ask bob with send_message.`,
    )
    await bob.crash()
    await until(async () => (await cleo.data('list_peers')).peers.length === 1)
    expect(await cleo.say('claim_task', { task_id: kept })).toMatchInlineSnapshot(
      `TASK_TAKEN: Task <id> is owned by bob. bob is offline; claim it again when that has lasted 10 min.`,
    )
    await ann.data('complete_task', { task_id: kept, result: 'Done without bob.' })
    await standsAs(cleo, kept, ({ status }) => status === 'completed')
    expect(
      await cleo.sayEach(
        ['claim_task', { task_id: kept }],
        ['complete_task', { task_id: kept }],
        ['list_tasks', { status: 'completed' }],
      ),
    ).toMatchInlineSnapshot(`
      claim_task: TASK_COMPLETED: Task <id> was completed by ann already. See its result with list_tasks, status completed.
      complete_task: TASK_COMPLETED: Task <id> was completed by ann already. See its result with list_tasks, status completed.
      list_tasks: - <id> [completed] Kept (by ann; owned by bob): Done without bob.
    `)
  })

  it('that all claim at once has one owner, and the others learn who it is', async () => {
    const { all, ann } = await seatThree()
    for (let round = 0; round < 3; round += 1) {
      const task_id = await create(ann, all, { title: `Race ${round}` })
      const answers = await Promise.all(all.map((peer) => peer.say('claim_task', { task_id })))
      const winners = answers.flatMap((text, place) => (text.startsWith('You own') ? [place] : []))
      expect(winners).toHaveLength(1)
      const winner = all[winners[0] ?? 0]
      const name = ['ann', 'bob', 'cleo'][winners[0] ?? 0]
      for (const refused of answers.filter((text) => !text.startsWith('You own'))) {
        expect(refused.replaceAll(name ?? '', '<winner>')).toBe(
          'TASK_TAKEN: Task <id> is owned by <winner>. Take another from list_tasks, or ask <winner> with send_message.',
        )
      }
      for (const peer of all) await standsAs(peer, task_id, ({ owner }) => owner === winner?.id)
    }
    // The refusal has told them: no notice does again.
    for (const peer of all) {
      await peer.data('check_messages')
      expect(peer.heard).toEqual([])
    }
  })

  it('that is taken away from who works on it stops that one', async () => {
    const { ann, bob, cleo, all } = await seatThree()
    const task_id = await create(ann, all, { title: 'Paint' })
    await bob.data('claim_task', { task_id })
    await standsAs(ann, task_id, ({ owner }) => owner === bob.id)
    expect(await ann.say('claim_task', { task_id, assignee: 'cleo' })).toMatchInlineSnapshot(
      `Task <id> is kept for cleo, who is told.`,
    )
    expect(await bob.hear('Paint')).toMatchInlineSnapshot(
      `Stop working on task <id>, "Paint": it is assigned to cleo now.`,
    )
    expect(await cleo.hear('Paint')).toMatchInlineSnapshot(
      `ann assigned task <id> to you: "Paint". Begin with claim_task, or decline with claim_task and release.`,
    )
  })
})
