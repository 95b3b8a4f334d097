import type { Network, Wire } from '../../mesh/network.ts'

/** Longest time by which one frame comes late, in milliseconds. */
const lateMs = 1_500

/** Time and chance of the world, and how likely each frame meets each fate while it is unruly. */
export interface UnrulyDeps {
  after(ms: number, callback: () => void): () => void
  /** A seeded number in [0, 1). */
  random(): number
  readonly likely: { readonly twice: number; readonly late: number }
}

/** Spoils what goes over networks: frames come twice, late, and behind those sent after them. */
export interface Unruly {
  readonly counters: Readonly<Record<'duplicated' | 'delayed' | 'overtaken', number>>
  /** Beginning and ending it. Frames that are late already still come. */
  set(isUnruly: boolean): void
  /** The same network, spoilt. First frames are left alone: without them there is no link. */
  spoil(network: Network): Network
}

/** Makes a source of unruliness, quiet at first. */
export function createUnruly({ after, random, likely }: UnrulyDeps): Unruly {
  const counters = { duplicated: 0, delayed: 0, overtaken: 0 }
  let isUnruly = false

  function spoilWire(wire: Wire): Wire {
    let sent = 0
    let late = 0

    function sendLate(text: string): void {
      late += 1
      after(random() * lateMs, () => {
        late -= 1
        wire.send(text)
      })
    }

    return {
      side: wire.side,
      remote: wire.remote,
      loopback: wire.loopback,
      binding: wire.binding,
      epoch: wire.epoch,
      get bufferedBytes() {
        return wire.bufferedBytes
      },
      open: (events) => wire.open(events),
      send(text) {
        sent += 1
        if (!isUnruly || sent === 1) {
          if (late > 0) counters.overtaken += 1
          return wire.send(text)
        }
        if (random() < likely.twice) {
          counters.duplicated += 1
          sendLate(text)
        }
        if (random() < likely.late) {
          counters.delayed += 1
          return sendLate(text)
        }
        if (late > 0) counters.overtaken += 1
        wire.send(text)
      },
      close: (reason) => wire.close(reason),
      terminate: (reason) => wire.terminate(reason),
    }
  }

  return {
    counters,
    set(next) {
      isUnruly = next
    },
    spoil: (network) => ({
      listen: (host, ports, accept) =>
        network.listen(host, ports, (wire) => accept(spoilWire(wire))),
      dial: async (address, signal) => spoilWire(await network.dial(address, signal)),
    }),
  }
}
