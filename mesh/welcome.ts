import type { Clock } from './clock.ts'
import type { Candidate } from './discovery.ts'
import { isLoopback } from './network.ts'

/** How long the addresses of this machine are taken to stay the same. */
const ownAddressesMs = 2_000

/** Whether an address is worth a dial: at once, or when nothing else has led there, or never. */
export type Welcome = 'now' | 'later' | 'last' | 'never'

/** What judging addresses needs. */
export interface WelcomeDeps {
  readonly clock: Clock
  /** The addresses of this machine. */
  readonly ownAddresses: () => ReadonlySet<string>
  /** Where we listen for other machines; undefined while we do not. */
  readonly lanPort: () => number | undefined
  /** Whether a node of this machine, to which we have a link, listens there for other machines. */
  readonly isNeighbour: (port: number) => boolean
}

/**
 * Judges addresses.
 *
 * 1. While the LAN is off, none that only the LAN or other nodes told of is dialled.
 * 2. An address of our own machine comes last: the loopback interface leads to most of those.
 * 3. Of two that see each other at the same moment, without knowing who the other is, one waits.
 */
export function createWelcome(deps: WelcomeDeps): (candidate: Candidate) => Welcome {
  let own: ReadonlySet<string> = new Set()
  let readMs = Number.NEGATIVE_INFINITY

  function ownNow(): ReadonlySet<string> {
    if (deps.clock.elapsed() - readMs >= ownAddressesMs) {
      readMs = deps.clock.elapsed()
      own = deps.ownAddresses()
    }
    return own
  }

  /** Both ends come to opposite answers; half of the pairs of two machines to each. */
  function isFirst({ host, port }: Candidate, ownPort: number): boolean {
    const ours = [...ownNow()].find((address) => !isLoopback(address) && isLike(address, host))
    if (ours === undefined) return true
    return ours < host === ((port + ownPort) % 2 === 0)
  }

  return (candidate) => {
    if (!isFar(candidate)) return 'now'
    const ownPort = deps.lanPort()
    if (ownPort === undefined) return 'never'
    const { host, port, source, node } = candidate
    if (ownNow().has(host)) return deps.isNeighbour(port) || port === ownPort ? 'never' : 'last'
    const seesUs = source === 'mdns' && node === undefined
    return seesUs && !isFirst(candidate, ownPort) ? 'later' : 'now'
  }
}

/** Whether an address is of the LAN: told by multicast or by other nodes, and not on this machine. */
export function isFar({ source, host }: Candidate): boolean {
  return (source === 'mdns' || source === 'exchange') && !isLoopback(host)
}

/** Whether both are of one family. */
function isLike(one: string, other: string): boolean {
  return one.includes(':') === other.includes(':')
}
