import { toBase32 } from '../state/ids.ts'
import { type Airing, createAiring, type MdnsHealth } from './airing.ts'
import { type Clock, every } from './clock.ts'
import type { Announcement, Discovery } from './discovery.ts'
import { createHearsay, type Hearsay } from './hearsay.ts'
import { type NetworkInterfaces, type UsableInterface, usableInterfaces } from './interfaces.ts'
import type { Keyring } from './keyring.ts'
import type { Log } from './log.ts'
import { createMdnsTags } from './mdnsTags.ts'
import type { OpenMulticast } from './multicast.ts'

/** How often the interfaces of the machine are looked at. */
const lookMs = 2_000
/** A socket may have gone deaf without a sign: after this time it is replaced. */
const renewMs = 300_000
/** Waits between questions: doubled from the first to the last. */
const askMs = { first: 1_000, last: 60_000 } as const

/** What finding each other on a network needs. */
export interface MdnsDeps {
  readonly clock: Clock
  readonly log: Log
  /** Asked anew each time, because a device may join another mesh. */
  readonly keyring: () => Keyring
  /** `networkInterfaces` of `node:os`. */
  readonly interfaces: () => NetworkInterfaces
  /** Loads what speaks multicast DNS. */
  readonly multicast: () => Promise<OpenMulticast>
}

/** Multicast DNS as a source of candidates, and how it does. */
export interface Mdns extends Discovery {
  health(): readonly MdnsHealth[]
}

interface OnAir {
  readonly airing: Airing
  readonly sinceMs: number
}

/** What a start has brought. */
interface Started {
  readonly announcement: Announcement
  readonly hearsay: Hearsay
  readonly open: OpenMulticast
}

/**
 * Finds nodes on directly attached networks by multicast DNS: only those that announce a tag of a
 * mesh key we hold, at the address they speak from.
 *
 * 1. One socket per interface on which the announced host can be reached: a node that listens on
 *    loopback is announced there and nowhere else.
 * 2. A socket lives at most five minutes, and only while its interface and our tag stay the same.
 *    Replacing it says no goodbye, and others notice nothing.
 * 3. Nothing that fails here ever leaves it, except as a line of the log and in `health`.
 */
export function createMdns(deps: MdnsDeps, { protocol }: { readonly protocol: number }): Mdns {
  const { clock, log } = deps
  const tags = createMdnsTags(deps.keyring, () => clock.now())
  const instance = toBase32(clock.random(10))
  const onAirByInterface = new Map<string, OnAir>()
  let isWanted: boolean | undefined
  let started: Started | undefined
  let cancelLook = () => {}
  let cancelAsk = () => {}

  function evaluate(): void {
    if (!started) return
    const { announcement, hearsay, open } = started
    hearsay.settle()
    const presented = { instance, port: announcement.port, protocol, tag: tags.own() }
    const wanted = usableNow(announcement.host)
    let isChanged = closeMissing(wanted)
    for (const on of wanted) {
      const before = onAirByInterface.get(on.name)
      const isSame =
        before?.airing.on.signature === on.signature &&
        before.airing.presented.tag === presented.tag
      isChanged ||= !isSame
      if (isSame && clock.elapsed() - before.sinceMs < renewMs) continue
      void before?.airing.close(false)
      const place = { on, problem: before?.airing.health().problem }
      const airing = createAiring({ log, open, hearsay, isOurs: tags.knows }, place, presented)
      onAirByInterface.set(on.name, { airing, sinceMs: clock.elapsed() })
    }
    if (isChanged) askFrom(askMs.first)
  }

  function usableNow(host: string): UsableInterface[] {
    try {
      return usableInterfaces(deps.interfaces(), host)
    } catch (thrown) {
      log.debug('interfaces_unreadable', { thrown })
      return []
    }
  }

  function closeMissing(wanted: readonly UsableInterface[]): boolean {
    const names = new Set(wanted.map(({ name }) => name))
    const missing = [...onAirByInterface].filter(([name]) => !names.has(name))
    for (const [name, { airing }] of missing) {
      onAirByInterface.delete(name)
      void airing.close(false)
    }
    return missing.length > 0
  }

  function askFrom(waitMs: number): void {
    cancelAsk()
    for (const { airing } of onAirByInterface.values()) airing.ask()
    cancelAsk = clock.after(waitMs, () => askFrom(Math.min(waitMs * 2, askMs.last)))
  }

  return {
    async start(announcement, events) {
      if (isWanted !== undefined) return
      isWanted = true
      const open = await deps.multicast()
      if (!isWanted) return
      started = { announcement, open, hearsay: createHearsay(clock, events) }
      cancelLook = every(clock, lookMs, evaluate)
      evaluate()
    },

    refused: (candidate) => started?.hearsay.refused(candidate),

    async stop() {
      isWanted = false
      started = undefined
      cancelLook()
      cancelAsk()
      const last = [...onAirByInterface.values()]
      onAirByInterface.clear()
      await Promise.all(last.map(({ airing }) => airing.close(true)))
    },

    health: () => [...onAirByInterface.values()].map(({ airing }) => airing.health()),
  }
}
