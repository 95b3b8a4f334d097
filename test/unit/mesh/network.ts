import type { NetworkInterfaceInfoIPv4 } from 'node:os'

/** An interface's IPv4 address as `node:os` tells it. */
export function entryOf(
  address: string,
  rest: Partial<NetworkInterfaceInfoIPv4> = {},
): NetworkInterfaceInfoIPv4 {
  const [netmask, mac] = ['255.255.255.0', '02:00:00:00:00:01']
  return { address, netmask, mac, family: 'IPv4', internal: false, cidr: null, ...rest }
}

/** The loopback interface's address. */
export const loopback = entryOf('127.0.0.1', {
  netmask: '255.0.0.0',
  mac: '00:00:00:00:00:00',
  internal: true,
})
