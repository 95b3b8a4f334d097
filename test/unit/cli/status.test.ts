import { describe, expect, it } from 'vitest'
import type { StatusAnswer } from '../../../cli/answers.ts'
import { showStatus } from '../../../cli/commands/status.ts'
import { createPrint } from '../../../cli/print.ts'
import { environmentOf } from '../environment.ts'
import { keepOutput } from './output.ts'

const devices = ['0device1', '0device2', '0device3']

function peerOf(device: string, index: number) {
  const id = `${device}-${String(index).padStart(8, '0')}`
  return {
    ...{ id, name: `claude-${index}`, status: 'online', online: true, branch: null },
    ...{ cwd: '/somewhere', summary: '', device: `host of ${device}`, last_seen: '' },
  }
}

/** A node that is linked to `count` others, spread over three machines. */
function nodeWith(count: number): StatusAnswer {
  const all = Array.from({ length: count + 1 }, (_, index) =>
    peerOf(devices[index % devices.length] ?? '', index),
  )
  const [self = peerOf('', 0), ...peers] = all
  return {
    ...{ version: '1', mesh: 'm', session: 's', node: 'n', pid: 1, address: '127.0.0.1:5', self },
    ...{ uptime_ms: 60_000, route: 'pull', peers, unread: 0, dashboard: null },
    links: peers.map(({ id, name }, index) => ({
      ...{ peer: id, name, address: `192.168.100.${100 + index}:65535`, side: 'accepted' },
      ...{ buffered_bytes: 0, bytes_in: 1_000, bytes_out: 2_000 },
      rtt_ms: index === 0 ? null : index / 10,
      since: '2026-01-01T00:00:00.000Z',
    })),
    waiting: { disk_writes: 0, inbox: 0, offline_entries: 0 },
    store: { directory: '/somewhere/of/mine/store', bytes: 5_000 },
    counters: { bytes_in: 29_000, bytes_out: 58_000, repairs: 1, records_skipped: 2 },
  }
}

function shown(node: StatusAnswer, all = false): string {
  const out = keepOutput(80)
  const print = createPrint({ out, error: out, variables: { NO_COLOR: '1' } }, () => {})
  showStatus(node, { running: 10, all }, { print, environment: environmentOf() })
  return out.text()
}

describe('the status of a large mesh', () => {
  it('fits on a screen: one line for each machine, ours first, with its sums', () => {
    const text = shown(nodeWith(29))
    const lines = text.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(24)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    const rows = lines.slice(lines.findIndex((line) => line.includes('machine')) + 1, -2)
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
      ['this machine', '9', '0 B', '9.0 KB', '18 KB', '2.6 ms'],
      ['host of 0device2 (0device2)', '10', '0 B', '10 KB', '20 KB', '2.7 ms'],
      ['host of 0device3 (0device3)', '10', '0 B', '10 KB', '20 KB', '2.8 ms'],
    ])
    expect(text).toContain('10 sessions here, 20 elsewhere')
    expect(text).toContain('29 links; --all shows each.')
    expect(text).toContain('29 KB received, 58 KB sent')
    expect(text).toContain('1 repair, 2 records skipped')
  })

  it('shows each link on demand, within 80 columns too', () => {
    const lines = shown(nodeWith(29), true).trimEnd().split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(lines.filter((line) => line.includes('claude-'))).toHaveLength(30)
    expect(lines.find((line) => line.includes('claude-29 '))).toContain('2.8 ms')
  })

  it('says what waits', () => {
    const waiting = { disk_writes: 1, inbox: 3, offline_entries: 12 }
    const text = shown({ ...nodeWith(2), waiting })
    expect(text).toContain('1 write for the disk, 12 messages for peers that are away')
    expect(shown(nodeWith(2))).toMatch(/waiting +nothing/)
  })

  it('shows what others wrote without power over the terminal', () => {
    const node = nodeWith(2)
    const links = node.links.map((link) => ({ ...link, name: 'a\u001b[31m' }))
    const peers = node.peers.map((peer) => ({ ...peer, device: 'b\u001b[31m' }))
    for (const all of [true, false]) {
      expect(shown({ ...node, links, peers }, all)).not.toContain('\u001b')
    }
  })
})
