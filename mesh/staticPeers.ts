import type { Candidate, Discovery, DiscoveryEvents } from './discovery.ts'
import type { Address } from './network.ts'

/** Peers that the user named: worth dialling for as long as the node lives. */
export function createStaticPeers(addresses: readonly Address[]): Discovery {
  const candidates = addresses.map(
    ({ host, port }): Candidate => ({ source: 'static', host, port }),
  )
  let events: DiscoveryEvents | undefined
  return {
    async start(_announcement, told) {
      if (events) return
      events = told
      for (const candidate of candidates) told.seen(candidate)
    },
    refused() {},
    async stop() {
      for (const candidate of candidates) events?.gone(candidate)
      events = undefined
    },
  }
}
