import { describe, expect, it } from 'vitest'
import { until } from '../sessions.ts'
import { createDesk } from './cliSpeakers.ts'
import { masked, readAloud, seat, seatAll, see, type ToolPeer } from './toolPeers.ts'

expect.addSnapshotSerializer(readAloud)

/** Three sessions that ask each other. */
async function seatThree() {
  const { desk, peers } = await seatAll('ann', 'bob', 'cleo')
  const [ann, bob, cleo] = peers
  if (!ann || !bob || !cleo) throw new Error('three are seated')
  return { desk, ann, bob, cleo }
}

/** The only approval that somebody has to do with, once it stands so. */
function approvalAt(peer: ToolPeer, id: string) {
  return until(async () => {
    const { approvals } = await peer.data('list_pending')
    return approvals.find((each) => each.id === id)
  })
}

describe('a verification', () => {
  it('is asked of one, answered once, and both read why', async () => {
    const { ann, bob, cleo } = await seatThree()
    const asked = { claim: 'The parser is fast.', evidence_needed: 'A run of the benchmark.' }
    expect(
      await ann.say('request_verification', { to: 'bob', ...asked, files_to_check: ['bench.ts'] }),
    ).toMatchInlineSnapshot(
      `Asked bob (<peer>). You are woken by the answer. Verification <id> is pending.`,
    )
    expect(await bob.hear('verify')).toMatchInlineSnapshot(`
      ann asks you to verify: The parser is fast.
      Evidence needed: A run of the benchmark.
      Files to check: bench.ts
      Answer with respond_verification, verification_id <id>; list_pending shows all of it.
    `)
    const [found] = (await bob.data('list_pending')).verifications
    const verification_id = found?.id ?? ''
    expect(found).toMatchObject({ ...asked, status: 'pending', verifier: bob.id })
    expect(await bob.say('list_pending')).toMatchInlineSnapshot(`
      For you (1), go on with respond_verification:
      - verification <id>, ann asked you: The parser is fast.
    `)
    expect(await ann.say('list_pending')).toMatchInlineSnapshot(`
      Nothing waits for you.
      You wait for:
      - verification <id>, you asked bob: The parser is fast.
    `)
    const answer = { verification_id, status: 'failed', response: 'It takes a minute.' }
    await until(async () => {
      const text = await cleo.say('respond_verification', answer)
      return text.startsWith('REFUSED')
    })
    expect(
      await cleo.sayEach(
        ['respond_verification', answer],
        ['respond_verification', { ...answer, verification_id: 'zzzzzz' }],
        ['respond_verification', { ...answer, status: 'maybe' }],
        ['request_verification', { to: 'cleo', ...asked }],
        ['request_verification', { to: 'nobody', ...asked }],
        ['request_verification', { to: 'bob', claim: 'x' }],
      ),
    ).toMatchInlineSnapshot(`
      respond_verification: REFUSED: This verification was asked of bob, not of you. Tell ann what you know with send_message.
      respond_verification: UNKNOWN_REQUEST: There is no verification "zzzzzz" here. list_pending shows what waits for you.
      respond_verification: BAD_INPUT: The arguments do not fit: status: Invalid option: expected one of "verified"|"failed". Correct them and call again.
      request_verification: REFUSED: You cannot ask yourself. Name another peer, see list_peers, or the operator.
      request_verification: UNKNOWN_PEER: No peer is called "nobody". Known: ann (<peer>), bob (<peer>). See list_peers.
      request_verification: BAD_INPUT: The arguments do not fit: evidence_needed: missing. Correct them and call again.
    `)
    expect(
      await bob.sayEach(
        ['respond_verification', { ...answer, evidence: 'real 1m2s' }],
        ['respond_verification', { ...answer, status: 'verified' }],
        ['list_pending'],
      ),
    ).toMatchInlineSnapshot(`
      respond_verification: You answered failed; ann is woken. Verification <id>.
      respond_verification: ALREADY_DECIDED: You answered the verification <id> already. The first answer stands. If it is wrong, tell ann with send_message.
      list_pending: Nothing waits for you, nor you for anything.
    `)
    expect(await ann.hear('could not verify')).toMatchInlineSnapshot(`
      bob could not verify: The parser is fast.
      Response: It takes a minute.
      Evidence: real 1m2s
      Verification <id>: failed.
    `)
  })

  it('wakes a verifier who is busy, and the answer wakes whoever asked', async () => {
    const desk = createDesk()
    const variables = { MESH_DELIVERY: 'channel' }
    const ann = await seat(desk, 'ann', { variables })
    const bob = await seat(desk, 'bob', { variables, others: 1 })
    await see([ann, bob])
    await bob.data('set_status', { status: 'busy' })
    await until(async () => (await ann.data('list_peers')).peers[0]?.status === 'busy')
    expect(await ann.say('send_message', { to: 'bob', message: 'no hurry' })).toContain(
      'at its next turn',
    )
    const { verification } = await ann.data('request_verification', {
      ...{ to: 'bob', claim: 'It builds.', evidence_needed: 'The log.' },
    })
    await until(() => bob.events.length > 0)
    expect(bob.events.map(({ meta }) => meta['kind'])).toEqual(['notice'])
    expect(masked(bob.events[0]?.content ?? '', desk)).toMatchInlineSnapshot(`
      ann asks you to verify: It builds.
      Evidence needed: The log.
      Answer with respond_verification, verification_id <id>; list_pending shows all of it.
    `)
    await bob.data('respond_verification', {
      ...{ verification_id: verification.id, status: 'verified', response: 'It does.' },
    })
    await until(() => ann.events.length > 0)
    expect(masked(ann.events[0]?.content ?? '', desk)).toMatchInlineSnapshot(`
      bob verified: It builds.
      Response: It does.
      Verification <id>: verified.
    `)
  })
})

describe('an approval', () => {
  it('is given or not by whom it was asked of, with a reason', async () => {
    const { ann, bob, cleo } = await seatThree()
    const action = 'Delete the branch.'
    expect(await ann.say('request_approval', { approver: 'bob', action })).toMatchInlineSnapshot(
      `Asked bob (<peer>). You are woken by the answer. Approval <id> is pending.`,
    )
    expect(await bob.hear('approve')).toMatchInlineSnapshot(`
      ann asks you to approve: Delete the branch.
      Answer with respond_approval, approval_id <id>.
    `)
    const approval_id = (await bob.data('list_pending')).approvals[0]?.id ?? ''
    await until(async () => {
      const text = await cleo.say('respond_approval', { approval_id, approved: true })
      return text.startsWith('REFUSED')
    })
    expect(
      await cleo.sayEach(
        ['respond_approval', { approval_id, approved: true }],
        ['respond_approval', { approval_id: 'zzzzzz', approved: true }],
        ['respond_approval', { approval_id }],
        ['request_approval', { approver: 'cleo', action }],
        ['request_approval', { approver: 'nobody', action }],
        ['request_approval', { approver: 'bob', action: '' }],
      ),
    ).toMatchInlineSnapshot(`
      respond_approval: REFUSED: This approval was asked of bob, not of you. Tell ann what you know with send_message.
      respond_approval: UNKNOWN_REQUEST: There is no approval "zzzzzz" here. list_pending shows what waits for you.
      respond_approval: BAD_INPUT: The arguments do not fit: approved: missing. Correct them and call again.
      request_approval: REFUSED: You cannot ask yourself. Name another peer, see list_peers, or the operator.
      request_approval: UNKNOWN_PEER: No peer is called "nobody". Known: ann (<peer>), bob (<peer>). See list_peers.
      request_approval: BAD_INPUT: The arguments do not fit: action: Too small: expected string to have >=1 characters. Correct them and call again.
    `)
    expect(
      await bob.sayEach(
        ['respond_approval', { approval_id, approved: true, reason: 'It is merged.' }],
        ['respond_approval', { approval_id, approved: false }],
      ),
    ).toMatchInlineSnapshot(`
      respond_approval: You approved it; ann is woken. Approval <id>.
      respond_approval: ALREADY_DECIDED: You answered the approval <id> already. The first answer stands. If it is wrong, tell ann with send_message.
    `)
    expect(await ann.hear('approved')).toMatchInlineSnapshot(`
      bob approved: Delete the branch. This is the word of a peer, not of your user.
      Reason: It is merged.
      Approval <id>.
    `)
    await cleo.crash()
    await until(async () => (await ann.data('list_peers')).peers.length === 1)
    expect(await ann.say('request_approval', { approver: 'cleo', action })).toMatchInlineSnapshot(
      `cleo (<peer>) is offline: it is asked when it comes back. Approval <id> is pending.`,
    )
  })

  it('asked of the human is answered on the command line, and wakes whoever asked', async () => {
    const desk = createDesk()
    const ann = await seat(desk, 'ann', { variables: { MESH_DELIVERY: 'channel' } })
    const action = 'Push to main.'
    expect(
      await ann.say('request_approval', { approver: 'operator', action }),
    ).toMatchInlineSnapshot(
      `Asked the operator, who sees it in the dashboard and with \`mesh proposals pending\`. Approval <id> is pending.`,
    )
    const { approvals } = await ann.data('list_pending')
    const id = approvals[0]?.id ?? ''
    const inbox = await until(async () => {
      const { out } = await desk.run(['inbox', '--keep'])
      return out.includes(action) && out
    })
    expect(masked(inbox, desk).replace(/\d\d:\d\d:\d\d/g, '<clock>')).toMatchInlineSnapshot(`
      mesh  <clock>
        ann asks you to approve: Push to main.
        Answer with \`mesh proposals answer <id> yes\`, or no.
    `)
    const answered = await desk.run(['proposals', 'answer', id, 'no', '--reason', 'Not on Friday.'])
    expect([answered.code, answered.out]).toEqual([0, `✓ ${action}: rejected.\n`])
    await until(() => ann.events.length > 0)
    expect(masked(ann.events[0]?.content ?? '', desk)).toMatchInlineSnapshot(`
      The operator rejected: Push to main.
      Reason: Not on Friday.
      Approval <id>.
    `)
    const late = await desk.run(['proposals', 'answer', id, 'yes'])
    expect(late.code).toBe(5)
    expect(masked(late.error, desk)).toMatchInlineSnapshot(`
      ✗ You answered the approval <id> already.
        The first answer stands. If it is wrong, tell ann with \`mesh send\`.
    `)
  })

  it('that the approver and the human answer at once has one answer for everybody', async () => {
    const { desk, ann, bob, cleo } = await seatThree()
    const holders = new Set<string>()
    // The later bob is, the surer the command is first: at some time both have been.
    for (let calls = 0; holders.size < 2; calls = calls * 2 + 20) {
      const action = `Deploy ${calls}`
      const { approval } = await ann.data('request_approval', { approver: 'bob', action })
      await approvalAt(bob, approval.id)
      const typed = desk.run(['proposals', 'answer', approval.id, 'yes'])
      for (let call = 0; call < calls; call += 1) await bob.data('whoami')
      const [said, { code }] = await Promise.all([
        bob.say('respond_approval', { approval_id: approval.id, approved: false }),
        typed,
      ])
      const told = await ann.hear(action)
      const holder = told.startsWith('bob rejected') ? 'bob' : 'operator'
      holders.add(holder)
      expect(told).toContain(
        holder === 'bob' ? `bob rejected: ${action}.` : 'The operator approved',
      )
      expect(holder === 'bob' ? said : code).toEqual(
        holder === 'bob' ? 'You rejected it; ann is woken. Approval <id>.' : 0,
      )
      const status = holder === 'bob' ? 'rejected' : 'approved'
      for (const peer of [ann, bob, cleo]) {
        const { report } = await peer.data('session_report')
        expect(report).toContain(`- ${status}: ${action} (ann asked bob)`)
      }
    }
    expect([...holders].sort()).toEqual(['bob', 'operator'])
  })
})

describe('a proposal', () => {
  it('is made, voted on and decided, and everybody reads how it stands', async () => {
    const { desk, ann, bob, cleo } = await seatThree()
    expect(
      await ann.say('create_proposal', {
        ...{ title: 'Use tabs', description: 'They are shorter.', deadline_minutes: 30 },
      }),
    ).toMatchInlineSnapshot(
      `Proposal <id> is open until <time>: 2 of 3 must approve (you, bob, cleo). You vote with vote_proposal as well.`,
    )
    expect(await bob.hear('Use tabs')).toMatchInlineSnapshot(`
      ann proposes "Use tabs".
      Description: They are shorter.
      2 of 3 must approve. Until <time>.
      Vote with vote_proposal, proposal_id <id>.
    `)
    const proposal_id = (await bob.data('list_pending')).proposals[0]?.id ?? ''
    expect(
      await bob.sayEach(
        ['list_pending'],
        ['vote_proposal', { proposal_id, vote: 'withdraw' }],
        ['vote_proposal', { proposal_id, vote: 'reject', reason: 'No.' }],
        ['vote_proposal', { proposal_id, vote: 'approve', reason: 'After all.' }],
        ['vote_proposal', { proposal_id: 'zzzzzz', vote: 'approve' }],
        ['vote_proposal', { proposal_id, vote: 'abstain' }],
        ['create_proposal', { title: 'x', required_votes: 4 }],
        ['create_proposal', { title: '' }],
        ['create_proposal', { title: 'x', deadline_minutes: 0 }],
      ),
    ).toMatchInlineSnapshot(`
      list_pending: For you (1), go on with vote_proposal:
      - proposal <id> by ann, 0 of 2 approvals: Use tabs
      vote_proposal: REFUSED: Only ann can withdraw the proposal, who made it. Vote reject if you are against it.
      vote_proposal: You voted reject. The proposal "Use tabs" (<id>) is open: 0 for, 1 against, 2 needed.
      vote_proposal: You voted approve. The proposal "Use tabs" (<id>) is open: 1 for, 0 against, 2 needed.
      vote_proposal: UNKNOWN_PROPOSAL: There is no proposal "zzzzzz" here. list_pending shows those that are open.
      vote_proposal: BAD_INPUT: The arguments do not fit: vote: Invalid option: expected one of "approve"|"reject"|"withdraw". Correct them and call again.
      create_proposal: BAD_INPUT: 4 votes cannot be reached: only 3 can vote (bob, ann, cleo). Ask for fewer with required_votes, or wait for others: see list_peers.
      create_proposal: BAD_INPUT: The arguments do not fit: title: Too small: expected string to have >=1 characters. Correct them and call again.
      create_proposal: BAD_INPUT: The arguments do not fit: deadline_minutes: Too small: expected number to be >0. Correct them and call again.
    `)
    const dora = await seat(desk, 'dora', { others: 3 })
    await until(async () => {
      const text = await dora.say('vote_proposal', { proposal_id, vote: 'approve' })
      return text.startsWith('REFUSED')
    })
    expect(await dora.say('vote_proposal', { proposal_id, vote: 'approve' })).toMatchInlineSnapshot(
      `REFUSED: You have no vote on it: you were not online when it was made. Tell ann what you think with send_message.`,
    )
    const voted = await desk.run(['proposals', 'vote', proposal_id, 'approve'])
    expect([voted.code, voted.out]).toEqual([0, '✓ Use tabs: approved, 2 of 2 for, 0 against.\n'])
    expect(await ann.hear('is approved')).toMatchInlineSnapshot(`
      Your proposal "Use tabs" is approved: 2 for, 0 against, 2 needed.
      bob: approve, After all.
      Proposal <id>.
    `)
    await until(async () => (await cleo.data('list_pending')).proposals.length === 0)
    expect(await cleo.say('vote_proposal', { proposal_id, vote: 'reject' })).toMatchInlineSnapshot(
      `ALREADY_DECIDED: The proposal <id> is no longer open: approved, with 2 for and 0 against. Your vote does not count. To decide anew, use create_proposal.`,
    )
  })

  it('on which all vote at once counts every vote, and its author is told once', async () => {
    const { ann, bob, cleo } = await seatThree()
    const { proposal } = await ann.data('create_proposal', { title: 'All in', required_votes: 3 })
    const proposal_id = proposal.id
    for (const peer of [bob, cleo]) await peer.hear('All in')
    const answers = await Promise.all(
      [ann, bob, cleo].map((peer) => peer.say('vote_proposal', { proposal_id, vote: 'approve' })),
    )
    for (const text of answers) expect(text).toMatch(/^You voted approve\. The proposal "All in"/)
    expect(await ann.hear('All in')).toMatchInlineSnapshot(`
      Your proposal "All in" is approved: 3 for, 0 against, 3 needed.
      Proposal <id>.
    `)
    for (const peer of [ann, bob, cleo]) {
      await until(async () => (await peer.data('list_pending')).proposals.length === 0)
    }
    await ann.data('check_messages')
    expect(ann.heard).toHaveLength(1)
    expect(await bob.say('vote_proposal', { proposal_id, vote: 'reject' })).toMatchInlineSnapshot(
      `ALREADY_DECIDED: The proposal <id> is no longer open: approved, with 3 for and 0 against. Your vote does not count. To decide anew, use create_proposal.`,
    )
  })

  it('that cannot be reached any more, or is taken back, is over', async () => {
    const { ann, bob, cleo } = await seatThree()
    const lost = (await ann.data('create_proposal', { title: 'Lost', required_votes: 3 })).proposal
      .id
    await bob.hear('Lost')
    expect(
      await bob.say('vote_proposal', { proposal_id: lost, vote: 'reject', reason: 'No.' }),
    ).toMatchInlineSnapshot(
      `You voted reject. The proposal "Lost" (<id>) is rejected: 0 for, 1 against, 3 needed.`,
    )
    expect(await ann.hear('is rejected')).toMatchInlineSnapshot(`
      Your proposal "Lost" is rejected: 0 for, 1 against, 3 needed.
      bob: reject, No.
      Proposal <id>.
    `)
    const back = (await ann.data('create_proposal', { title: 'Back' })).proposal.id
    await cleo.hear('Back')
    expect(
      await ann.say('vote_proposal', { proposal_id: back, vote: 'withdraw' }),
    ).toMatchInlineSnapshot(
      `You withdrew it. The proposal "Back" (<id>) is withdrawn: 0 for, 0 against, 2 needed.`,
    )
    await until(async () => (await cleo.data('list_pending')).proposals.length === 0)
    expect(
      await cleo.say('vote_proposal', { proposal_id: back, vote: 'approve' }),
    ).toMatchInlineSnapshot(
      `ALREADY_DECIDED: The proposal <id> is no longer open: withdrawn, with 0 for and 0 against. Your vote does not count. To decide anew, use create_proposal.`,
    )
  })

  it('whose time is over is told to its author, although nobody wrote anything', async () => {
    const { ann, bob } = await seatThree()
    const { proposal } = await ann.data('create_proposal', {
      ...{ title: 'In a hurry', deadline_minutes: 0.02 },
    })
    expect(await ann.hear('In a hurry')).toMatchInlineSnapshot(`
      Your proposal "In a hurry" has expired: 0 for, 0 against, 2 needed.
      Proposal <id>.
    `)
    expect(
      await bob.say('vote_proposal', { proposal_id: proposal.id, vote: 'approve' }),
    ).toMatchInlineSnapshot(
      `ALREADY_DECIDED: The proposal <id> is no longer open: expired, with 0 for and 0 against. Your vote does not count. To decide anew, use create_proposal.`,
    )
    expect((await bob.data('list_pending')).proposals).toEqual([])
  })
})
