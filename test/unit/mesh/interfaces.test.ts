import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { usableInterfaces } from '../../../mesh/interfaces.ts'
import { entryOf, loopback } from './network.ts'

const lan = entryOf('192.168.1.5')
const vpn = entryOf('10.8.0.2', { netmask: '255.255.255.255', mac: '00:00:00:00:00:00' })
const linkLocal = { ...lan, address: 'fe80::1', family: 'IPv6', scopeid: 3 } as const
const all = { lo: [loopback], eth0: [linkLocal, lan], tun0: [vpn], awdl0: [linkLocal] }
const namesFor = (host: string) => usableInterfaces(all, host).map(({ name }) => name)

describe('the interfaces that multicast uses', () => {
  it('a node that listens everywhere is announced on all that lead out and have an IPv4 address', () => {
    expect(namesFor('0.0.0.0')).toEqual(['eth0', 'tun0'])
    expect(namesFor('::')).toEqual(['eth0', 'tun0'])
  })

  it('a node that listens on one address is announced on its interface alone', () => {
    expect(namesFor('127.0.0.1')).toEqual(['lo'])
    expect(namesFor('192.168.1.5')).toEqual(['eth0'])
    expect(namesFor('192.168.1.6')).toEqual([])
  })

  it('only what is directly attached is on the link', () => {
    const [eth0, tun0] = usableInterfaces(all, '0.0.0.0')
    const addresses = ['192.168.1.5', '192.168.1.255', '192.168.2.1', '10.8.0.2', 'fe80::1', 'x']
    const attached = (on: typeof eth0) => addresses.filter((address) => on?.isOnLink(address))
    expect(attached(eth0)).toEqual(['192.168.1.5', '192.168.1.255'])
    expect(attached(tun0)).toEqual(['10.8.0.2'])
  })

  it.each([
    ['another address', { eth0: [entryOf('192.168.1.9')] }],
    ['another card', { eth0: [entryOf('192.168.1.5', { mac: '02:00:00:00:00:09' })] }],
    ['another number of the system', { eth0: [{ ...linkLocal, scopeid: 4 }, lan] }],
  ])('%s is another signature', (_what, changed) => {
    const signature = (interfaces: typeof all | typeof changed) =>
      usableInterfaces(interfaces, '0.0.0.0')[0]?.signature
    expect(signature(changed)).not.toBe(signature(all))
    expect(signature(all)).toBe(signature({ ...all }))
  })

  it('a machine full of containers does not get a socket for each', () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`br${index}`, [entryOf(`10.1.${index % 256}.1`)]]),
    )
    expect(usableInterfaces(many, '0.0.0.0')).toHaveLength(16)
  })

  it('the loopback interface of this machine is found', () => {
    const [found] = usableInterfaces(networkInterfaces(), '127.0.0.1')
    expect(found?.address).toBe('127.0.0.1')
    expect(found?.isOnLink('127.0.0.1')).toBe(true)
  })
})
