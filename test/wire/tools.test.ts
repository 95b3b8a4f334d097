import { describe, expect, it } from 'vitest'
import { until } from '../sessions.ts'
import { masked, readAloud, seat, seatAll } from './toolPeers.ts'

expect.addSnapshotSerializer(readAloud)

/** The ID of the newest message that somebody can look up. */
const newestOf = async (peer: Awaited<ReturnType<typeof seat>>) =>
  (await peer.data('message_history', { limit: 1 })).messages[0]?.id ?? ''

describe('who is there', () => {
  it('is told by everybody of itself, and read by the others', async () => {
    const { peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    expect(
      await ann.sayEach(
        ['whoami'],
        ['set_summary', { summary: 'the parser' }],
        ['set_status', { status: 'busy' }],
        ['set_name', { name: 'anna' }],
        ['list_peers'],
      ),
    ).toMatchInlineSnapshot(`
      whoami: You are ann (<peer>), online, in group lobby on <device>.
      Route: messages wait for check_messages or wait_for_messages. Unread: 0. Dashboard: none. Health: ok.
      set_summary: Others see your summary now.
      set_status: You are busy.
      set_name: You are now anna.
      list_peers: You are anna (<peer>).
      Peers (1):
      - bob (<peer>): online, <home>, on <device>
    `)
    await until(async () => {
      const { peers } = await bob.data('list_peers')
      return peers[0]?.name === 'anna' && peers[0].status === 'busy' && peers[0].summary !== ''
    })
    expect(await bob.say('list_peers')).toMatchInlineSnapshot(`
      You are bob (<peer>).
      Peers (1):
      - anna (<peer>): busy, <home>, on <device>. Works on: the parser
    `)
    await ann.crash()
    await until(async () => (await bob.data('list_peers')).peers.length === 0)
    expect(
      await bob.sayEach(['list_peers'], ['list_peers', { offline: true }]),
    ).toMatchInlineSnapshot(`
      list_peers: You are bob (<peer>).
      Nobody else is here.
      list_peers: You are bob (<peer>).
      Peers (1):
      - anna (<peer>): offline, seen <age>, <home>, on <device>. Works on: the parser
    `)
  })

  it('is refused to those who pose as somebody else', async () => {
    const { peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    expect(
      await ann.sayEach(
        ['set_name', { name: 'BOB' }],
        ['set_name', { name: 'operator' }],
        ['set_name', { name: 'two words' }],
        ['set_name', { name: bob.id }],
        ['set_status', { status: 'asleep' }],
        ['set_summary', {}],
        ['list_peers', { scope: 'galaxy' }],
        ['whoami', { verbose: true }],
      ),
    ).toMatchInlineSnapshot(`
      set_name: NAME_TAKEN: The name "BOB" is taken. Choose another, for example "BOB-2".
      set_name: BAD_INPUT: That is not a possible name. Use 1 to 32 letters, digits, "-" or "_"; not "operator", "mesh" or a peer ID.
      set_name: BAD_INPUT: That is not a possible name. Use 1 to 32 letters, digits, "-" or "_"; not "operator", "mesh" or a peer ID.
      set_name: BAD_INPUT: That is not a possible name. Use 1 to 32 letters, digits, "-" or "_"; not "operator", "mesh" or a peer ID.
      set_status: BAD_INPUT: The arguments do not fit: status: Invalid option: expected one of "online"|"away"|"busy". Correct them and call again.
      set_summary: BAD_INPUT: The arguments do not fit: summary: missing. Correct them and call again.
      list_peers: BAD_INPUT: The arguments do not fit: scope: Invalid option: expected one of "mesh"|"machine"|"directory"|"repo". Correct them and call again.
      whoami: BAD_INPUT: The arguments do not fit: Unrecognized key: "verbose". Correct them and call again.
    `)
    expect((await bob.data('list_peers')).peers).toMatchObject([{ name: 'ann', status: 'online' }])
  })
})

describe('a conversation', () => {
  it('is read on both sides, and each learns how far its words came', async () => {
    const { peers } = await seatAll('ann', 'bob', 'cleo')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('three are seated')
    await until(async () => {
      const said = await ann.say('send_message', { to: 'operator', message: 'Hello.' })
      return said.includes('when the human looks')
    })
    expect(
      await ann.sayEach(
        ['send_message', { to: 'bob', message: 'Which port is free?' }],
        ['send_message', { to: 'bob', message: 'Which port is free?' }],
        ['broadcast_message', { scope: 'mesh', message: 'Lunch.' }],
        ['send_message', { to: 'operator', message: 'We are at lunch.' }],
      ),
    ).toMatchInlineSnapshot(`
      send_message: Sent to bob (<peer>). State: <queued or delivered>; reaches it: at its next turn. Message <id>.
      send_message: You sent the same text a moment ago; it was not sent twice. State: <queued or delivered>; reaches it: at its next turn. Message <id>.
      broadcast_message: Sent to 2: bob, cleo. Message <id>.
      send_message: Sent to operator (<peer>). State: <queued or delivered>; reaches it: when the human looks. Message <id>.
    `)
    await until(async () => (await bob.data('whoami')).unread === 2)
    expect((await bob.data('whoami')).note).toBe(
      '[mesh] 2 unread, newest from ann: call check_messages.',
    )
    expect(await bob.say('whoami')).toMatchInlineSnapshot(`
      You are bob (<peer>), online, in group lobby on <device>.
      Route: messages wait for check_messages or wait_for_messages. Unread: 2. Dashboard: none. Health: ok.
    `)
    expect(await bob.sayEach(['check_messages'], ['check_messages'])).toMatchInlineSnapshot(`
      check_messages: [<id>] from ann (<peer>), <age>:
      Which port is free?

      [<id>] from ann (<peer>), to the group, <age>:
      Lunch.
      check_messages: No unread messages.
    `)
    const asked = (await bob.data('message_history')).messages[0]?.id ?? ''
    expect(
      await bob.sayEach(
        ['ack_message', { message_id: asked }],
        ['send_message', { to: 'ann', message: '7900 is.', reply_to: asked }],
        ['message_history'],
      ),
    ).toMatchInlineSnapshot(`
      ack_message: Acknowledged <id>.
      send_message: Sent to ann (<peer>). State: <queued or delivered>; reaches it: at its next turn. Message <id>.
      message_history: [<id>] from ann (<peer>), <age>, acknowledged:
      Which port is free?

      [<id>] from ann (<peer>), to the group, <age>, seen:
      Lunch.

      [<id>] from bob (<peer>), in reply to <id>, <age>, <queued or delivered>:
      7900 is.
    `)
    await until(async () => {
      const { messages } = await ann.data('check_acks', { message_id: asked })
      return messages[0]?.state === 'acknowledged'
    })
    expect(
      await ann.sayEach(
        ['check_messages'],
        ['check_acks', { message_id: asked }],
        ['message_history', { query: 'port', limit: 1 }],
        ['message_history', { message_id: asked }],
        ['message_history', { query: 'zebra' }],
      ),
    ).toMatchInlineSnapshot(`
      check_messages: [<id>] from bob (<peer>), in reply to <id>, <age>:
      7900 is.
      check_acks: - <id> to bob: acknowledged (<time>)
      message_history: [<id>] from ann (<peer>), <age>, acknowledged:
      Which port is free?
      message_history: [<id>] from ann (<peer>), <age>, acknowledged:
      Which port is free?

      Written in <home>.
      message_history: Nothing found.
    `)
  })

  it('is refused with what to do instead', async () => {
    const { peers } = await seatAll('ann', 'bob', 'cleo')
    const [ann, bob, cleo] = peers
    if (!ann || !bob || !cleo) throw new Error('three are seated')
    await ann.say('send_message', { to: 'bob', message: 'between us' })
    const between = await newestOf(ann)
    expect(
      await ann.sayEach(
        ['send_message', { to: 'nobody', message: 'x' }],
        ['send_message', { to: 'ann', message: 'x' }],
        ['send_message', { to: 'bob', message: ' ' }],
        ['send_message', { to: 'bob' }],
        ['send_message', { to: 'bob', message: 'x'.repeat(70_000) }],
        ['send_message', { to: 'bob', message: 'x', reply_to: 'zzzzzzzz' }],
        ['send_message', { to: 'bob', message: 'x', from: 'cleo' }],
        ['broadcast_message', { scope: 'everywhere', message: 'x' }],
        ['broadcast_message', { scope: 'repo', message: 'x' }],
        ['wait_for_messages', { timeout_s: 0 }],
        ['wait_for_messages', { timeout_s: 9_999 }],
        ['ack_message', { message_id: between }],
        ['ack_message', { message_id: 'abc' }],
        ['message_history', { peer: 'nobody' }],
        ['message_history', { message_id: 'zzzzzzzz' }],
        ['check_messages', { limit: 0 }],
      ),
    ).toMatchInlineSnapshot(`
      send_message: UNKNOWN_PEER: No peer is called "nobody". Known: bob (<peer>), cleo (<peer>). See list_peers.
      send_message: BAD_INPUT: That is yourself. See list_peers for the others.
      send_message: BAD_INPUT: The message is empty. Say something.
      send_message: BAD_INPUT: The arguments do not fit: message: missing. Correct them and call again.
      send_message: BAD_INPUT: The message has 70000 bytes; 65536 is the most. Put it into a file and send its path, or send it in parts.
      send_message: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      send_message: BAD_INPUT: The arguments do not fit: Unrecognized key: "from". Correct them and call again.
      broadcast_message: BAD_INPUT: The arguments do not fit: scope: Invalid option: expected one of "mesh"|"machine"|"directory"|"repo". Correct them and call again.
      broadcast_message: Nobody of your group is online in that scope: nothing was sent. See list_peers.
      wait_for_messages: No unread messages.
      wait_for_messages: BAD_INPUT: The arguments do not fit: timeout_s: Too big: expected number to be <=1500. Correct them and call again.
      ack_message: NOT_RECIPIENT: That message was not sent to you. Only a recipient acknowledges; your own messages are in check_acks.
      ack_message: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      message_history: UNKNOWN_PEER: No peer is called "nobody". Known: bob (<peer>), cleo (<peer>). See list_peers.
      message_history: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      check_messages: BAD_INPUT: The arguments do not fit: limit: Too small: expected number to be >=1. Correct them and call again.
    `)
    // To somebody else a message between two is as good as unknown.
    expect(
      await cleo.sayEach(
        ['ack_message', { message_id: between }],
        ['check_acks', { message_id: between }],
        ['message_history', { message_id: between }],
        ['react', { message_id: between, emoji: '👍' }],
        ['pin_message', { message_id: between }],
        ['check_acks'],
      ),
    ).toMatchInlineSnapshot(`
      ack_message: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      check_acks: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      message_history: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      react: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      pin_message: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      check_acks: You have sent nothing yet.
    `)
  })

  it('is not flooded: who is too fast, or writes to a full inbox, is told when to try again', async () => {
    const { desk, peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    const said = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ann.say('send_message', { to: 'bob', message: `number ${index}` }),
      ),
    )
    const refused = said.find((text) => text.startsWith('TOO_FAST')) ?? ''
    expect(refused.replace(/\d+ s/, '<seconds>')).toMatchInlineSnapshot(
      `TOO_FAST: You are sending to this peer faster than it can read. Try again in <seconds>, or put what you have to say into one message.`,
    )
    const cleo = await seat(desk, 'cleo', { others: 2, variables: { MESH_BRAKES: 'off' } })
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          cleo.say('send_message', { to: 'bob', message: `round ${round}, ${index}` }),
        ),
      )
    }
    const dora = await seat(desk, 'dora', { others: 3 })
    const full = await until(async () => {
      const text = await dora.say('send_message', { to: 'bob', message: `at ${performance.now()}` })
      return text.startsWith('INBOX_FULL') && text
    })
    expect(full.replace(/\d+ unread/, '<many> unread')).toMatchInlineSnapshot(
      `INBOX_FULL: bob has <many> unread messages. Wait until it has read some: list_peers shows when it is back.`,
    )
    await bob.data('check_messages', { limit: 200 })
    const sent = await until(async () => {
      await bob.data('whoami')
      const text = await dora.say('send_message', { to: 'bob', message: 'now?' })
      return text.startsWith('Sent') && text
    })
    expect(sent).toContain('Sent to bob')
  })

  it('goes on where a reader waits: for a message, and for a notice', async () => {
    const { peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    const first = bob.say('wait_for_messages', { timeout_s: 50 })
    await ann.data('send_message', { to: 'bob', message: 'now' })
    expect(await first).toMatchInlineSnapshot(`
      [<id>] from ann (<peer>), <age>:
      now
    `)
    const second = bob.say('wait_for_messages', { timeout_s: 50 })
    await ann.data('create_task', { title: 'Paint', assignee: 'bob' })
    expect(await second).toMatchInlineSnapshot(`
      [notice] <age>:
      ann assigned task <id> to you: "Paint". Begin with claim_task, or decline with claim_task and release.
    `)
  })
})

describe('a message', () => {
  it('of a known kind reads well, and carries its fields', async () => {
    const { peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    const sent = [
      { type: 'question', question: 'Which?', expected_format: 'a number' },
      { type: 'decision', decision: 'Tabs', rationale: 'Shorter', rejected: ['spaces'] },
      { type: 'context_share', summary: 'Half done', blockers: ['no disk'] },
      {
        type: 'review_request',
        file_path: 'a.ts',
        description: 'The loop',
        files: ['a.ts', 'b.ts'],
      },
      {
        ...{ type: 'handoff', work_completed: 'The parser', remaining_work: 'The printer' },
        ...{ files_modified: ['a.ts', 'b.ts'], decisions_made: [] },
      },
    ]
    for (const fields of sent) await ann.data('send_structured', { to: 'bob', ...fields })
    await until(async () => (await bob.data('whoami')).unread === sent.length)
    expect(await bob.say('check_messages')).toMatchInlineSnapshot(`
      [<id>] from ann (<peer>), <age>:
      **Question:** Which?
      **Expected format:** a number

      [<id>] from ann (<peer>), <age>:
      **Decision:** Tabs
      **Rationale:** Shorter
      **Rejected:** spaces

      [<id>] from ann (<peer>), <age>:
      **Context:** Half done
      **Blockers:** no disk

      [<id>] from ann (<peer>), <age>:
      **Review request:** a.ts
      **Description:** The loop
      **Files:**
      - a.ts
      - b.ts

      [<id>] from ann (<peer>), <age>:
      **Handoff**
      **Completed:** The parser
      **Remaining:** The printer
      **Files modified:**
      - a.ts
      - b.ts
      **Decisions made:** none
    `)
    const { messages } = await bob.data('message_history')
    expect(messages.map(({ fields }) => fields)).toEqual(sent)
    expect(
      await ann.sayEach(
        ['send_structured', { to: 'bob', type: 'question', question: 'x', expected_format: 'y' }],
        ['send_structured', { to: 'bob', type: 'handoff', work_completed: 'x' }],
        ['send_structured', { to: 'bob', type: 'question', question: 'x' }],
        ['send_structured', { to: 'bob', type: 'context_share', summary: 'x', question: 'y' }],
        ['send_structured', { to: 'bob', type: 'poem' }],
        ['send_structured', { to: 'nobody', type: 'context_share', summary: 'x' }],
      ),
    ).toMatchInlineSnapshot(`
      send_structured: Sent to bob (<peer>). State: <queued or delivered>; reaches it: at its next turn. Message <id>.
      send_structured: BAD_INPUT: A handoff needs remaining_work, files_modified, decisions_made. Call send_structured again with them.
      send_structured: BAD_INPUT: A question needs expected_format. Call send_structured again with it.
      send_structured: BAD_INPUT: A context_share has no question. Say it in context, or choose the type that has it.
      send_structured: BAD_INPUT: The arguments do not fit: type: Invalid option: expected one of "question"|"decision"|"context_share"|"review_request"|"handoff". Correct them and call again.
      send_structured: UNKNOWN_PEER: No peer is called "nobody". Known: bob (<peer>). See list_peers.
    `)
  })

  it('can be answered without a word, and kept in sight', async () => {
    const { desk, peers } = await seatAll('ann', 'bob')
    const [ann, bob] = peers
    if (!ann || !bob) throw new Error('two are seated')
    await ann.data('send_message', { to: 'bob', message: 'Read the plan.' })
    const message_id = await newestOf(ann)
    await until(async () => (await bob.data('whoami')).unread === 1)
    expect(
      await bob.sayEach(
        ['react', { message_id, emoji: '👍' }],
        ['react', { message_id, emoji: '👍' }],
        ['react', { message_id, emoji: '👍', remove: true }],
        ['pin_message', { message_id }],
        ['react', { message_id, emoji: 'fine' }],
        ['react', { message_id: 'zzzzzzzz', emoji: '👍' }],
        ['pin_message', { message_id: message_id.slice(0, 5) }],
      ),
    ).toMatchInlineSnapshot(`
      react: Reacted 👍 to <id>.
      react: Reacted 👍 to <id>.
      react: Took 👍 back from <id>.
      pin_message: Pinned <id> for your group.
      react: BAD_INPUT: The arguments do not fit: emoji: Invalid option: expected one of "👍"|"👀"|"✅"|"⚠️"|"❌"|"🎉"|"❤️"|"🤔". Correct them and call again.
      react: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
      pin_message: UNKNOWN_MESSAGE: No message with that ID is known here. Take the ID from check_messages or message_history; 6 characters are enough.
    `)
    expect(await ann.say('pin_message', { message_id, pinned: false })).toMatchInlineSnapshot(
      `Unpinned <id>.`,
    )
    const report = await until(async () => {
      const { report } = await ann.data('session_report')
      return report.includes('unpinned') && report.includes('reacted') && report
    })
    expect(masked(report.split('newest first)')[1] ?? '', desk)).toMatchInlineSnapshot(`
      - <time> ann unpinned <id>
      - <time> bob pinned <id>
      - <time> bob unreacted 👍 to <id>
      - <time> bob reacted 👍 to <id>
      - <time> bob reacted 👍 to <id>
      - <time> bob joined from <home>
      - <time> ann joined from <home>
    `)
  })
})
