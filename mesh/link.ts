import type { DeviceId, NodeId, PeerId } from '../state/ids.ts'
import { deviceOf } from '../state/signatures.ts'
import type { Clock } from './clock.ts'
import { type Frame, type Hello, parseFrame } from './frames.ts'
import type { Acquaintance } from './hello.ts'
import type { Wire } from './network.ts'
import { createSignal, type Signal } from './signal.ts'

/** Silence after which a link is pinged; after two more such silences it is dead. */
const silenceMs = { loopback: 15_000, lan: 4_000 } as const
/** Buffered bytes above which live frames to a slow peer are dropped; a comparison brings them. */
const slowBytes = 1_048_576
/** Buffered bytes above which a link ends. */
const stuckBytes = 8_388_608
/** Malformed frames after which a link ends: a peer of ours sends none. */
const malformedMax = 3

/** What has passed over a link since its hellos; bytes are those of the frames' text. */
export interface Traffic {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly framesIn: number
  readonly framesOut: number
}

/** One conversation with one node, both ends known to each other. */
export interface Link {
  readonly node: NodeId
  readonly peer: PeerId
  readonly device: DeviceId
  readonly hello: Hello
  readonly side: Wire['side']
  readonly remote: Wire['remote']
  readonly loopback: boolean
  /** By the monotonic clock. */
  readonly sinceMs: number
  readonly bufferedBytes: number
  readonly traffic: Traffic
  /** How long the last ping took that was answered; undefined while none was needed. */
  readonly roundTripMs: number | undefined
  /** A live frame was dropped, because the peer is too slow for it. */
  readonly dropped: Signal<void>
  /** Sends what must arrive: an answer, or a step of an exchange. */
  send(frame: Frame): void
  /** Sends what a later comparison would bring anyway. Answers false when the peer is too slow for it. */
  sendLive(frame: Frame): boolean
  /** Resolves to whether the other end answers a ping within `ms`. */
  probe(ms: number): Promise<boolean>
  close(reason: string): void
}

/** What a link tells its holder. Each callback is for this link alone. */
export interface LinkEvents {
  frame(link: Link, frame: Frame): void
  /** Called exactly once. */
  closed(link: Link, reason: string): void
  /** A frame was not what a node of ours would send. */
  malformed(link: Link): void
}

/** Opens the conversation after the hellos. */
export function createLink(
  { wire, acquaintance }: { readonly wire: Wire; readonly acquaintance: Acquaintance },
  events: LinkEvents,
  clock: Clock,
): Link {
  const { hello } = acquaintance
  const silence = wire.loopback ? silenceMs.loopback : silenceMs.lan
  const probes = new Map<number, (isAlive: boolean) => void>()
  let heardMs = clock.elapsed()
  let misses = 0
  let pings = 0
  let malformed = 0
  let isClosed = false
  let pingedMs = 0
  let roundTripMs: number | undefined
  const traffic = { bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0 }
  const dropped: Link['dropped'] = createSignal()
  let cancelBeat = clock.after(silence, beat)

  function beat(): void {
    const quietMs = clock.elapsed() - heardMs
    if (quietMs + 1 < silence) {
      cancelBeat = clock.after(silence - quietMs, beat)
      return
    }
    misses += 1
    if (misses > 2) return wire.terminate('silent')
    ping()
    cancelBeat = clock.after(silence, beat)
  }

  function ping(): number {
    pings += 1
    pingedMs = clock.elapsed()
    send({ kind: 'ping', number: pings })
    return pings
  }

  function send(frame: Frame): void {
    if (wire.bufferedBytes > stuckBytes) return wire.terminate('stuck')
    const text = JSON.stringify(frame)
    traffic.framesOut += 1
    traffic.bytesOut += Buffer.byteLength(text)
    wire.send(text)
  }

  function receive(text: string): void {
    heardMs = clock.elapsed()
    misses = 0
    traffic.framesIn += 1
    traffic.bytesIn += Buffer.byteLength(text)
    const parsed = parseFrame(text)
    if (parsed.kind === 'unknown') return
    if (parsed.kind === 'malformed') {
      malformed += 1
      events.malformed(link)
      if (malformed >= malformedMax) wire.close('malformed frames')
      return
    }
    const { frame } = parsed
    if (frame.kind === 'ping') return send({ kind: 'pong', number: frame.number })
    if (frame.kind === 'pong') return answered(frame.number)
    if (frame.kind === 'bye') return wire.close(frame.reason)
    events.frame(link, frame)
  }

  function answered(number: number): void {
    if (number === pings) roundTripMs = clock.elapsed() - pingedMs
    probes.get(number)?.(true)
  }

  function closed(reason: string): void {
    if (isClosed) return
    isClosed = true
    cancelBeat()
    for (const answer of [...probes.values()]) answer(false)
    events.closed(link, reason)
  }

  const link: Link = {
    node: hello.node,
    peer: hello.peer,
    device: deviceOf(hello.key),
    hello,
    side: wire.side,
    remote: wire.remote,
    loopback: wire.loopback,
    sinceMs: clock.elapsed(),
    get bufferedBytes() {
      return wire.bufferedBytes
    },
    traffic,
    get roundTripMs() {
      return roundTripMs
    },
    dropped,
    send,
    sendLive(frame) {
      const isSlow = wire.bufferedBytes > slowBytes
      if (isSlow) dropped.emit()
      else send(frame)
      return !isSlow
    },
    probe(ms) {
      return new Promise((resolve) => {
        const number = ping()
        const cancel = clock.after(ms, () => answer(false))
        function answer(isAlive: boolean): void {
          cancel()
          probes.delete(number)
          resolve(isAlive)
        }
        probes.set(number, answer)
      })
    },
    close: (reason) => wire.close(reason),
  }

  acquaintance.open({ frame: receive, closed })
  return link
}
