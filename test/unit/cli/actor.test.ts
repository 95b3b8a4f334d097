import { describe, expect, it } from 'vitest'
import { findSession, isAgent } from '../../../cli/actor.ts'
import type { ReadAncestors } from '../../../mesh/ancestors.ts'
import type { RendezvousEntry } from '../../../mesh/rendezvous.ts'
import { createPeerId, type NodeId, uuidV7 } from '../../../state/ids.ts'
import { createSigner } from '../../../state/signatures.ts'
import { environmentOf } from '../environment.ts'

const { device } = createSigner(new Uint8Array(32).fill(1))

/** A session that a client with this process ID has started. */
function entryOf(number: number, parentPid: number, session: string | null = null) {
  const entry: RendezvousEntry = {
    node: uuidV7(number, new Uint8Array(10)) as NodeId,
    peer: createPeerId(device, new Uint8Array(5).fill(number)),
    ...{ role: 'session', pid: 1_000 + number, parentPid, session },
    ...{ host: '127.0.0.1', port: 7_910, startedAt: '2026-01-01T00:00:00.000Z', proto: 1 },
  }
  return entry
}

/** The processes above ours, the nearest first. */
function above(...pids: readonly number[]): ReadAncestors {
  return async () => pids.map((pid) => ({ pid, commandLine: [] }))
}

const agent = (session: string) =>
  environmentOf({ variables: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: session } })

describe('the session under which a command runs', () => {
  const [ann, ben, cleo] = [entryOf(1, 50, 'a'), entryOf(2, 60, 'b'), entryOf(3, 70)]
  const entries = [ann, ben, cleo]

  it('is the one whose ID the client handed down', async () => {
    expect(await findSession(agent('b'), entries, above(50))).toBe(ben)
  })

  it('is the one whose client is the nearest process above', async () => {
    expect(await findSession(environmentOf(), entries, above(99, 70, 50))).toBe(cleo)
    expect(await findSession(agent('unknown'), entries, above(50))).toBe(ann)
  })

  it('is the newest one of a client that has reconnected', async () => {
    const [older, newer] = [entryOf(1, 50, 'a'), entryOf(2, 50, 'a')]
    expect(await findSession(agent('a'), [older, newer], above())).toBe(newer)
    expect(await findSession(environmentOf(), [older, newer], above(50))).toBe(newer)
  })

  it('is none for a person, whatever session ID is left in the environment', async () => {
    const left = environmentOf({ variables: { CLAUDE_CODE_SESSION_ID: 'a' } })
    expect(await findSession(left, entries, above(40))).toBeUndefined()
    expect(await findSession(environmentOf(), [], above(50))).toBeUndefined()
  })

  it('is not one without an ID because ours has none either', async () => {
    expect(await findSession(agent(''), [entryOf(4, 80, '')], above())).toBeUndefined()
  })
})

describe('whether an AI types', () => {
  it.each([
    [{ CLAUDECODE: '1' }, true],
    [{ AI_AGENT: 'some-agent' }, true],
    [{ CLAUDECODE: '', AI_AGENT: '' }, false],
    [{}, false],
  ])('%j says %s', (variables, expected) => {
    expect(isAgent(environmentOf({ variables }))).toBe(expected)
  })
})
