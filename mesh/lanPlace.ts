import { networkInterfaces } from 'node:os'
import type { Clock } from './clock.ts'
import { protocolVersions } from './frames.ts'
import type { Keyring } from './keyring.ts'
import type { LanPlace } from './lan.ts'
import type { Log } from './log.ts'
import { createMdns } from './mdns.ts'
import { loadMulticast } from './multicast.ts'
import type { Settings } from './settings.ts'

/** What the LAN of a real machine needs. */
export interface LanPlaceDeps {
  readonly clock: Clock
  readonly log: Log
  readonly keyring: () => Keyring
  readonly settings: Pick<Settings, 'linkPorts' | 'discovery'>
}

/** The LAN as this machine has it. */
export function createLanPlace({ clock, log, keyring, settings }: LanPlaceDeps): LanPlace {
  const multicast = () => loadMulticast(clock)
  const mdnsDeps = { clock, log, keyring, interfaces: networkInterfaces, multicast }
  const protocol = protocolVersions[1]
  return {
    ports: settings.linkPorts,
    discoveries: () => (settings.discovery.has('mdns') ? [createMdns(mdnsDeps, { protocol })] : []),
    ownAddresses: readOwnAddresses,
  }
}

/** Some systems refuse to tell; then no address is taken for our own. */
function readOwnAddresses(): ReadonlySet<string> {
  try {
    const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
    return new Set(all.map(({ address }) => address))
  } catch {
    return new Set()
  }
}
