import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { displayWidth } from '../../cli/width.ts'
import { openSession } from '../opened.ts'
import { until } from '../sessions.ts'
import { type CommandDesk, createDesk } from './cliSpeakers.ts'
import { masked, readAloud, seatAll } from './toolPeers.ts'

expect.addSnapshotSerializer(readAloud)

/** What a command prints, masked; columns are as wide as the IDs of the moment want. */
function printed(text: string, desk: CommandDesk): string {
  return masked(text, desk)
    .replace(/(?<=\S) {2,}/g, '  ')
    .replace(/\b\d+ (ms|s|min)\b/g, '<while>')
    .trimEnd()
}

/** Two sessions with a task, a decision, a proposal and an approval. */
async function seatWorking(title = 'Fix the login', value = 'postgres') {
  const { desk, peers } = await seatAll('ann', 'bob')
  const [ann, bob] = peers
  if (!ann || !bob) throw new Error('two are seated')
  const { task } = await ann.data('create_task', { title, assignee: 'bob', priority: 'urgent' })
  await ann.data('create_task', { title: 'Print it', depends_on: [task.id] })
  await ann.data('post_decision', { key: 'database', value, rationale: 'It is proven.' })
  const { proposal } = await ann.data('create_proposal', { title: 'Use tabs' })
  const { approval } = await ann.data('request_approval', {
    ...{ approver: 'operator', action: 'Push to main' },
  })
  await reaches(desk, 'Push to main')
  return { desk, ann, bob, task, proposal, approval }
}

/** Waits until the operator sees something that waits for it. */
async function reaches(desk: CommandDesk, words: string): Promise<void> {
  await until(async () => (await desk.run(['proposals', 'pending'])).out.includes(words))
}

const lists = [
  ['tasks'],
  ['decisions'],
  ['decisions', 'database'],
  ['proposals'],
  ['proposals', 'pending'],
  ['groups'],
  ['config'],
] as const

describe('what the commands on shared work print', () => {
  it('reads well', async () => {
    const { desk } = await seatWorking()
    const said: string[] = []
    for (const words of lists) {
      const { code, out, error } = await desk.run(words)
      expect([words, code, error]).toEqual([words, 0, ''])
      said.push(`$ mesh ${words.join(' ')}\n${printed(out, desk)}`)
    }
    expect(said.join('\n\n')).toMatchInlineSnapshot(`
      $ mesh tasks
        id  status  priority  for  by  title
        <id>  ready  urgent  bob  ann  Fix the login
        <id>  pending  ann  Print it

      $ mesh decisions
        key  value  category  by  age
        database  postgres  general  ann  <while>

        1 decision.

      $ mesh decisions database
      database [general]
        postgres
        because It is proven.
        ann, <time>

      $ mesh proposals
        id  status  for  against  by  title
        <id>  open  0 of 2  0  ann  Use tabs

        Vote: mesh proposals vote <id> approve

      $ mesh proposals pending
        id  kind  from  of  what
        <id>  approval  ann  operator  Push to main
        <id>  vote  ann  the group  Use tabs

        Answer: mesh proposals answer <id> yes

      $ mesh groups
        group  kind  id  members
        lobby  lobby  lobby  ann, bob

        1 group.

      $ mesh config
        autogroup  feature a branch other than the default one makes an open group
    `)
  })

  it('fits a terminal of 80 columns, and is whole where a program reads it', async () => {
    const long = `long ${'word '.repeat(35)}end`
    const { desk, ann } = await seatWorking(long, long)
    await ann.data('request_approval', { approver: 'operator', action: `${long} of approval` })
    await reaches(desk, 'long')
    for (const words of lists) {
      const { code, out } = await desk.run(words, { columns: 80 })
      expect([words, code]).toEqual([words, 0])
      const lines = stripVTControlCharacters(out).split(/\r?\n/)
      for (const line of lines) expect(displayWidth(line), line).toBeLessThanOrEqual(80)
      const piped = await desk.run(words)
      expect(piped.out).toBe(stripVTControlCharacters(piped.out))
      if (words[0] === 'tasks' || words[0] === 'decisions') expect(piped.out).toContain(long)
    }
    const plain = await desk.run(['tasks'], { columns: 80, variables: { NO_COLOR: '1' } })
    expect(plain.out).toBe(stripVTControlCharacters(plain.out))
  })

  it('is as JSON what the tools answer, and the group that it is of', async () => {
    const { desk, bob } = await seatWorking()
    const ofLobby = (items: readonly object[]) => items.map((item) => ({ ...item, group: 'lobby' }))
    const { tasks } = await bob.data('list_tasks')
    expect(await desk.runJson(['tasks'])).toEqual({ tasks: ofLobby(tasks) })
    expect(await desk.runJson(['tasks', '--status', 'pending'])).toMatchObject({
      tasks: [{ title: 'Print it', status: 'pending' }],
    })
    const { decisions } = await bob.data('query_decisions', { key: 'database' })
    expect(await desk.runJson(['decisions', 'database'])).toEqual({ decisions: ofLobby(decisions) })
    const pending = await bob.data('list_pending')
    expect(await desk.runJson(['proposals'])).toEqual({ proposals: ofLobby(pending.proposals) })
    expect(await desk.runJson(['proposals', 'pending'])).toMatchObject({
      approvals: [{ action: 'Push to main', status: 'pending', group: 'lobby' }],
      proposals: ofLobby(pending.proposals),
      ...{ verifications: [], tasks: [] },
    })
    const report = await desk.runJson(['report'])
    expect(report).toEqual({ report: expect.stringContaining('# Session report: lobby') })
    expect(await desk.runJson(['groups'])).toEqual({
      autogroup: 'feature',
      groups: [
        {
          ...{ id: 'lobby', name: 'lobby', sealed: false, automatic: false },
          members: [
            { id: expect.any(String), name: 'ann', online: true },
            { id: bob.id, name: 'bob', online: true },
          ],
        },
      ],
    })
    expect(await desk.runJson(['config'])).toEqual({ autogroup: 'feature' })
  })
})

describe('the human', () => {
  it('works with the sessions: what it types they read', async () => {
    const { desk, ann, bob, task, approval } = await seatWorking()
    const said: string[] = []
    async function type(...words: string[]): Promise<void> {
      const { code, out, error } = await desk.run(words)
      expect([words, code, error]).toEqual([words, 0, ''])
      said.push(`$ mesh ${masked(words.join(' '), desk)}\n${printed(out, desk)}`)
    }
    await bob.data('claim_task', { task_id: task.id })
    await until(async () =>
      (await desk.run(['tasks', '--status', 'in_progress'])).out.includes('bob'),
    )
    await type('tasks', 'create', 'Release', '--assignee', 'ann', '--after', task.id)
    await type('tasks', 'claim', task.id.slice(0, 24), '--assignee', 'ann')
    await type('tasks', 'release', task.id)
    await type('tasks', 'claim', task.id)
    await type('tasks', 'complete', task.id, '--result', 'It was a comma.')
    await type('decisions', 'post', 'port', '7900', '--rationale', 'It is free.')
    await type('decisions', 'revoke', 'port', '--reason', 'It is not.')
    await type('decisions', 'revoke', 'database')
    await type('proposals', 'answer', approval.id, 'yes', '--reason', 'Go on.')
    expect(said.join('\n\n')).toMatchInlineSnapshot(`
      $ mesh tasks create Release --assignee ann --after <id>
      ✓ Release: pending, for ann.
        Task <id>

      $ mesh tasks claim <id> --assignee ann
      ✓ Fix the login: ready, for ann.
        Task <id>

      $ mesh tasks release <id>
      ✓ Fix the login: ready.
        Task <id>

      $ mesh tasks claim <id>
      ✓ Fix the login: in_progress, owned by you.
        Task <id>

      $ mesh tasks complete <id> --result It was a comma.
      ✓ Fix the login: completed, owned by you.
        Task <id>

      $ mesh decisions post port 7900 --rationale It is free.
      ✓ Decided port.

      $ mesh decisions revoke port --reason It is not.
      ✓ Revoked port.

      $ mesh decisions revoke database
      ✓ Revoked database.

      $ mesh proposals answer <id> yes --reason Go on.
      ✓ Push to main: approved.
    `)
    for (const words of ['"Release"', 'completed your task', 'The operator approved', 'port']) {
      await ann.hear(words)
    }
    expect(await ann.hear('"Release", is ready')).toMatchInlineSnapshot(
      `Task <id>, "Release", is ready: all that it waited for is completed. Begin with claim_task.`,
    )
    expect(await ann.hear('The operator approved')).toMatchInlineSnapshot(`
      The operator approved: Push to main.
      Reason: Go on.
      Approval <id>.
    `)
    expect(await bob.hear('Stop')).toMatchInlineSnapshot(
      `Stop working on task <id>, "Fix the login": it is assigned to ann now.`,
    )
  })

  it('writes a report into a new file, and never over another', async () => {
    const { desk } = await seatWorking()
    const out = join(desk.home, 'report.md')
    expect((await desk.run(['report', '--since', '2h', '--out', out])).code).toBe(0)
    expect(readFileSync(out, 'utf8')).toContain('## Decisions (1 changed, 1 in force)')
    const again = await desk.run(['report', '--out', out])
    expect([again.code, again.error]).toEqual([
      2,
      expect.stringContaining('is such a file already'),
    ])
  })
})

describe('what cannot be done on the command line', () => {
  it('ends with the code for scripts, and says what to do', async () => {
    const { desk, ann, task, approval } = await seatWorking()
    await desk.run(['proposals', 'answer', approval.id, 'no'])
    await desk.run(['decisions', 'revoke', 'database'])
    const { tasks } = await ann.data('list_tasks')
    const waiting = tasks.find(({ status }) => status === 'pending')?.id ?? ''
    const refused = [
      ['tasks', 'begin', task.id],
      ['tasks', 'claim'],
      ['tasks', '--status', 'late'],
      ['tasks', 'claim', 'zzzzzz'],
      ['tasks', 'claim', task.id],
      ['tasks', 'claim', waiting],
      ['tasks', 'release', waiting],
      ['tasks', 'create', 'x', '--assignee', 'nobody'],
      ['tasks', '--group', 'nothing'],
      ['decisions', 'port'],
      ['decisions', 'revoke', 'port'],
      ['decisions', 'revoke', 'database'],
      ['decisions', 'post', 'port', '1'],
      ['proposals', 'vote', 'zzzzzz', 'approve'],
      ['proposals', 'vote', task.id, 'perhaps'],
      ['proposals', 'answer', approval.id, 'yes'],
      ['report', '--since', 'soon'],
      ['groups', 'delete', 'lobby'],
      ['groups', 'seal', 'nothing'],
      ['groups', 'assign', 'nobody', 'lobby'],
      ['groups', 'assign', 'ann'],
      ['config', 'colour', 'red'],
      ['config', 'autogroup', 'perhaps'],
    ]
    const lines: string[] = []
    for (const words of refused) {
      const { code, out, error } = await desk.run(words)
      lines.push(printed(`$ mesh ${words.join(' ')} (${code})\n${out}${error}`, desk))
    }
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      $ mesh tasks begin <id> (2)
      ✗ "begin" is no action: use create, claim, release or complete.
        Run \`mesh help tasks\`.
      $ mesh tasks claim (2)
      ✗ mesh tasks claim needs an <id>.
        Run \`mesh help tasks\`.
      $ mesh tasks --status late (2)
      ✗ --status is one of ready, in_progress, blocked, pending, completed, not "late".
        Run \`mesh help tasks\`.
      $ mesh tasks claim zzzzzz (1)
      ✗ There is no task "zzzzzz" here.
        See \`mesh tasks\`.
      $ mesh tasks claim <id> (5)
      ✗ Task <id> is assigned to bob.
        Free it with \`mesh tasks release\` first, or ask bob with \`mesh send\`.
      $ mesh tasks claim <id> (5)
      ✗ Task <id> waits for <id>.
        Claim a task that is ready: \`mesh tasks --status ready\`.
      $ mesh tasks release <id> (5)
      ✗ Task <id> is nobody's: there is nothing to release.
        Claim it with \`mesh tasks claim\`, or see \`mesh tasks\`.
      $ mesh tasks create x --assignee nobody (4)
      ✗ No peer is called "nobody".
        Known: ann (<peer>), bob (<peer>). See \`mesh peers\`.
      $ mesh tasks --group nothing (1)
      ✗ There is no group "nothing".
        Known: lobby (lobby).
      $ mesh decisions port (1)
      Nobody has decided that.
      $ mesh decisions revoke port (1)
      ✗ Nobody has decided "port".
        \`mesh decisions\` lists the decisions of your group.
      $ mesh decisions revoke database (5)
      ✗ The decision "database" is revoked already.
        \`mesh decisions --all\` shows by whom; \`mesh decisions post\` decides anew.
      $ mesh decisions post port 1 (2)
      ✗ post needs --rationale: why is it so?
        Run \`mesh help decisions\`.
      $ mesh proposals vote zzzzzz approve (1)
      ✗ There is no proposal "zzzzzz" here.
        See \`mesh proposals\` and \`mesh proposals pending\`.
      $ mesh proposals vote <id> perhaps (2)
      ✗ mesh proposals vote ID ends with approve, reject, withdraw, not "perhaps".
        Run \`mesh help proposals\`.
      $ mesh proposals answer <id> yes (5)
      ✗ You answered the approval <id> already.
        The first answer stands. If it is wrong, tell ann with \`mesh send\`.
      $ mesh report --since soon (2)
      ✗ since is no time in the past: "soon".
        Use 90m, 2h, 3d, or an ISO 8601 time such as <time>.
      $ mesh groups delete lobby (5)
      ✗ The lobby stays as it is.
        Make a group of its own.
      $ mesh groups seal nothing (1)
      ✗ There is no group "nothing".
        Known: lobby (lobby).
      $ mesh groups assign nobody lobby (4)
      ✗ No peer is called "nobody".
        Known: ann (<peer>), bob (<peer>). See \`mesh peers\`.
      $ mesh groups assign ann (2)
      ✗ mesh groups assign needs a <group>.
        Run \`mesh help groups\`.
      $ mesh config colour red (2)
      ✗ There is no setting "colour".
        There is autogroup: \`mesh help config\`.
      $ mesh config autogroup perhaps (2)
      ✗ autogroup cannot be "perhaps".
        Use feature, always, off.
    `)
    const asJson = await desk.run(['tasks', 'claim', 'zzzzzz', '--json'])
    expect([asJson.code, JSON.parse(asJson.out)]).toMatchObject([
      1,
      { error: { code: 'UNKNOWN_TASK', message: expect.any(String), hint: expect.any(String) } },
    ])
  })

  it('is everything, where no mesh runs', async () => {
    const desk = createDesk()
    for (const words of lists) expect((await desk.run(words)).code).toBe(3)
  })
})

describe('within a session', () => {
  it('the same commands work as that session, in its group alone', async () => {
    const desk = createDesk()
    // What this process starts is below the client of this session, which it is itself.
    const ann = await openSession({ home: desk.home, name: 'ann' })
    const { data } = await ann.call('whoami')
    const made = await desk.runJson(['tasks', 'create', 'Mine'])
    expect(made).toMatchObject({ task: { creator: data.self.id, title: 'Mine' } })
    const listed = await desk.run(['tasks'])
    expect(printed(listed.out, desk)).toMatchInlineSnapshot(`
      id  status  by  title
        <id>  ready  you  Mine

        Claim: mesh tasks claim <id>
    `)
    for (const words of [['tasks'], ['decisions'], ['proposals'], ['report']]) {
      const own = await desk.run([...words, '--group', 'lobby'])
      expect([words, own.code]).toEqual([words, 0])
    }
    const groups = await desk.run(['groups', 'create', 'api'])
    expect([groups.code, groups.error]).toMatchInlineSnapshot(`
      [
        5,
        ✗ Only the human changes groups.
        Ask the operator: \`mesh send\` to "operator". Humans use mesh groups.
      ,
      ]
    `)
  })
})
