import { describe, expect, it } from 'vitest'
import { readSettings } from '../../../mesh/settings.ts'
import { MeshError } from '../../../state/errors.ts'
import { environmentOf } from '../environment.ts'

const read = (variables: Record<string, string>, different = {}) =>
  readSettings(environmentOf({ variables, ...different }))

describe('settings', () => {
  it('need nothing from the user', () => {
    expect(read({})).toEqual({
      home: '/somewhere/of/mine/.local/state/claude-peers-mesh',
      port: 7_899,
      peers: [],
      linkPorts: [],
      discovery: new Set(['rendezvous', 'mdns', 'static']),
      brakes: true,
      logLevel: 'warn',
    })
  })

  it.each<[Record<string, string>, object]>([
    [{ MESH_PORT: 'off' }, { port: 'off' }],
    [{ MESH_PORT: '0' }, { port: 0 }],
    [{ MESH_NAME: 'alice_2-b' }, { name: 'alice_2-b' }],
    [{ MESH_PEERS: '' }, { peers: [] }],
    [
      { MESH_PEERS: '10.0.0.1:7910, host.local:80,[fe80::1]:9' },
      {
        peers: [
          { host: '10.0.0.1', port: 7_910 },
          { host: 'host.local', port: 80 },
          { host: 'fe80::1', port: 9 },
        ],
      },
    ],
    [{ MESH_LINK_PORTS: '7910-7912,8000' }, { linkPorts: [7_910, 7_911, 7_912, 8_000] }],
    [{ MESH_DELIVERY: 'pull' }, { delivery: 'pull' }],
    [{ MESH_DISCOVERY: 'static' }, { discovery: new Set(['static']) }],
    [{ MESH_BRAKES: 'off' }, { brakes: false }],
    [{ LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    [{ MESH_HOME: 'relative' }, { home: '/somewhere/relative' }],
    [{ XDG_STATE_HOME: '/state' }, { home: '/state/claude-peers-mesh' }],
    [
      { XDG_STATE_HOME: 'not/absolute' },
      { home: '/somewhere/of/mine/.local/state/claude-peers-mesh' },
    ],
  ])('%j is understood', (variables, expected) => {
    expect(read(variables)).toMatchObject(expected)
  })

  it('on Windows state is kept where Windows keeps it', () => {
    const windows = { platform: 'win32', homeDirectory: 'C:\\me' }
    expect(read({ LOCALAPPDATA: 'C:\\local' }, windows).home).toBe('C:\\local\\claude-peers-mesh')
    expect(read({}, windows).home).toBe('C:\\me\\AppData\\Local\\claude-peers-mesh')
  })

  it.each([
    ['MESH_PORT', '70000'],
    ['MESH_PORT', 'seven'],
    ['MESH_NAME', 'two words'],
    ['MESH_PEERS', 'nowhere'],
    ['MESH_PEERS', 'host:0'],
    ['MESH_LINK_PORTS', '9-1'],
    ['MESH_LINK_PORTS', '1-60000'],
    ['MESH_DELIVERY', 'pigeon'],
    ['MESH_DISCOVERY', 'rendezvous,gossip'],
    ['MESH_BRAKES', 'maybe'],
    ['LOG_LEVEL', 'loud'],
  ])('%s=%s is refused by its name', (name, value) => {
    try {
      read({ [name]: value })
      expect.unreachable()
    } catch (thrown) {
      if (!(thrown instanceof MeshError)) throw thrown
      expect(thrown.code).toBe('BAD_INPUT')
      expect(thrown.message).toContain(name)
      expect(thrown.hint).toContain(name)
    }
  })
})
