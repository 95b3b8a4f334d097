import { constants } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, type Server, TLSSocket } from 'node:tls'
import type { WebSocket } from 'ws'
import { invariant, MeshError } from '../state/errors.ts'
import type { Clock } from './clock.ts'
import type { Keyring } from './keyring.ts'
import { keyOf, offerOf } from './linkKeys.ts'
import type { Log } from './log.ts'
import {
  type Address,
  frameBytesMax,
  type Network,
  printable,
  unreachable,
  type Wire,
  type WireEvents,
} from './network.ts'

/** From the first byte to a wire, at either end. */
const finishMs = 10_000
/** How long a close waits for its answer. */
const closeMs = 3_000
/** Age at which a connection that is no wire yet makes room, when there are too many of them. */
const dawdleMs = 1_000
const dawdlersMax = 64
/** Connections of one listener, wires or not. */
const connectionsMax = 512
/** How long wires may say goodbye while their listener closes. */
const goodbyeMs = 250
/** Bytes that may arrive on a wire before its first frame is complete. */
export const firstBytesMax = 16_384
const path = '/mesh'
const headers = { maxHeaderSize: 8_192 }
/** Our own ends neither compress, nor fragment, nor ping. */
const limits = {
  perMessageDeflate: false,
  maxPayload: frameBytesMax,
  maxFragments: 16,
  maxBufferedChunks: 4_096,
  autoPong: false,
  closeTimeout: closeMs,
}
/** TLS 1.2 has suites without forward secrecy, and OpenSSL takes external keys for SHA-256 alone. */
const ciphers = 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'
/** No authority is trusted, so that no certificate will do. */
const tls = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers, ca: [] as string[] } as const

/** What real sockets need. The keyring is asked anew for every connection: it changes. */
export interface WebSocketDeps {
  readonly keyring: () => Keyring
  readonly clock: Clock
  readonly log: Log
}

/**
 * WebSocket over TLS 1.3 with an external pre-shared key, on loopback as on the LAN.
 *
 * 1. A stranger fails inside the handshake: neither HTTP nor a frame of his is ever parsed.
 * 2. Every wire comes of a full handshake with a mesh key. Session tickets are not honoured, and
 *    a connection for which no key was asked ends.
 * 3. Who shows a certificate, whoever signed it, is not a node of a mesh.
 * 4. What is not a wire within 10 s ends: thirty sessions that start at once need that long. Whatever arrives, nothing is thrown.
 *
 * Call `rotated` when the mesh has a newer key: nothing given out before may then be used again.
 */
export function createWebSocketNetwork(deps: WebSocketDeps): Network & { rotated(): void } {
  const servers = new Set<Server>()
  // Made once: it costs more than a dial.
  const context = createSecureContext(tls)
  return {
    async listen(host, ports, accept) {
      const { server, close } = await createGate(deps, accept)
      const address = await bind(server, host, ports)
      servers.add(server.once('close', () => servers.delete(server)))
      return { address, close }
    },
    dial: (address, signal) =>
      dial({ ...deps, context }, address, signal).catch((cause: unknown) => {
        throw unreachable(address, cause)
      }),
    rotated() {
      for (const server of servers) server.setTicketKeys(Buffer.from(deps.clock.random(48)))
    },
  }
}

/** Makes the accepting end of one port. */
async function createGate({ keyring, clock, log }: WebSocketDeps, accept: (wire: Wire) => void) {
  const { WebSocketServer } = await import('ws')
  const epochs = new WeakMap<Socket, number>()
  const pending = new Map<string, Socket>()
  const wires = new Set<Wire>()
  const server = createServer({
    ...tls,
    ...headers,
    ticketKeys: Buffer.from(clock.random(48)),
    secureOptions: constants.SSL_OP_NO_TICKET,
    pskCallback(stream, identity) {
      const found = keyOf(keyring(), identity)
      if (found) epochs.set(stream, found.epoch)
      return found?.psk ?? null
    },
  })
  server.maxConnections = connectionsMax
  server.prependListener('connection', watch)
  server.prependListener('secureConnection', (stream) => epochs.has(stream) || stream.destroy())
  server.on('clientError', (error, stream) => {
    log.debug('connection_refused', { why: error.message })
    stream.destroy()
  })
  server.on('request', ({ headers, socket }, response) => {
    response.writeHead(refusal(headers), { connection: 'close' }).end(() => socket.destroy())
  })
  const upgrades = new WebSocketServer({
    ...limits,
    server,
    clientTracking: false,
    verifyClient({ req: { headers, url } }, answer) {
      answer(headers.origin === undefined && url === path, refusal(headers))
    },
  })
  upgrades.on('error', (error) => log.debug('listener_failed', { why: error.message }))
  upgrades.on('connection', (socket, { socket: stream }) => {
    const epoch = epochs.get(stream)
    invariant(stream instanceof TLSSocket && epoch !== undefined, 'only a key leads to HTTP')
    pending.delete(nameOf(stream))
    const isOutdated = epoch < keyring().epoch
    const wire = createWire(socket, stream, { side: 'accepted', epoch, isOutdated })
    wires.add(wire)
    socket.once('close', () => wires.delete(wire))
    accept(wire)
  })

  function watch(raw: Socket): void {
    const name = nameOf(raw)
    const drop = () => pending.delete(name) && raw.destroy()
    const cancelFirst = clock.after(dawdleMs, () => pending.size > dawdlersMax && drop())
    const cancelLast = clock.after(finishMs, drop)
    pending.set(name, raw)
    raw.once('close', () => {
      cancelFirst()
      cancelLast()
      pending.delete(name)
    })
  }

  const ended = new Promise<void>((resolve) => server.once('close', resolve))
  function close(): Promise<void> {
    server.close()
    for (const raw of pending.values()) raw.destroy()
    for (const wire of wires) wire.close('listener closed')
    const cancel = clock.after(goodbyeMs, () => {
      for (const wire of wires) wire.terminate('listener closed')
    })
    return ended.then(cancel)
  }
  return { server, close }
}

/** Rejects with whatever failed; nothing of the attempt is left then. */
async function dial(
  deps: WebSocketDeps & { readonly context: SecureContext },
  target: Address,
  signal: AbortSignal,
): Promise<Wire> {
  const { WebSocket } = await import('ws')
  const { epoch, ...offer } = offerOf(deps.keyring())
  // The environment may not relax that only the mesh key will do.
  const trust = { secureContext: deps.context, rejectUnauthorized: true, pskCallback: () => offer }
  signal.throwIfAborted()
  const stream = connect({ ...tls, ...trust, host: target.host, port: target.port }).setNoDelay()
  const giveUp = () => stream.destroy(new Error('no answer in time'))
  const cancel = deps.clock.after(finishMs, giveUp)
  signal.addEventListener('abort', giveUp, { once: true })
  stream.on('error', () => stream.destroy())
  try {
    await once(stream, 'secureConnect')
    // TLS says "reused" of every session made with a key that both ends held before.
    const usesKey = stream.isSessionReused() && !stream.getPeerX509Certificate()
    if (stream.destroyed || !usesKey) throw new Error('the handshake used no mesh key')
    const createConnection = () => stream
    const socket = new WebSocket(`ws://mesh${path}`, { ...limits, ...headers, createConnection })
    return await new Promise((resolve, reject) => {
      socket.on('error', reject)
      // Made within the event: what came with the upgrade is read right after it.
      socket.once('open', () => resolve(createWire(socket, stream, { side: 'dialled', epoch })))
    })
  } catch (cause) {
    stream.destroy()
    throw cause
  } finally {
    cancel()
    signal.removeEventListener('abort', giveUp)
  }
}

type Facts = Pick<Wire, 'side' | 'epoch' | 'isOutdated'>

/**
 * Makes a wire of a socket that has just opened. Until the wire is opened, little more than the
 * first frame is read; what arrives after it was closed here is dropped.
 */
function createWire(socket: WebSocket, stream: TLSSocket, facts: Facts): Wire {
  const { remoteAddress = '', remotePort = 0 } = stream
  const host = remoteAddress.replace(/^::ffff:/, '')
  const early: string[] = []
  let firstBytes = 0
  let events: WireEvents | undefined
  let ownReason: string | undefined
  let closedReason: string | undefined

  function countFirst(chunk: Buffer): void {
    firstBytes += chunk.length
    if (firstBytes > firstBytesMax) wire.terminate('too much before the first frame')
  }

  /** What is sent in one go is one record, and a microtask lets it leave before the answer to it. */
  function gather(): void {
    if (stream.writableCorked > 0) return
    stream.cork()
    queueMicrotask(() => stream.uncork())
  }

  const wire: Wire = {
    ...facts,
    remote: { host, port: remotePort },
    loopback: host === '::1' || host.startsWith('127.'),
    binding: stream.exportKeyingMaterial(32, 'EXPORTER-mesh-hello', Buffer.alloc(0)),
    get bufferedBytes() {
      return closedReason === undefined ? socket.bufferedAmount : 0
    },
    open(next) {
      events = next
      for (const text of early.splice(0)) if (ownReason === undefined) next.frame(text)
      socket.resume()
      if (closedReason !== undefined) next.closed(closedReason)
    },
    send(text) {
      if (socket.readyState !== socket.OPEN) return
      gather()
      socket.send(text)
    },
    close(reason) {
      ownReason ??= printable(reason)
      socket.resume()
      socket.close(1000, ownReason)
    },
    terminate(reason) {
      ownReason ??= printable(reason)
      socket.terminate()
    },
  }

  // The socket hears of a chunk first, so that one which completes the first frame is not counted.
  stream.on('data', countFirst)
  socket.on('message', (data, isBinary) => {
    if (isBinary) return wire.terminate('binary frame')
    stream.off('data', countFirst)
    if (ownReason !== undefined) return
    if (events) return events.frame(data.toString())
    early.push(data.toString())
    socket.pause()
  })
  socket.on('error', () => wire.terminate('protocol error'))
  socket.on('close', (_code, reason) => {
    closedReason = ownReason ?? (printable(reason.toString()) || 'closed')
    events?.closed(closedReason)
  })
  return wire
}

async function bind(server: Server, host: string, ports: readonly number[]): Promise<Address> {
  let cause: unknown
  for (const port of ports) {
    try {
      await once(server.listen({ host, port, backlog: 1_024, ipv6Only: true }), 'listening')
      const bound = server.address()
      invariant(typeof bound === 'object' && bound, 'a listening server of TCP has an address')
      return { host: bound.address, port: bound.port }
    } catch (thrown) {
      cause = thrown
    }
  }
  const hint = '`mesh doctor` says who holds the ports; MESH_LINK_PORTS names others.'
  throw new MeshError('UNREACHABLE', `No port could be opened on ${host}.`, { hint, cause })
}

/** Only a browser says where a request originates, and no browser has business here. */
function refusal({ origin }: IncomingHttpHeaders): number {
  return origin === undefined ? 404 : 403
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
