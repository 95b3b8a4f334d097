import { describe, expect, it } from 'vitest'
import type { Candidate } from '../../../mesh/discovery.ts'
import { createWelcome } from '../../../mesh/welcome.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler } from '../../sim/world.ts'
import { nodeId } from './links.ts'

/** How a node at an address judges; without a port its LAN is off. */
function judgeOf(address: string, port: number | undefined, neighbours: readonly number[] = []) {
  return createWelcome({
    clock: createSimulatedClock(createScheduler(1)),
    ownAddresses: () => new Set(['127.0.0.1', '::1', address, 'fd00::1']),
    lanPort: () => port,
    isNeighbour: (other) => neighbours.includes(other),
  })
}

const at = (source: Candidate['source'], host: string, port = 7_910): Candidate => ({
  ...{ source, host, port },
})

describe('while the LAN is off', () => {
  const judge = judgeOf('10.0.0.1', undefined)

  it('only addresses that the user named lead to other machines', () => {
    expect(judge(at('static', '10.0.0.2'))).toBe('now')
    expect(judge(at('mdns', '10.0.0.2'))).toBe('never')
    expect(judge(at('exchange', '10.0.0.2'))).toBe('never')
  })

  it('this machine is spoken with as always', () => {
    expect(judge(at('rendezvous', '127.0.0.1'))).toBe('now')
    expect(judge(at('exchange', '127.0.0.1'))).toBe('now')
  })
})

describe('while the LAN is on', () => {
  it('nobody dials itself, nor a neighbour to whom loopback leads; others here come last', () => {
    const judge = judgeOf('10.0.0.1', 7_910, [7_911])
    for (const source of ['mdns', 'exchange'] as const) {
      expect(judge(at(source, '10.0.0.1', 7_910))).toBe('never')
      expect(judge(at(source, '10.0.0.1', 7_911))).toBe('never')
      expect(judge(at(source, '10.0.0.1', 7_912))).toBe('last')
    }
  })

  it('of two that see each other by multicast one waits, and neither machine waits always', () => {
    const first: string[] = []
    for (let port = 7_910; port < 7_920; port += 1) {
      const one = judgeOf('10.0.0.1', 7_910)(at('mdns', '10.0.0.2', port))
      const other = judgeOf('10.0.0.2', port)(at('mdns', '10.0.0.1', 7_910))
      expect([one, other].sort()).toEqual(['later', 'now'])
      first.push(one)
    }
    expect(first.filter((word) => word === 'now')).toHaveLength(5)
  })

  it('who is known by name, or told of by others, waits by the rule for names alone', () => {
    const judge = judgeOf('10.0.0.1', 7_910)
    for (const port of [7_910, 7_911]) {
      expect(judge(at('exchange', '10.0.0.2', port))).toBe('now')
      expect(judge({ ...at('mdns', '10.0.0.2', port), node: nodeId('a') })).toBe('now')
    }
  })

  it('an address of a family that we do not have is dialled', () => {
    const judge = createWelcome({
      clock: createSimulatedClock(createScheduler(1)),
      ownAddresses: () => new Set(['127.0.0.1']),
      lanPort: () => 7_910,
      isNeighbour: () => false,
    })
    for (const port of [7_910, 7_911]) expect(judge(at('mdns', '10.0.0.2', port))).toBe('now')
  })
})
