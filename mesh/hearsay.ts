import type { Clock } from './clock.ts'
import type { Candidate, DiscoveryEvents } from './discovery.ts'

/** A candidate that was refused is given up when nobody speaks of it for so long. */
const silenceMs = 120_000
/** Candidates remembered; when all are taken, one that was refused gives way. */
const candidatesMax = 256

/** Where somebody says that a node listens. */
export interface Rumour {
  /** Names one process for as long as it lives. */
  readonly instance: string
  readonly host: string
  readonly port: number
}

/**
 * Who was heard of on the network, and is a candidate therefore.
 *
 * 1. A candidate is told once, until it is gone.
 * 2. It is gone after its goodbye, or when a dial to it failed and it stays unheard of.
 * 3. Of one address at most one change is told per `settle`, whoever floods us with news of it.
 */
export interface Hearsay {
  heard(rumour: Rumour): void
  /** A process says that it leaves; it can say so only of where it speaks from. */
  goodbye(rumour: Omit<Rumour, 'port'>): void
  refused(candidate: Candidate): void
  /** Tells what has gone, and who is there in its place. To be called every few seconds. */
  settle(): void
}

interface Heard extends Rumour {
  readonly candidate: Candidate
  heardMs: number
  isRefused: boolean
  isLeaving: boolean
}

/** Makes a memory that has heard of nobody. */
export function createHearsay(clock: Clock, events: DiscoveryEvents): Hearsay {
  const heardByAddress = new Map<string, Heard>()
  /** Who was heard of at an address whose goodbye is not told yet. */
  const successors = new Map<string, Rumour>()

  function add(rumour: Rumour): void {
    const { host, port } = rumour
    if (heardByAddress.size >= candidatesMax && !makeRoom()) return
    const candidate: Candidate = { source: 'mdns', host, port }
    const heardMs = clock.elapsed()
    const fresh = { ...rumour, candidate, heardMs, isRefused: false, isLeaving: false }
    heardByAddress.set(keyOf(rumour), fresh)
    events.seen(candidate)
  }

  function remove(heard: Heard): void {
    heardByAddress.delete(keyOf(heard))
    successors.delete(keyOf(heard))
    events.gone(heard.candidate)
  }

  function makeRoom(): boolean {
    const refused = [...heardByAddress.values()].filter(({ isRefused }) => isRefused)
    const [longest] = refused.sort((left, right) => left.heardMs - right.heardMs)
    if (longest) remove(longest)
    return longest !== undefined
  }

  return {
    heard(rumour) {
      const known = heardByAddress.get(keyOf(rumour))
      if (!known) return add(rumour)
      // Another process has taken the address of one that never said goodbye.
      if (known.instance !== rumour.instance) known.isLeaving = true
      if (known.isLeaving) successors.set(keyOf(rumour), rumour)
      known.heardMs = clock.elapsed()
      known.isRefused = false
    },

    goodbye({ host, instance }) {
      for (const [key, known] of heardByAddress) {
        if (known.host !== host) continue
        if (known.instance === instance) known.isLeaving = true
        if (successors.get(key)?.instance === instance) successors.delete(key)
      }
    },

    refused({ source, ...address }) {
      const known = source === 'mdns' ? heardByAddress.get(keyOf(address)) : undefined
      if (known) known.isRefused = true
    },

    settle() {
      for (const [key, known] of [...heardByAddress]) {
        const isForgotten = known.isRefused && clock.elapsed() - known.heardMs >= silenceMs
        if (!known.isLeaving && !isForgotten) continue
        const successor = successors.get(key)
        remove(known)
        if (successor) add(successor)
      }
    },
  }
}

function keyOf({ host, port }: Pick<Rumour, 'host' | 'port'>): string {
  return `${host}:${port}`
}
