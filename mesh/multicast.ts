import type { EventEmitter } from 'node:events'
import { type Clock, pause } from './clock.ts'
import { serviceName, serviceType } from './mdnsRecords.ts'

/** How long a goodbye may take to leave. */
const goodbyeMs = 300
/** Packets with questions that are answered per second, and questions of one that are. */
const answersMax = { perSecond: 10, perPacket: 8 } as const

/** What is announced, and on which interface. */
export interface MulticastSettings {
  /** Our IPv4 address on the interface. */
  readonly address: string
  /** Names this process among all on the link. */
  readonly instance: string
  readonly port: number
  readonly text: Readonly<Record<string, string>>
}

/** What happens on one interface. */
export interface MulticastEvents {
  /** A decoded DNS response, and the address that sent it. */
  heard(response: unknown, from: string): void
  /** Sending, receiving or joining failed, with the system's code, e.g. ENETUNREACH or EADDRINUSE. */
  failed(code: string): void
}

/** Multicast DNS on one interface: announces from the beginning, and answers those who ask. */
export interface Multicast {
  /** Asks everybody on the link to announce themselves. */
  ask(): void
  /** Ends it, with or without telling others. Resolves within 300 ms; never fails. */
  close(goodbye: boolean): Promise<void>
}

/** Begins to announce on one interface. Failures are told, never thrown. */
export type OpenMulticast = (settings: MulticastSettings, events: MulticastEvents) => Multicast

/** The packet layer below bonjour-service, as far as it is used. */
interface Packets extends EventEmitter {
  send(packet: Packet, ...rest: readonly unknown[]): void
  query(name: string, type: 'PTR', done: (thrown: Error | null | undefined) => void): void
}

interface Packet {
  readonly answers?: readonly DnsRecord[]
  readonly additionals?: readonly DnsRecord[]
}

interface DnsRecord {
  readonly type: string
  readonly data?: unknown
}

/**
 * Loads bonjour-service, which most sessions never need, and wraps what would harm the process:
 * its errors are fatal unless somebody listens below its own surface, it looks for conflicts by
 * printing to stdout, it tells the names and addresses of the whole machine, and it answers
 * every question at once. `port` is 5353 everywhere but in tests.
 */
export async function loadMulticast(clock: Clock, port = 5_353): Promise<OpenMulticast> {
  const { Bonjour } = await import('bonjour-service')
  return ({ address, instance, port: announced, text }, events) => {
    const failed = (thrown: unknown) => events.failed(codeOf(thrown))
    // Without `bind` the socket would be bound to the address, and deaf to what is sent to the group.
    const socket = { port, interface: address, bind: '0.0.0.0' }
    const bonjour = new Bonjour(socket, failed)
    const packets: Packets = bonjour['server'].mdns
    packets.on('error', failed)
    // A packet that cannot be decoded is a warning too, but none about us.
    packets.on('warning', (thrown) => isOfSystem(thrown) && failed(thrown))
    packets.on('response', (response, { address: from }) => events.heard(response, from))
    sayLess(packets, address)
    brakeAnswers(packets, clock)
    attempt(() => {
      const service = { name: instance, host: `${instance}.local`, type: serviceType }
      bonjour.publish({ ...service, port: announced, txt: text, probe: false, disableIPv6: true })
    }, failed)
    let closed: Promise<void> | undefined

    async function end(goodbye: boolean): Promise<void> {
      if (goodbye) {
        const said = new AbortController()
        attempt(() => bonjour.unpublishAll(() => said.abort()), failed)
        await pause(clock, goodbyeMs, said.signal)
      }
      attempt(() => bonjour.destroy(), failed)
    }

    return {
      ask: () => packets.query(serviceName, 'PTR', (thrown) => thrown && failed(thrown)),
      close: (goodbye) => (closed ??= end(goodbye)),
    }
  }
}

/** Of all addresses of the machine only the one that the packet comes from is told. */
function sayLess(packets: Packets, address: string): void {
  const send = packets.send
  const told = (records: readonly DnsRecord[] = []) =>
    records.filter(({ type, data }) => type !== 'A' || data === address)
  packets.send = (packet, ...rest) => {
    const { answers, additionals } = packet
    send({ ...packet, answers: told(answers), additionals: told(additionals) }, ...rest)
  }
}

/** Answers only questions about nodes, and not more often than anybody needs. */
function brakeAnswers(packets: Packets, clock: Clock): void {
  const answers = packets.listeners('query')
  let [secondMs, count] = [0, 0]
  packets.removeAllListeners('query')
  packets.on('query', ({ questions }: { questions: readonly { readonly name: string }[] }) => {
    const isOurs = ({ name }: { name: string }) => name.toLowerCase().endsWith(serviceName)
    const ours = questions.filter(isOurs).slice(0, answersMax.perPacket)
    if (ours.length === 0) return
    if (clock.elapsed() - secondMs >= 1_000) [secondMs, count] = [clock.elapsed(), 0]
    count += 1
    if (count > answersMax.perSecond) return
    for (const answer of answers) answer({ questions: ours })
  })
}

function attempt(act: () => void, failed: (thrown: unknown) => void): void {
  try {
    act()
  } catch (thrown) {
    failed(thrown)
  }
}

function isOfSystem(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
}
