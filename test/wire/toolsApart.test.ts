import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLevelStore } from '../../state/levelStore.ts'
import { putJson } from '../../state/store.ts'
import { until } from '../sessions.ts'
import type { CommandDesk } from './cliSpeakers.ts'
import { readAloud, seat, seatAll, see, type ToolPeer } from './toolPeers.ts'

expect.addSnapshotSerializer(readAloud)

/** All that a session can read without being told. */
async function views(peer: ToolPeer): Promise<string> {
  const tools = ['list_peers', 'list_tasks', 'query_decisions', 'list_pending', 'session_report']
  const said = await Promise.all(tools.map((tool) => peer.data(tool)))
  const uris = ['peers', 'inbox', 'tasks', 'decisions', 'pending'].map((name) => `mesh://${name}`)
  const read = await Promise.all(uris.map((uri) => peer.client.readResource({ uri })))
  const prompts = await Promise.all(
    ['inbox', 'report'].map((name) => peer.client.getPrompt({ name })),
  )
  return JSON.stringify([said, read, prompts, peer.heard])
}

/** Puts sessions into a sealed group of their own. */
async function seal(desk: CommandDesk, group: string, names: readonly string[]) {
  expect((await desk.run(['groups', 'create', group])).code).toBe(0)
  for (const name of names) {
    expect((await desk.run(['groups', 'assign', name, group])).code).toBe(0)
  }
}

describe('two sealed groups that do the same', () => {
  it('see nothing of each other, and the operator sees both', async () => {
    const { desk, peers } = await seatAll('ann', 'bob', 'cleo', 'dora')
    const [ann, bob, cleo, dora] = peers
    if (!ann || !bob || !cleo || !dora) throw new Error('four are seated')
    await seal(desk, 'api', ['ann', 'bob'])
    await seal(desk, 'web', ['cleo', 'dora'])
    for (const peer of peers) {
      await until(async () => (await peer.data('list_peers')).peers.length === 1)
      await peer.hear('You work in the group')
    }
    const pairs = [
      { by: ann, other: bob, mark: 'mark-api-4c1f', name: 'bob' },
      { by: cleo, other: dora, mark: 'mark-web-9d2e', name: 'dora' },
    ]
    for (const { by, other, mark, name } of pairs) {
      const text = `of ${mark}`
      await by.data('create_task', { title: 'Fix the login', description: text, assignee: name })
      await by.data('post_decision', { key: 'port', value: text, rationale: text })
      await by.data('request_approval', { approver: name, action: text })
      await by.data('request_verification', { to: name, claim: text, evidence_needed: text })
      await by.data('create_proposal', { title: 'Use tabs', description: text })
      await by.data('set_active_files', { files: [`${mark}.ts`] })
      await by.data('set_summary', { summary: text })
      await by.data('broadcast_message', { scope: 'mesh', message: text })
      for (const words of ['Fix the login', 'port', 'approve', 'verify', 'Use tabs']) {
        await other.hear(words)
      }
      await until(async () => (await views(other)).includes(`${mark}.ts`))
    }
    for (const { by, other, mark } of pairs) {
      const isApi = by === ann
      const foreign = isApi ? 'mark-web' : 'mark-api'
      const strangers = isApi ? [cleo, dora] : [ann, bob]
      for (const peer of [by, other]) {
        const seen = await views(peer)
        expect(seen).toContain(mark)
        expect(seen).not.toContain(foreign)
        for (const { id } of strangers) expect(seen).not.toContain(id)
        expect((await peer.data('list_tasks')).tasks).toHaveLength(1)
        const [decision] = (await peer.data('query_decisions', { key: 'port' })).decisions
        expect(decision).toMatchObject({ value: `of ${mark}` })
        expect(decision?.conflict).toBeUndefined()
      }
    }
    const { tasks } = await ann.data('list_tasks')
    const foreign = tasks[0]?.id ?? ''
    expect(
      await cleo.sayEach(
        ['claim_task', { task_id: foreign }],
        ['create_task', { title: 'x', assignee: 'bob' }],
        ['create_task', { title: 'x', assignee: bob.id }],
        ['send_message', { to: 'ann', message: 'x' }],
        ['request_approval', { approver: 'ann', action: 'x' }],
        ['revoke_decision', { key: 'ports' }],
      ),
    ).toMatchInlineSnapshot(`
      claim_task: UNKNOWN_TASK: There is no task "<id>" here. See list_tasks for those that there are.
      create_task: UNKNOWN_PEER: No peer is called "bob". Known: dora (<peer>). See list_peers.
      create_task: UNKNOWN_PEER: No peer is called "<peer>". Known: dora (<peer>). See list_peers.
      send_message: UNKNOWN_PEER: No peer is called "ann". Known: dora (<peer>). See list_peers.
      request_approval: UNKNOWN_PEER: No peer is called "ann". Known: dora (<peer>). See list_peers.
      revoke_decision: UNKNOWN_DECISION: Nobody has decided "ports". query_decisions lists the decisions of your group.
    `)
    for (const [group, mark] of [
      ['api', 'mark-api-4c1f'],
      ['web', 'mark-web-9d2e'],
    ] as const) {
      const words = [['tasks'], ['decisions', 'port'], ['proposals', 'pending'], ['report']]
      for (const typed of words) {
        const { code, out } = await desk.run([...typed, '--group', group, '--json'])
        expect([code, typed, out.includes(mark)]).toEqual([0, typed, true])
        expect(out.includes(mark.includes('api') ? 'mark-web' : 'mark-api')).toBe(false)
      }
    }
    const both = await desk.run(['tasks', '--json'])
    expect(both.out).toMatch(/mark-api.*mark-web|mark-web.*mark-api/)
  })
})

describe('shared work across open groups', () => {
  it('is kept from peers of another group, who are named as such', async () => {
    const { desk, peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    expect((await desk.run(['groups', 'create', 'api'])).code).toBe(0)
    expect((await desk.run(['groups', 'open', 'api'])).code).toBe(0)
    expect((await desk.run(['groups', 'assign', 'bob', 'api'])).code).toBe(0)
    await bob.hear('You work in the group')
    await until(async () => (await ann.say('list_peers')).includes('bob'))
    await until(async () => {
      const text = await ann.say('create_task', { title: 'x', assignee: 'bob' })
      return text.startsWith('UNKNOWN_PEER')
    })
    expect(
      await ann.sayEach(
        ['create_task', { title: 'x', assignee: 'bob' }],
        ['request_verification', { to: 'bob', claim: 'x', evidence_needed: 'y' }],
        ['broadcast_message', { scope: 'mesh', message: 'to my group' }],
        ['send_message', { to: 'bob', message: 'across' }],
      ),
    ).toMatchInlineSnapshot(`
      create_task: UNKNOWN_PEER: bob works in another group. Shared work reaches the peers of your own group; send_message reaches the others.
      request_verification: UNKNOWN_PEER: bob works in another group. Shared work reaches the peers of your own group; send_message reaches the others.
      broadcast_message: Nobody of your group is online in that scope: nothing was sent. See list_peers.
      send_message: Sent to bob (<peer>). State: <queued or delivered>; reaches it: at its next turn. Message <id>.
    `)
    expect(await bob.hear('across')).toBe('across')
  })
})

describe('a session that is killed', () => {
  it('right after its answers has said what it answered: the others have it', async () => {
    const { desk, peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    const cleo = await seat(desk, 'cleo', { others: 2 })
    await see([ann, bob, cleo])
    const { proposal } = await ann.data('create_proposal', { title: 'Go on', required_votes: 3 })
    await cleo.hear('Go on')
    const deeds = [
      ['create_task', { title: 'The last task' }],
      ['post_decision', { key: 'last', value: 'word', rationale: 'said' }],
      ['vote_proposal', { proposal_id: proposal.id, vote: 'approve' }],
    ] as const
    for (const [tool, input] of deeds) expect((await cleo.data(tool, input)).code).toBeUndefined()
    await cleo.crash()
    for (const peer of [ann, bob]) {
      await until(async () => {
        const { tasks } = await peer.data('list_tasks')
        const { decisions } = await peer.data('query_decisions', { key: 'last' })
        const { report } = await peer.data('session_report')
        const isVoted = report.includes('open: **Go on** (ann; 1 for')
        return (
          tasks.some(({ title }) => title === 'The last task') && decisions.length > 0 && isVoted
        )
      })
    }
  })

  it('before it read a notice gets it when it comes back, once', async () => {
    const { desk, peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    // One notice is there and not read; the other follows from what it missed.
    await ann.data('create_task', { title: 'Before', assignee: 'bob' })
    await until(async () => (await bob.data('whoami')).unread === 1)
    await bob.crash()
    await until(async () => (await ann.data('list_peers')).peers.length === 0)
    await ann.data('create_task', { title: 'Meanwhile', assignee: bob.id })
    await ann.data('request_approval', { approver: bob.id, action: 'Answer me' })
    const back = await seat(desk, 'bob', { others: 1 })
    expect(back.id).toBe(bob.id)
    for (const words of ['Before', 'Meanwhile', 'Answer me']) await back.hear(words)
    // The next request proves that what it read was read.
    await back.data('whoami')
    await back.crash()
    const again = await seat(desk, 'bob', { others: 1 })
    await ann.data('create_task', { title: 'After', assignee: bob.id })
    await again.hear('After')
    const heard = [...back.heard, ...again.heard]
    for (const words of ['Before', 'Meanwhile', 'Answer me', 'After']) {
      expect(heard.filter((body) => body.includes(words))).toHaveLength(1)
    }
  })
})

describe('a session that comes back after a real absence', () => {
  it('reads first what changed meanwhile, once', async () => {
    const { desk, peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    await bob.crash()
    await until(async () => (await ann.data('list_peers')).peers.length === 0)
    await ann.data('create_task', { title: 'Fix it', assignee: bob.id })
    await ann.data('post_decision', { key: 'port', value: '7900', rationale: 'It is free.' })
    await ann.data('request_approval', { approver: bob.id, action: 'Drop the table' })
    await ann.data('send_message', { to: bob.id, message: 'Welcome back.' })
    await age(desk, bob.id)
    const back = await seat(desk, 'bob', { others: 1 })
    await until(async () => (await back.data('whoami')).unread === 4)
    const first = await back.data('check_messages')
    expect(first.digest?.split('\n')[0]).toBe('You were last here 2 h ago. Now:')
    expect(first.messages).toHaveLength(4)
    expect(
      first.digest
        ?.replace(/\b[0-9a-z]{26}\b/g, '<id>')
        .split('\n')
        .slice(1)
        .join('\n'),
    ).toMatchInlineSnapshot(`
      - 4 unread (check_messages): from ann.
      - Approvals asked of you (respond_approval): "Drop the table" <id>.
      - Your tasks (list_tasks): "Fix it" ready.
      - New decisions (query_decisions): "port": "7900" by ann.
    `)
    const second = await back.data('check_messages')
    expect([second.digest, second.messages]).toEqual([undefined, []])
    await back.crash()
    const again = await seat(desk, 'bob', { others: 1 })
    expect((await again.data('check_messages')).digest).toBeUndefined()
  })
})

/** Makes the seat of a session that is down remember that it was last sat in two hours ago. */
async function age({ home }: CommandDesk, peer: string): Promise<void> {
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((each) => each.endsWith('peer.json'))) {
    const { peer: sits } = JSON.parse(readFileSync(join(home, file), 'utf8'))
    if (sits !== peer) continue
    const { store } = await openLevelStore(join(home, file, '..', 'db'))
    await store.commit([putJson('here', Date.now() - 2 * 3_600_000)])
    await store.close()
  }
}
