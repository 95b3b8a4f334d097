import { describe, expect, it } from 'vitest'
import type { StatusAnswer } from '../../../cli/answers.ts'
import { judge } from '../../../cli/checks/sessions.ts'

const hourMs = 3_600_000

function node(different: Partial<StatusAnswer> = {}): StatusAnswer {
  const self = {
    ...{ id: '0device1-aaaaaaaa', name: 'ada', status: 'online', online: true, branch: null },
    ...{ cwd: '', summary: '', device: 'here', last_seen: '' },
  }
  return {
    ...{ version: '1', mesh: 'm', session: 's', node: 'n', pid: 1, address: '', self },
    ...{ uptime_ms: hourMs, route: 'pull', peers: [], unread: 0, dashboard: null, links: [] },
    waiting: { disk_writes: 0, inbox: 0, offline_entries: 0 },
    store: { directory: '/store', bytes: 5_000 },
    counters: {},
    ...different,
  }
}

const linkTo = (peer: string, bytes: number) => ({
  ...{ peer, name: 'ben', address: '', side: 'dialled', buffered_bytes: bytes },
  ...{ bytes_in: 0, bytes_out: 0, rtt_ms: null, since: '' },
})
const warnings = (...nodes: StatusAnswer[]) =>
  judge(nodes, '1').filter(({ level }) => level !== 'ok')

describe('what the doctor makes of how nodes are', () => {
  it('is nothing when all is well, though a few repairs are usual', () => {
    expect(warnings(node())).toEqual([])
    const counters = { repairs: 20, bytes_in: 9_000_000_000, frames_dropped: 400 }
    expect(warnings(node({ counters }))).toEqual([])
    expect(warnings(node({ counters: { repairs: 400 }, uptime_ms: 24 * hourMs }))).toEqual([])
  })

  it('names a peer that takes nothing, once however many say so, with what to do', () => {
    const stuck = linkTo('0device1-bbbbbbbb', 3_000_000)
    const [found, ...others] = warnings(node({ links: [stuck] }), node({ links: [stuck] }))
    expect(others).toEqual([])
    expect(found?.text).toBe('ben (0device1-bbbbbbbb) is slow or stopped: 3.0 MB wait for it.')
    expect(found?.fix).toContain('mesh stop 0device1-bbbbbbbb')
    const [away] = warnings(node({ links: [linkTo('0device2-bbbbbbbb', 3_000_000)] }))
    expect(away?.fix).not.toContain('mesh stop')
    expect(warnings(node({ links: [linkTo('0device1-bbbbbbbb', 1_000_000)] }))).toEqual([])
  })

  it('names many repairs, skipped records and a slow disk, each with a next step', () => {
    const found = warnings(
      node({ counters: { repairs: 21 }, uptime_ms: 60_000 }),
      node({ counters: { records_skipped: 2 } }),
      node({ waiting: { disk_writes: 6_000, inbox: 0, offline_entries: 0 } }),
    )
    expect(found.map(({ text }) => text)).toEqual([
      'ada has 6000 writes waiting for the disk.',
      'ada turned away 2 invalid records.',
      'ada needed 21 repairs: frames to it get lost.',
    ])
    expect(found.every(({ fix }) => fix !== undefined)).toBe(true)
  })
})
