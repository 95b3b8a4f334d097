import { BlockList, isIPv4 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

/** The network interfaces of a machine by their names, as `networkInterfaces` of `node:os` tells them. */
export type NetworkInterfaces = NodeJS.Dict<NetworkInterfaceInfo[]>

/** An interface over which others can reach us, by IPv4. */
export interface UsableInterface {
  readonly name: string
  /** Our IPv4 address there: what multicast is sent from. */
  readonly address: string
  /** Changes when the interface gets another address, or was made anew by the system. */
  readonly signature: string
  /** Whether an IPv4 address is directly attached to this interface. */
  isOnLink(address: string): boolean
}

/** Interfaces used at once; machines with many containers have hundreds. */
const interfacesMax = 16

/**
 * The interfaces on which somebody who listens at `host` can be reached: all that lead out of the
 * machine for a wildcard, and the one that has that address otherwise.
 */
export function usableInterfaces(all: NetworkInterfaces, host: string): UsableInterface[] {
  const isWildcard = host === '0.0.0.0' || host === '::'
  const usable = Object.entries(all).flatMap(([name, entries = []]) => {
    const own = entries.filter(({ address }) => isIPv4(address))
    const chosen = own.find(({ address, internal }) => (isWildcard ? !internal : address === host))
    if (!chosen) return []
    const { address, mac } = chosen
    const link = linkOf(own)
    const isOnLink = (other: string) => isIPv4(other) && link.check(other)
    return [{ name, address, signature: signatureOf({ name, address, mac }, entries), isOnLink }]
  })
  return usable.slice(0, interfacesMax)
}

function linkOf(entries: readonly NetworkInterfaceInfo[]): BlockList {
  const link = new BlockList()
  for (const { address, netmask } of entries) link.addSubnet(address, prefixOf(netmask))
  return link
}

function prefixOf(netmask: string): number {
  const bits = netmask.split('.').map((part) => Number(part).toString(2).replaceAll('0', ''))
  return bits.join('').length
}

/** The scope of an IPv6 address is the system's number of the interface: new with each making. */
function signatureOf(own: object, entries: readonly NetworkInterfaceInfo[]): string {
  const scopes = entries.map((entry) => ('scopeid' in entry ? entry.scopeid : 0))
  return JSON.stringify({ ...own, number: Math.max(0, ...scopes.map((scope) => scope ?? 0)) })
}
