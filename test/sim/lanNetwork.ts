import type { Discovery } from '../../mesh/discovery.ts'
import type { Address, Listener, Network, Wire } from '../../mesh/network.ts'
import { isLoopback } from '../../mesh/network.ts'
import { MeshError } from '../../state/errors.ts'
import { createMemoryNetwork, type MemoryNetworkDeps } from './memoryNetwork.ts'

/** Nobody answers a dial that a firewall swallows; it is given up after this time. */
const silenceMs = 3_000

/** A machine of the LAN. */
export interface LanMachine {
  readonly name: string
  /** Its only address beside loopback. */
  readonly address: string
}

/** Machines with a loopback interface each and one network between them, within one test. */
export interface LanNetwork {
  /** The network as one process on a machine sees it. */
  process(name: string, machine: LanMachine): Network
  /** From now on nobody can dial that machine over the network; it can dial others. */
  shield(machine: LanMachine): void
  /** Where somebody listens on the network: `address:port`. */
  open(): readonly string[]
}

/** Makes a network without machines. The same chances make the same story. */
export function createLanNetwork(deps: MemoryNetworkDeps): LanNetwork {
  const inner = createMemoryNetwork(deps)
  const placesByAddress = new Map<string, Address>()
  const machinesByHost = new Map<string, LanMachine>()
  const shielded = new Set<string>()
  let freePort = 50_000

  /** Each machine has a loopback interface of its own. */
  function keyOf({ host, port }: Address, machine: LanMachine): string {
    return isLoopback(host) ? `${machine.name} ${port}` : `${host}:${port}`
  }

  function isFree(port: number, machine: LanMachine): boolean {
    const hosts = ['127.0.0.1', machine.address]
    return !hosts.some((host) => placesByAddress.has(keyOf({ host, port }, machine)))
  }

  function seenFrom(wire: Wire, remote: Address): Wire {
    return new Proxy(wire, {
      get: (target, name) => (name === 'remote' ? remote : Reflect.get(target, name)),
    })
  }

  async function listenAt(
    network: Network,
    address: Address & { readonly machine: LanMachine },
    accept: (wire: Wire) => void,
  ): Promise<Listener> {
    const key = keyOf(address, address.machine)
    // Taken before anything is waited for: two never get the same.
    placesByAddress.set(key, { host: 'nobody', port: address.port })
    const listener = await network.listen('', [0], (wire) => {
      const from = machinesByHost.get(wire.remote.host)?.address ?? '127.0.0.1'
      accept(seenFrom(wire, { host: from, port: wire.remote.port }))
    })
    placesByAddress.set(key, listener.address)
    return {
      address,
      close() {
        placesByAddress.delete(key)
        return listener.close()
      },
    }
  }

  return {
    process(name, machine) {
      const outerName = `${name} outside`
      const loopback = inner.host(name, { machine: machine.name })
      const outside = inner.host(outerName)
      machinesByHost.set(outerName, machine)
      return {
        async listen(host, ports, accept) {
          if (host === '::') throw new MeshError('UNREACHABLE', 'There is no IPv6 here.')
          const wanted = ports.map((port) => (port === 0 ? ++freePort : port))
          const port = wanted.find((candidate) => isFree(candidate, machine))
          if (port === undefined) throw new MeshError('UNREACHABLE', 'All ports are busy.')
          if (isLoopback(host)) return listenAt(loopback, { host, port, machine }, accept)
          const at = { host: machine.address, port, machine }
          return { ...(await listenAt(outside, at, accept)), address: { host, port } }
        },
        async dial({ host, port }, signal) {
          const isInside = isLoopback(host)
          if (!isInside && host !== machine.address && shielded.has(host)) {
            await new Promise<void>((resolve) => deps.after(silenceMs, resolve))
            throw new MeshError('UNREACHABLE', 'Nobody answers.')
          }
          const nowhere = { host: 'nobody', port }
          const place = placesByAddress.get(keyOf({ host, port }, machine)) ?? nowhere
          const wire = await (isInside ? loopback : outside).dial(place, signal)
          return seenFrom(wire, { host, port })
        },
      }
    },
    shield: ({ address }) => void shielded.add(address),
    open: () => [...placesByAddress.keys()].filter((key) => key.includes(':')),
  }
}

/** What is told of on a whole network names addresses instead of nodes, as multicast DNS does. */
export function likeMdns(place: Discovery, { address }: LanMachine): Discovery {
  return {
    start: (announcement, events) =>
      place.start(
        { ...announcement, host: address },
        {
          seen: ({ host, port }) => events.seen({ source: 'mdns', host, port }),
          gone: ({ host, port }) => events.gone({ source: 'mdns', host, port }),
        },
      ),
    refused() {},
    stop: () => place.stop(),
  }
}
