import { type MeshError, toMeshError } from '../state/errors.ts'
import type { NodeId } from '../state/ids.ts'
import type { Clock } from './clock.ts'
import type { Candidate, Discovery, DiscoveryEvents } from './discovery.ts'
import type { Log } from './log.ts'
import type { Address, Listener, Network, Wire } from './network.ts'

/** Ports that are tried when the user names none, so that a firewall can be told: 7910 to 7989. */
const usualPorts = Array.from({ length: 80 }, (_, index) => 7_910 + index)
/** While no port is free, it is looked again this often. */
const retryMs = 30_000

/** What this machine offers for links to others. */
export interface LanPlace {
  /** Ports to listen on, tried in order; empty means the usual ones. */
  readonly ports: readonly number[]
  /** Makes the sources that look around on the LAN, anew each time it goes on. */
  readonly discoveries: () => readonly Discovery[]
  /** The addresses of this machine itself. */
  readonly ownAddresses: () => ReadonlySet<string>
}

/** What being on the LAN needs. */
export interface LanDeps {
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly node: NodeId
  readonly place: LanPlace
}

/** What being on the LAN brings. */
export interface LanEvents extends DiscoveryEvents {
  accept(wire: Wire): void
  /** It went on or off, or could not: `address` and `problem` say which. */
  changed(): void
}

/**
 * Whether and where a node listens and announces itself on the LAN.
 *
 * 1. While it is off there is no socket: neither a listener nor one for multicast.
 * 2. Wishes are carried out one after the other, each the newest at its time, so that going back and
 *    forth ends as wished last.
 * 3. `changed` is called before anything of the LAN is closed, so that its links can be told first.
 */
export interface Lan {
  /** Resolves when the newest wish is carried out, or has failed and will be tried again. */
  set(isOn: boolean): Promise<void>
  /** Where it listens; undefined while it does not. */
  address(): Address | undefined
  /** Why it does not listen although it should. */
  problem(): string | undefined
  refused(candidate: Candidate): void
  stop(): Promise<void>
}

/** Makes the LAN side of a node, off at first. */
export function createLan(deps: LanDeps, events: LanEvents): Lan {
  const { clock, log, network, place } = deps
  const ports = place.ports.length > 0 ? place.ports : usualPorts
  let isWanted = false
  let isStopped = false
  let last: Promise<void> = Promise.resolve()
  let listeners: Listener[] = []
  let discoveries: readonly Discovery[] = []
  let address: Address | undefined
  let problem: string | undefined
  let cancelRetry = () => {}

  function carryOut(): Promise<void> {
    last = last.then(step).catch((thrown: unknown) => log.error('lan_failed', { thrown }))
    return last
  }

  async function step(): Promise<void> {
    cancelRetry()
    if (isWanted && !address) await open()
    if (!isWanted) await close()
  }

  async function open(): Promise<void> {
    try {
      const listener = await network.listen('0.0.0.0', ports, events.accept)
      address = listener.address
      listeners = [listener]
    } catch (thrown) {
      return failed(toMeshError(thrown))
    }
    problem = undefined
    events.changed()
    // Not every machine has IPv6, and nothing depends on it.
    await network.listen('::', [address.port], events.accept).then(
      (listener) => void listeners.push(listener),
      (thrown: unknown) => log.debug('lan_without_ipv6', { thrown }),
    )
    await lookAround(address)
    log.info('lan_on', { ...address })
  }

  async function lookAround({ host, port }: Address): Promise<void> {
    discoveries = place.discoveries()
    const announcement = { node: deps.node, host, port }
    const started = await Promise.allSettled(
      discoveries.map((discovery) => discovery.start(announcement, events)),
    )
    for (const { status, ...rest } of started) {
      if (status === 'rejected') log.warn('lan_discovery_failed', rest)
    }
  }

  function failed({ cause }: MeshError): void {
    const now = `No port of ${rangeOf(ports)} is free for links from other machines.`
    if (problem !== now) log.warn('lan_not_opened', { why: now, cause })
    problem = now
    cancelRetry = clock.after(retryMs, () => void carryOut())
    events.changed()
  }

  async function close(): Promise<void> {
    const wasOn = address !== undefined
    if (!wasOn && problem === undefined) return
    address = undefined
    problem = undefined
    events.changed()
    await Promise.allSettled(discoveries.map((discovery) => discovery.stop()))
    await Promise.allSettled(listeners.map((listener) => listener.close()))
    discoveries = []
    listeners = []
    if (wasOn) log.info('lan_off')
  }

  return {
    set(isOn) {
      isWanted = isOn && !isStopped
      return carryOut()
    },
    address: () => address,
    problem: () => problem,
    refused(candidate) {
      for (const discovery of discoveries) discovery.refused(candidate)
    },
    stop() {
      isStopped = true
      isWanted = false
      return carryOut()
    },
  }
}

/** Ports as a person would say them. */
function rangeOf(ports: readonly number[]): string {
  const [first, last] = [ports[0], ports.at(-1)]
  return first === last ? String(first) : `${first}-${last}`
}
