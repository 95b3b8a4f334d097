import { describe, expect, it } from 'vitest'
import { until } from '../sessions.ts'
import { masked, readAloud, seatAll, type ToolPeer } from './toolPeers.ts'

expect.addSnapshotSerializer(readAloud)

/** Two sessions that have done one thing of each kind together. */
async function seatWorking() {
  const { desk, peers } = await seatAll('ann', 'bob')
  const [ann, bob] = peers
  if (!ann || !bob) throw new Error('two are seated')
  await ann.data('set_summary', { summary: 'the parser' })
  const { task } = await ann.data('create_task', { title: 'Fix it', priority: 'high' })
  await ann.data('post_decision', { key: 'port', value: '7900', rationale: 'It is free.' })
  await bob.hear('7900')
  await bob.data('claim_task', { task_id: task.id })
  await bob.data('complete_task', { task_id: task.id, result: 'It was a comma.' })
  await ann.hear('completed')
  await ann.data('create_task', { title: 'Print it', assignee: 'bob' })
  await bob.hear('Print it')
  const { verification } = await ann.data('request_verification', {
    ...{ to: 'bob', claim: 'It is fast.', evidence_needed: 'A run.' },
  })
  await bob.hear('fast')
  await bob.data('respond_verification', {
    ...{ verification_id: verification.id, status: 'verified', response: 'It is.' },
  })
  await ann.hear('fast')
  await bob.data('request_approval', { approver: 'ann', action: 'Drop the table' })
  await ann.hear('Drop')
  await bob.data('create_proposal', { title: 'Use tabs' })
  await ann.hear('tabs')
  return { desk, ann, bob }
}

/** What a resource holds, as its reader gets it. */
async function read(peer: ToolPeer, uri: string): Promise<Record<string, unknown>> {
  const { contents } = await peer.client.readResource({ uri })
  expect(contents).toEqual([{ uri, mimeType: 'application/json', text: expect.any(String) }])
  const [first] = contents
  return JSON.parse(first && 'text' in first ? String(first.text) : '')
}

/** What a prompt puts before the model. */
async function prompt(peer: ToolPeer, name: string, given: Record<string, string> = {}) {
  const { messages } = await peer.client.getPrompt({ name, arguments: given })
  expect(messages).toMatchObject([{ role: 'user', content: { type: 'text' } }])
  const [first] = messages
  return first?.content.type === 'text' ? first.content.text : ''
}

describe('files in hand', () => {
  it('are told to both who have the same, and free again when their holder goes', async () => {
    const { peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    expect(
      await ann.sayEach(
        ['set_active_files', { files: ['a.ts', './lib/../b.ts'] }],
        ['set_active_files', {}],
        ['set_active_files', { files: [''] }],
        ['set_active_files', { files: Array.from({ length: 201 }, (_, index) => `${index}.ts`) }],
        ['set_active_files', { files: ['x'.repeat(513)] }],
      ),
    ).toMatchInlineSnapshot(`
      set_active_files: You have <home>/a.ts, <home>/b.ts in hand.
      set_active_files: BAD_INPUT: The arguments do not fit: files: missing. Correct them and call again.
      set_active_files: BAD_INPUT: The arguments do not fit: files.0: Too small: expected string to have >=1 characters. Correct them and call again.
      set_active_files: BAD_INPUT: The arguments do not fit: files: Too big: expected array to have <=200 items. Correct them and call again.
      set_active_files: BAD_INPUT: The arguments do not fit: files.0: Too big: expected string to have <=512 characters. Correct them and call again.
    `)
    await until(async () => (await bob.data('list_peers')).peers[0]?.files.length === 2)
    expect(await bob.say('set_active_files', { files: ['b.ts'] })).toMatchInlineSnapshot(`
      You have <home>/b.ts in hand.
      CONFLICT: ann has <home>/b.ts too.
    `)
    expect(await ann.hear('b.ts')).toMatchInlineSnapshot(
      `bob has <home>/b.ts in hand as well. Agree on who changes it: send_message.`,
    )
    expect((await ann.data('list_peers')).peers[0]?.files).toHaveLength(1)
    expect(await bob.say('set_active_files', { files: [] })).toMatchInlineSnapshot(
      `You have no file in hand.`,
    )
    await ann.crash()
    await until(async () => (await bob.data('list_peers')).peers.length === 0)
    expect((await bob.data('set_active_files', { files: ['a.ts'] })).conflicts).toEqual([])
  })
})

describe('a report', () => {
  it('tells all that the group did, by tool and by prompt', async () => {
    const { desk, ann, bob } = await seatWorking()
    await ann.data('set_active_files', { files: ['a.ts'] })
    const text = await ann.say('session_report')
    expect(text.replace(/, \d+ s\./, ', <while>.')).toMatchInlineSnapshot(`
      # Session report: lobby

      From <time> to <time>, <while>.

      ## Participants

      - **ann** (online, <home>): the parser
      - **bob** (online, <home>)

      ## Tasks (1 completed, 1 open)

      - [ ] **Print it** (ready, bob)
      - [x] **Fix it** (completed, bob): It was a comma.

      ## Decisions (1 changed, 1 in force)

      - **port** [general] = 7900 (ann): It is free.

      ## Verifications

      - verified: It is fast. (ann asked bob): It is.

      ## Proposals

      - open: **Use tabs** (bob; 0 for, 0 against, 2 needed)

      ## Approvals

      - pending: Drop the table (bob asked ann)

      ## Files in progress

      - <home>/a.ts: ann

      ## Messages (0)

      None.

      ## Activity (13, the newest first)

      - <time> ann took in hand <home>/a.ts
      - <time> bob proposed "Use tabs" (<id>)
      - <time> bob asked for approval "Drop the table" (<id>)
      - <time> bob verified the claim "It is fast." (<id>)
      - <time> ann asked for verification "It is fast." (<id>)
      - <time> ann created task <id> "Print it"
      - <time> bob completed task <id> "Fix it"
      - <time> bob claimed task <id> "Fix it"
      - <time> ann decided "port": "7900"
      - <time> ann created task <id> "Fix it"
      - <time> ann works on the parser
      - <time> bob joined from <home>
      - <time> ann joined from <home>
    `)
    const asked = masked(await prompt(ann, 'report'), desk)
    const [first = '', ...rest] = asked.split('\n\n')
    expect(first).toMatchInlineSnapshot(
      `What my group in the mesh has done, as its node wrote it down:`,
    )
    expect(rest.join('\n\n').split('\n').length).toBe(text.split('\n').length)
    expect(
      await bob.sayEach(
        ['session_report', { since: 'soon' }],
        ['session_report', { since: '2999-01-01' }],
      ),
    ).toMatchInlineSnapshot(`
      session_report: BAD_INPUT: since is no time in the past: "soon". Use 90m, 2h, 3d, or an ISO 8601 time such as <time>.
      session_report: BAD_INPUT: since is no time in the past: "2999-01-01". Use 90m, 2h, 3d, or an ISO 8601 time such as <time>.
    `)
  })
})

describe('prompts', () => {
  it('are listed, and say what was asked for', async () => {
    const { desk, peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    const listed = await ann.client.listPrompts()
    expect(
      listed.prompts.map(({ name, description }) => `${name}: ${description}`).join('\n'),
    ).toMatchInlineSnapshot(`
      set-name: Give this session a name in the mesh.
      inbox: Read the unread messages of this session, and what changed while it was away.
      report: Write up what this group has done.
    `)
    expect(await prompt(ann, 'set-name', { name: 'anna' })).toMatchInlineSnapshot(
      `Call the tool set_name with name "anna".`,
    )
    expect(await prompt(ann, 'inbox')).toMatchInlineSnapshot(`
      My inbox in the mesh:

      No unread messages.
    `)
    await bob.data('send_message', { to: 'ann', message: 'Are you there?' })
    await bob.data('create_task', { title: 'Fix it', assignee: 'ann' })
    await until(async () => (await ann.data('whoami')).unread === 2)
    const inbox = await prompt(ann, 'inbox')
    expect(masked(inbox, desk).replace(/\b\d+ (ms|s) ago/, '<while> ago')).toMatchInlineSnapshot(`
      My inbox in the mesh:

      Now, and new in 0 s:
      - 2 unread (check_messages): from bob.
      - Your tasks (list_tasks): "Fix it" ready.

      [<id>] from bob (<peer>), <age>:
      Are you there?

      [notice] <age>:
      bob assigned task <id> to you: "Fix it". Begin with claim_task, or decline with claim_task and release.
    `)
    // It counts like a tool's answer: the next request proves that it was read.
    expect(await ann.say('check_messages')).toBe('No unread messages.')
    for (const [name, given] of [
      ['set-name', { name: 'two words' }],
      ['set-name', {}],
      ['lunch', {}],
    ] as const) {
      await expect(ann.client.getPrompt({ name, arguments: { ...given } })).rejects.toMatchObject({
        code: -32_602,
      })
    }
    await expect(ann.client.getPrompt({ name: 'lunch' })).rejects.toThrow(
      'There is no prompt "lunch". There are set-name, inbox and report.',
    )
  })
})

describe('resources', () => {
  it('are listed, and hold what the tools answer', async () => {
    const { ann, bob } = await seatWorking()
    const { resources } = await ann.client.listResources()
    expect(
      resources.map(({ uri, description }) => `${uri}: ${description}`).join('\n'),
    ).toMatchInlineSnapshot(`
      mesh://peers: The sessions in the mesh.
      mesh://inbox: Unread messages of this session.
      mesh://tasks: The task board of this group.
      mesh://decisions: What this group has decided.
      mesh://pending: What waits for this session, and what it waits for.
    `)
    const answers = [
      ['mesh://tasks', await ann.data('list_tasks')],
      ['mesh://decisions', await ann.data('query_decisions')],
      ['mesh://pending', await ann.data('list_pending')],
    ] as const
    for (const [uri, answer] of answers) {
      expect(await read(ann, uri)).toEqual({ ...answer, unread: undefined, note: undefined })
    }
    const { self, peers } = await read(ann, 'mesh://peers')
    expect(self).toMatchObject({ id: ann.id, summary: 'the parser' })
    expect(peers).toMatchObject([{ id: bob.id, online: true }])
    await bob.data('send_message', { to: 'ann', message: 'For your inbox.' })
    await until(async () => (await ann.data('whoami')).unread === 1)
    expect(await read(ann, 'mesh://inbox')).toMatchObject({
      ...{ unread: 0, messages: [{ body: 'For your inbox.', from: { name: 'bob' } }] },
    })
    expect(await ann.say('check_messages')).toBe('No unread messages.')
    await expect(ann.client.readResource({ uri: 'mesh://lunch' })).rejects.toThrow(
      'There is no resource "mesh://lunch". There are mesh://peers, mesh://inbox,',
    )
  })
})

describe('the list of tools', () => {
  it('has thirty-one, and a call of any other is refused', async () => {
    const { peers } = await seatAll('ann')
    const [ann] = peers
    const { tools } = (await ann?.client.listTools()) ?? { tools: [] }
    expect(tools).toHaveLength(31)
    await expect(ann?.say('make_coffee')).rejects.toThrow(
      'MCP error -32602: There is no tool "make_coffee".',
    )
  })
})
