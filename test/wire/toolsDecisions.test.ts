import { describe, expect, it } from 'vitest'
import { until } from '../sessions.ts'
import { readAloud, seatAll, type ToolPeer } from './toolPeers.ts'

expect.addSnapshotSerializer(readAloud)

/** Two sessions that decide together. */
async function seatPair() {
  const { desk, peers } = await seatAll('ann', 'bob')
  const [ann, bob] = peers
  if (!ann || !bob) throw new Error('two are seated')
  return { desk, ann, bob }
}

/** Waits until somebody sees that a key is decided so. */
function holds(peer: ToolPeer, key: string, value: string) {
  return until(async () => {
    const { decisions } = await peer.data('query_decisions', { key })
    return decisions[0]?.value === value && !decisions[0].conflict && decisions[0]
  })
}

describe('a decision', () => {
  it('is posted, changed and taken back, and the others are told and not woken', async () => {
    const { ann, bob } = await seatPair()
    const posted = { key: 'database', value: 'postgres', rationale: 'It is proven.' }
    expect(await ann.say('post_decision', posted)).toMatchInlineSnapshot(
      `Decided "database". Your group is told.`,
    )
    expect(await bob.hear('postgres')).toMatchInlineSnapshot(
      `ann decided "database": "postgres". Rationale: "It is proven."`,
    )
    const changed = { ...posted, value: 'sqlite', rationale: 'One file.', category: 'storage' }
    expect(await bob.say('post_decision', changed)).toMatchInlineSnapshot(
      `Decided "database". Your group is told.`,
    )
    expect(await ann.hear('sqlite')).toMatchInlineSnapshot(
      `bob changed the decision "database": "sqlite". Rationale: "One file."`,
    )
    expect(
      await ann.sayEach(
        ['query_decisions'],
        ['query_decisions', { key: 'database' }],
        ['query_decisions', { category: 'general' }],
        ['revoke_decision', { key: 'database' }],
      ),
    ).toMatchInlineSnapshot(`
      query_decisions: [storage] database
        sqlite
        because One file.
        (bob, <time>)
      query_decisions: [storage] database
        sqlite
        because One file.
        (bob, <time>)
        History:
        <time> set to sqlite by bob
        <time> set to postgres by ann
      query_decisions: No decision in force fits.
      revoke_decision: REFUSED: bob decided "database"; only its author revokes it. Ask bob with send_message, or decide anew with post_decision.
    `)
    const reason = 'It is too small.'
    expect(await bob.say('revoke_decision', { key: 'database', reason })).toMatchInlineSnapshot(
      `Revoked "database". post_decision with that key decides anew.`,
    )
    expect(await ann.hear('revoked')).toMatchInlineSnapshot(
      `bob revoked the decision "database", which was "sqlite". Reason: "It is too small."`,
    )
    expect(
      await ann.sayEach(
        ['query_decisions'],
        ['query_decisions', { key: 'database', include_revoked: true }],
        ['query_decisions', { key: 'port' }],
        ['revoke_decision', { key: 'port' }],
        ['revoke_decision', { key: 'database' }],
        ['post_decision', { key: 'port' }],
        ['post_decision', { key: ' ', value: 'x', rationale: 'y' }],
      ),
    ).toMatchInlineSnapshot(`
      query_decisions: No decision in force fits.

      1 revoked: add include_revoked to see them.
      query_decisions: [storage] database REVOKED
        sqlite
        because One file.
        (bob, <time>)
        History:
        <time> revoked by bob: It is too small.
        <time> set to sqlite by bob
        <time> set to postgres by ann
      query_decisions: No decision in force fits.
      revoke_decision: UNKNOWN_DECISION: Nobody has decided "port". query_decisions lists the decisions of your group.
      revoke_decision: REFUSED: The decision "database" is revoked already. query_decisions with include_revoked shows by whom; post_decision decides anew.
      post_decision: BAD_INPUT: The arguments do not fit: value: missing; rationale: missing. Correct them and call again.
      post_decision: BAD_INPUT: The arguments do not fit: key: Too small: expected string to have >=1 characters. Correct them and call again.
    `)
    expect([ann.events, bob.events]).toEqual([[], []])
  })

  it('that two post at once is a conflict for both until somebody posts again', async () => {
    const { ann, bob } = await seatPair()
    const key = 'port'
    await ann.data('post_decision', { key: 'warm', value: 'up', rationale: 'none' })
    await holds(bob, 'warm', 'up')
    // Whether neither saw the other's in time is a matter of milliseconds: it is tried until so.
    const round = await until(async () => {
      const post = (value: string) => ({ key, value, rationale: `I use ${value}.` })
      await Promise.all([
        ann.say('post_decision', post('7900')),
        bob.say('post_decision', post('8080')),
      ])
      const seen = await Promise.all(
        [ann, bob].map((peer) => peer.data('query_decisions', { key })),
      )
      const isSplit = seen.every(({ decisions }) => decisions[0]?.conflict?.length === 2)
      return isSplit && seen
    })
    expect(round[0]?.decisions[0]?.conflict?.map(({ value }) => value).sort()).toEqual([
      '7900',
      '8080',
    ])
    for (const peer of [ann, bob]) {
      const told = await peer.hear('conflict')
      expect(told.split(', ').sort().join(', ')).toContain('ann says "7900"')
      expect(told).toContain('bob says "8080"')
      expect(told).toContain('settle it with post_decision, key "port".')
    }
    expect(await ann.say('query_decisions', { key })).toContain('port CONFLICT')
    const settled = { key, value: '7900', rationale: 'It is free.' }
    expect(await bob.say('post_decision', settled)).toMatchInlineSnapshot(
      `Decided "port". Your group is told.`,
    )
    await holds(ann, key, '7900')
    expect(await ann.hear('settled')).toMatchInlineSnapshot(
      `bob settled the decision "port": "7900". Rationale: "It is free."`,
    )
    expect((await bob.data('query_decisions', { key })).decisions[0]?.conflict).toBeUndefined()
  })
})
