import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../mesh/clock.ts'
import type { Log } from '../mesh/log.ts'
import { hasCode } from '../mesh/privateFiles.ts'
import { invariant } from '../state/errors.ts'
import { securityHeaders } from './headers.ts'
import { type Answer, answerTo, type Request, refusal } from './request.ts'
import { createVisitors } from './visitors.ts'

/** What a doorway needs. */
export interface DoorwayDeps {
  readonly clock: Clock
  readonly log: Log
  readonly secret: Uint8Array
}

/** One port on which the door is open, in both families of addresses. */
export interface Doorway {
  readonly port: number
  /** Lets nobody in any more; those inside may finish, for 5 s. Resolves when the last is gone. */
  retire(): Promise<void>
  /** Ends at once. Idempotent; resolves when the port is free. */
  close(): Promise<void>
}

/** Loopback in both families: a browser may take `localhost` for either. */
const hosts = ['127.0.0.1', '::1'] as const
/** Whoever listens on loopback takes a connection within this time. */
const dialMs = 300
/** How long those inside may take to finish when the door moves. */
const finishMs = 5_000
/** Neither taking nor saying anything for this long ends a connection. */
const silenceMs = 10_000
/** What Node.js watches over; times in milliseconds. */
const limits = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
  // A request without a host is refused by us, like one for a foreign host.
  requireHostHeader: false,
} as const

/**
 * Opens the door on one port, 0 being any; where there is no IPv6, for IPv4 alone. Resolves to
 * undefined, with nothing left open, when somebody holds the port in either family or the
 * system refuses it.
 */
export async function openDoorway(port: number, deps: DoorwayDeps): Promise<Doorway | undefined> {
  const { clock, log, secret } = deps
  const visitors = createVisitors()
  const servers: Server[] = []
  let bound = port
  let ended: Promise<unknown> | undefined

  function answer(request: IncomingMessage, response: ServerResponse): void {
    response.once('close', visitors.asks(request.socket))
    const asked = read(request)
    const isLast = ended !== undefined || asked.wantsMore
    reply(response, answerTo(asked, { port: bound, secret }), isLast)
  }

  async function listen(host: string): Promise<void> {
    const server = createServer(limits, answer).on('connection', visitors.enter)
    server.timeout = silenceMs
    server.on('checkContinue', answer).on('checkExpectation', answer)
    server.on('connect', (_request, stream) => replyRaw(stream, 405))
    server.on('clientError', (error, stream) => replyRaw(stream, statusOf(error)))
    await once(server.listen({ host, port: bound, backlog: 1_024 }), 'listening')
    server.on('error', (error) => log.warn('door_failed', { why: error.message }))
    servers.push(server)
    const address = server.address()
    invariant(typeof address === 'object' && address, 'a listening server of TCP has an address')
    bound = address.port
  }

  function end(): Promise<unknown> {
    ended ??= Promise.all(servers.map((server) => once(server.close(), 'close')))
    return ended
  }

  async function close(): Promise<void> {
    const last = end()
    visitors.showOut()
    await last
  }

  try {
    if (await isHeld(port, clock)) return undefined
    await listen(hosts[0])
    await listen(hosts[1]).catch((thrown: unknown) => {
      if (!isWithoutIpv6(thrown)) throw thrown
    })
  } catch (thrown) {
    log.debug('port_not_free', { port: bound, thrown })
    await close()
    return undefined
  }
  return {
    port: bound,
    close,
    async retire() {
      const cancel = clock.after(finishMs, visitors.showOut)
      await end()
      cancel()
    },
  }
}

/**
 * Whether somebody takes connections there. Where he listens on all addresses, macOS and Windows let
 * us listen on loopback beside him, and would take his visitors from him.
 */
async function isHeld(port: number, clock: Clock): Promise<boolean> {
  if (port === 0) return false
  const taken = await Promise.all(hosts.map((host) => isTaken(host, port, clock)))
  return taken.includes(true)
}

function isTaken(host: string, port: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const cancel = clock.after(dialMs, () => finish(false))
    function finish(isOpen: boolean): void {
      cancel()
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => finish(true)).on('error', () => finish(false))
  })
}

function isWithoutIpv6(thrown: unknown): boolean {
  return hasCode(thrown, 'EADDRNOTAVAIL') || hasCode(thrown, 'EAFNOSUPPORT')
}

function read({ method = '', url = '', headers, headersDistinct }: IncomingMessage): Request {
  const brings = headers['content-length'] ?? '0'
  return {
    method,
    target: url,
    hosts: headersDistinct['host'] ?? [],
    origins: headersDistinct['origin'] ?? [],
    wantsMore: Boolean(headers.upgrade ?? headers['transfer-encoding'] ?? brings !== '0'),
  }
}

function reply(response: ServerResponse, answer: Answer, isLast: boolean): void {
  const text = JSON.stringify(answer.body)
  response.writeHead(answer.status, {
    ...headersOf(answer, text),
    ...(isLast ? { connection: 'close' } : {}),
  })
  response.end(text)
}

/** Answers what Node.js could not read as a request, and ends the connection. */
function replyRaw(stream: Duplex, status: number): void {
  if (!stream.writable) return void stream.destroy()
  // An answer before it may have been announced as the last one.
  const isFirst = stream instanceof Socket && stream.bytesWritten === 0
  if (!isFirst) return void stream.end(() => stream.destroy())
  const answer = refusal(status, 'This is no request that the door understands.')
  const text = JSON.stringify(answer.body)
  const lines = Object.entries({ ...headersOf(answer, text), connection: 'close' })
  const head = [`HTTP/1.1 ${status} Refused`, ...lines.map(([name, value]) => `${name}: ${value}`)]
  stream.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => stream.destroy())
}

function headersOf({ headers }: Answer, text: string): Record<string, string> {
  const length = String(Buffer.byteLength(text))
  const content = { 'content-type': 'application/json', 'content-length': length }
  return { ...securityHeaders, ...content, ...headers }
}

function statusOf(error: Error): number {
  if (hasCode(error, 'HPE_HEADER_OVERFLOW')) return 431
  return hasCode(error, 'ERR_HTTP_REQUEST_TIMEOUT') ? 408 : 400
}
