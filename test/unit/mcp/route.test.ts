import { describe, expect, it } from 'vitest'
import { findRoutes, loadsChannel } from '../../../mcp/route.ts'
import type { ReadAncestors } from '../../../mesh/ancestors.ts'
import { environmentOf } from '../environment.ts'

const socket = { CLAUDE_CODE_MESSAGING_SOCKET: '/run/inbox.sock' }
const flag = '--dangerously-load-development-channels'

/** The processes above ours, the nearest first. */
function family(...lines: readonly string[][]): ReadAncestors {
  return async (_, most) =>
    lines.map((commandLine, index) => ({ pid: 99 - index, commandLine })).slice(0, most)
}

describe('the route to the model', () => {
  it.each<[string, string[], boolean]>([
    ['our server by its name', ['claude', flag, 'server:mesh'], true],
    ['with an equals sign', ['claude', `${flag}=server:mesh`], true],
    ['among others', ['claude', flag, 'server:other', 'server:claude-peers-mesh'], true],
    ['a plugin of ours', ['claude', '--channels', 'plugin:claude-peers-mesh@market'], true],
    ['another server', ['claude', flag, 'server:telegram'], false],
    ['a word that only looks like it', ['claude', '-p', 'server:mesh'], false],
    ['a later option ends the list', ['claude', flag, 'server:other', '-p', 'server:mesh'], false],
    ['no flag', ['claude'], false],
  ])('is a channel when the command line loads %s', (_name, line, expected) => {
    expect(loadsChannel(line)).toBe(expected)
  })

  it('is the best there is, with the others behind it', async () => {
    const channel = family(['claude', flag, 'server:mesh'])
    const given = environmentOf({ variables: socket })
    expect(await findRoutes(given, undefined, channel)).toEqual(['channel', 'socket', 'pull'])
    expect(await findRoutes(given, undefined, family(['claude']))).toEqual(['socket', 'pull'])
    expect(await findRoutes(environmentOf(), undefined, family(['claude']))).toEqual(['pull'])
  })

  it('is found behind a launcher, but not behind a whole tree', async () => {
    const claude = ['claude', flag, 'server:mesh']
    const shell = ['sh', '-c', 'node mesh.js']
    expect(await findRoutes(environmentOf(), undefined, family(shell, claude))).toContain('channel')
    const far = family(shell, shell, shell, shell, claude)
    expect(await findRoutes(environmentOf(), undefined, far)).toEqual(['pull'])
  })

  it('is what the user says', async () => {
    const nobody = family()
    const given = environmentOf({ variables: socket })
    expect(await findRoutes(given, 'channel', nobody)).toEqual(['channel'])
    expect(await findRoutes(given, 'socket', nobody)).toEqual(['socket'])
    expect(await findRoutes(given, 'pull', nobody)).toEqual(['pull'])
    expect(await findRoutes(environmentOf(), 'socket', nobody)).toEqual(['pull'])
  })

  it('is pull when the system tells nothing', async () => {
    expect(await findRoutes(environmentOf(), undefined, family())).toEqual(['pull'])
  })
})
