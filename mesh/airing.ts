import type { Hearsay } from './hearsay.ts'
import type { UsableInterface } from './interfaces.ts'
import type { Log } from './log.ts'
import { sightingsIn } from './mdnsRecords.ts'
import type { OpenMulticast } from './multicast.ts'

/** How multicast does on one interface. */
export interface MdnsHealth {
  readonly interface: string
  readonly address: string
  /** Our own announcement has come back since anything last failed. Says nothing about the network. */
  readonly ok: boolean
  /** What the system last said, e.g. EADDRINUSE. */
  readonly problem?: string
  /** How often nodes of our mesh were heard there since the socket was opened, at most 5 minutes ago. */
  readonly heard: number
}

/** What is announced on an interface. */
export interface Presented {
  /** Names this process. */
  readonly instance: string
  readonly port: number
  readonly protocol: number
  readonly tag: string
}

/** What one interface needs. */
export interface AiringDeps {
  readonly log: Log
  readonly open: OpenMulticast
  readonly hearsay: Hearsay
  /** Whether a tag was made with a key of ours. */
  readonly isOurs: (tag: string) => boolean
}

/** Being on the air on one interface, from one opening of a socket to its end. */
export interface Airing {
  readonly on: UsableInterface
  readonly presented: Presented
  ask(): void
  /** Nothing is heard after the call. */
  close(goodbye: boolean): Promise<void>
  health(): MdnsHealth
}

/**
 * Goes on the air on one interface. `problem` is what an earlier socket there failed with, so that
 * one that persists is logged once.
 */
export function createAiring(
  deps: AiringDeps,
  place: { readonly on: UsableInterface; readonly problem: string | undefined },
  presented: Presented,
): Airing {
  const { log, hearsay } = deps
  const { on } = place
  const { name, address } = on
  const { instance, port, protocol, tag } = presented
  let problem = place.problem
  let ok = false
  let heard = 0
  let isOver = false

  function failed(code: string): void {
    if (isOver) return
    if (code !== problem) log.info('mdns_unusable', { interface: name, address, code })
    ok = false
    problem = code
  }

  /** Nobody beyond the link has anything to say here, as RFC 6762 asks in section 11. */
  function hear(response: unknown, from: string): void {
    if (isOver || !on.isOnLink(from)) return
    for (const sighting of sightingsIn(response)) {
      const rumour = { host: from, instance: sighting.instance }
      if (sighting.instance.startsWith(`${instance}.`)) {
        ok = true
        problem = undefined
      } else if (sighting.kind === 'goodbye') {
        hearsay.goodbye(rumour)
      } else if (deps.isOurs(sighting.tag)) {
        heard += 1
        hearsay.heard({ ...rumour, port: sighting.port })
      }
    }
  }

  const text = { v: String(protocol), t: tag }
  const multicast = deps.open({ address, instance, port, text }, { heard: hear, failed })
  return {
    on,
    presented,
    ask: multicast.ask,
    close(goodbye) {
      isOver = true
      return multicast.close(goodbye)
    },
    health: () => ({
      ...{ interface: name, address, ok, heard },
      ...(problem === undefined ? {} : { problem }),
    }),
  }
}
