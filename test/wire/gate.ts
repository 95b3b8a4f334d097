import { type ChildProcess, spawn } from 'node:child_process'
import { hkdfSync } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import * as tls from 'node:tls'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { type Clock, systemClock } from '../../mesh/clock.ts'
import type { Keyring } from '../../mesh/keyring.ts'
import { silentLog } from '../../mesh/log.ts'
import type { Listener, Wire } from '../../mesh/network.ts'
import { createWebSocketNetwork } from '../../mesh/websocket.ts'
import { MeshError } from '../../state/errors.ts'
import { record } from '../contracts/network.ts'

/** Where everything in these tests listens. */
export const host = '127.0.0.1'
/** How long real sockets may take on a busy machine. */
export const patienceMs = 20_000

/** TLS as a node of ours speaks it, for ends that are none. */
export const suites: tls.ConnectionOptions & tls.TlsOptions = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ca: [],
}

/** A keyring with the keys of epochs 1, 2, ... */
export function ringOf(
  keys: readonly Uint8Array[],
  epoch = keys.length,
  mesh = 'mesh one',
): Keyring {
  return { mesh, epoch, key: (wanted) => keys[wanted - 1] }
}

/** Time that stands still until it is moved. */
function createHandClock() {
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  let nowMs = 0
  const clock: Clock = {
    ...systemClock,
    now: () => nowMs,
    elapsed: () => nowMs,
    after(ms, callback) {
      const timer = { atMs: nowMs + ms, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  function advance(ms: number): void {
    nowMs += ms
    for (const timer of [...timers].sort((one, other) => one.atMs - other.atMs)) {
      if (timer.atMs <= nowMs && timers.delete(timer)) timer.callback()
    }
  }
  return { clock, advance, count: () => timers.size }
}

/** Opens a listener of ours before each test of the file, and closes it and all that was opened after. */
export function createGate() {
  const keys = [systemClock.random(32), systemClock.random(32)]
  const time = createHandClock()
  const accepted: Wire[] = []
  const open: { destroy(): void }[] = []
  const networkWith = (ring: Keyring) =>
    createWebSocketNetwork({ keyring: () => ring, clock: time.clock, log: silentLog })
  const ours = networkWith(ringOf(keys))
  let listener: Listener

  beforeEach(async () => {
    listener = await ours.listen(host, [0], (wire) => accepted.push(wire))
  })

  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy()
    const closed = listener.close()
    time.advance(10_000)
    await closed
    accepted.length = 0
  })

  const portOf = () => listener.address.port

  function dialWith(ring: Keyring, port = portOf()): Promise<Wire> {
    return networkWith(ring).dial({ host, port }, new AbortController().signal)
  }

  /** Proves that the listener still serves who has the key. */
  async function serves(): Promise<void> {
    const count = accepted.length
    const dialled = await dialWith(ringOf(keys))
    const told = record(dialled)
    await vi.waitFor(() => expect(accepted.length).toBe(count + 1), patienceMs)
    const other = accepted[count]
    if (other) record(other)
    other?.send('welcome')
    await vi.waitFor(() => expect(told.frames).toEqual(['welcome']), patienceMs)
    dialled.close('done')
  }

  /** What a node of ours says in the handshake, spelled out: two versions of us must agree on it. */
  function offer(epoch = 2): tls.ConnectionOptions {
    const identity = `m1.e17152b2c5e24212.${epoch}`
    const psk = Buffer.from(hkdfSync('sha256', keys[epoch - 1] ?? '', '', 'mesh link v1', 32))
    return { pskCallback: () => ({ identity, psk }) }
  }

  /** Resolves to a connection that has shaken hands, rejects when it was refused. */
  async function secure(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
    const stream = tls.connect({ ...suites, host, port: portOf(), ...options })
    open.push(stream)
    await once(stream, 'secureConnect')
    stream.on('error', () => {})
    return stream
  }

  /** A connection with the key that is a WebSocket at the other end, and raw at this one. */
  async function raw(): Promise<tls.TLSSocket> {
    const stream = await secure(offer())
    const count = accepted.length
    stream.write(request('/mesh'))
    await vi.waitFor(() => expect(accepted.length).toBe(count + 1), patienceMs)
    return stream
  }

  /** Runs a piece of a program that has a `network` and our newest key. */
  function run(code: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
    const room = (name: string) => new URL(`../../mesh/${name}.ts`, import.meta.url).href
    const key = Buffer.from(keys[1] ?? '').toString('hex')
    const program = `
      const { createWebSocketNetwork } = await import('${room('websocket')}')
      const { systemClock: clock } = await import('${room('clock')}')
      const { silentLog: log } = await import('${room('log')}')
      const keyring = () => ({ mesh: 'mesh one', epoch: 2, key: () => Buffer.from('${key}', 'hex') })
      const network = createWebSocketNetwork({ keyring, clock, log })
      ${code}`
    const options = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const child = spawn(process.execPath, options, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    open.push({ destroy: () => child.kill('SIGKILL') })
    return child
  }

  return {
    ...{ keys, time, accepted, open, ours, portOf },
    ...{ networkWith, dialWith, serves, offer, secure, raw, run },
  }
}

/** Resolves to why a dial was refused; a dial that was not fails the test. */
export async function refusal(dial: Promise<Wire>): Promise<MeshError> {
  const thrown = await dial.then(
    (wire) => wire.terminate('should have been refused'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof MeshError)) throw new Error('it was not refused')
  expect(thrown.code).toBe('UNREACHABLE')
  return thrown
}

/** Resolves to all that a connection has said until its end, whether that was polite or a reset. */
export async function everything(stream: Socket): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk) => chunks.push(chunk)).on('error', () => {})
  if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()))
  return Buffer.concat(chunks).toString('latin1')
}

const upgradeHeaders = [
  'Host: mesh',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
]

/** The request for a WebSocket, with more headers if wanted. */
export function request(path: string, ...headers: string[]): string {
  return [`GET ${path} HTTP/1.1`, ...upgradeHeaders, ...headers, '', ''].join('\r\n')
}

/**
 * A frame as a client sends it, masked with zeros; `length` may lie. The length is written in the
 * shortest way, because RFC 6455 5.5 gives pings and goodbyes no other.
 */
export function frame(
  first: number,
  payload: Buffer,
  { length = payload.length, isMasked = true } = {},
): Buffer {
  const size = length < 126 ? 2 : 10
  const head = Buffer.alloc(size + (isMasked ? 4 : 0))
  head[0] = first
  head[1] = (isMasked ? 0x80 : 0) | (length < 126 ? length : 127)
  if (size === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

/** Resolves to all that a program has printed. */
export async function output(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return text.trim()
}
