import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, hkdfSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type Clock, systemClock } from '../../mesh/clock.ts'
import type { Keyring } from '../../mesh/keyring.ts'
import { silentLog } from '../../mesh/log.ts'
import type { Listener, Wire } from '../../mesh/network.ts'
import { createWebSocketNetwork } from '../../mesh/websocket.ts'
import { MeshError } from '../../state/errors.ts'
import { record } from '../contracts/network.ts'
import { createChance } from '../sim/world.ts'

const host = '127.0.0.1'
const never = new AbortController().signal
const seed = 11

/** A keyring with the keys of epochs 1, 2, ... */
function ringOf(keys: readonly Uint8Array[], epoch = keys.length, mesh = 'mesh one'): Keyring {
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

const keys = [systemClock.random(32), systemClock.random(32)]
const time = createHandClock()
const accepted: Wire[] = []
const ours = createWebSocketNetwork({
  keyring: () => ringOf(keys),
  clock: time.clock,
  log: silentLog,
})
let listener: Listener
let port: number
const open: { destroy(): void }[] = []

beforeEach(async () => {
  listener = await ours.listen(host, [0], (wire) => accepted.push(wire))
  port = listener.address.port
})

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy()
  const closed = listener.close()
  time.advance(10_000)
  await closed
  accepted.length = 0
})

function dialWith(ring: Keyring, at = port): Promise<Wire> {
  const network = createWebSocketNetwork({ keyring: () => ring, clock: time.clock, log: silentLog })
  return network.dial({ host, port: at }, never)
}

async function refusal(dial: Promise<Wire>): Promise<MeshError> {
  const thrown = await dial.then(
    (wire) => wire.terminate('should have been refused'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof MeshError)) throw new Error('it was not refused')
  expect(thrown.code).toBe('UNREACHABLE')
  return thrown
}

/** Proves that the listener still serves who has the key. */
async function serves(): Promise<void> {
  const count = accepted.length
  const dialled = await dialWith(ringOf(keys))
  const told = record(dialled)
  await vi.waitFor(() => expect(accepted.length).toBe(count + 1), 20_000)
  const other = accepted[count]
  if (other) record(other)
  other?.send('welcome')
  await vi.waitFor(() => expect(told.frames).toEqual(['welcome']), 20_000)
  dialled.close('done')
}

/** What a node of ours says in the handshake, spelled out: two versions of us must agree on it. */
function offer(epoch = 2): tls.ConnectionOptions {
  const identity = `m1.e17152b2c5e24212.${epoch}`
  const psk = Buffer.from(hkdfSync('sha256', keys[epoch - 1] ?? '', '', 'mesh link v1', 32))
  return { pskCallback: () => ({ identity, psk }) }
}

const suites: tls.ConnectionOptions & tls.TlsOptions = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ca: [],
}

/** Resolves to a connection that has shaken hands, rejects when it was refused. */
async function secure(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  const stream = tls.connect({ ...suites, host, port, ...options })
  open.push(stream)
  await once(stream, 'secureConnect')
  stream.on('error', () => {})
  return stream
}

/** Resolves to all that a connection has said until its end. */
async function everything(stream: Socket): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk) => chunks.push(chunk)).on('error', () => {})
  if (!stream.closed) await once(stream, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

const upgradeHeaders = [
  'Host: mesh',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
]

function request(path: string, ...headers: string[]): string {
  return [`GET ${path} HTTP/1.1`, ...upgradeHeaders, ...headers, '', ''].join('\r\n')
}

/** A connection with the key that is a WebSocket at the other end, and raw at this one. */
async function raw(): Promise<tls.TLSSocket> {
  const stream = await secure(offer())
  const count = accepted.length
  stream.write(request('/mesh'))
  await vi.waitFor(() => expect(accepted.length).toBe(count + 1), 20_000)
  return stream
}

/** A frame as a client sends it, masked with zeros; `length` may lie. */
function frame(first: number, payload: Buffer, length = payload.length, masked = 0x80): Buffer {
  const head = Buffer.alloc(masked ? 14 : 10)
  head[0] = first
  head[1] = masked | 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

describe('strangers', () => {
  it.each<[string, tls.ConnectionOptions]>([
    ['without a key', {}],
    [
      'with a wrong key',
      { pskCallback: () => ({ identity: 'm1.e17152b2c5e24212.2', psk: Buffer.alloc(32) }) },
    ],
    [
      'with an unknown identity',
      { pskCallback: () => ({ identity: 'mesh', psk: Buffer.alloc(32) }) },
    ],
    [
      'with an odd identity',
      { pskCallback: () => ({ identity: 'm1.e17152b2c5e24212.NaN', psk: Buffer.alloc(32) }) },
    ],
    [
      'with an old TLS',
      { ...offer(), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'PSK' },
    ],
  ])('a stranger %s is refused in the handshake', async (_who, options) => {
    await expect(secure(options)).rejects.toThrow()
    expect(accepted).toEqual([])
    await serves()
  })

  it('a key of the same mesh is what counts: other mesh, other key, epoch never seen', async () => {
    const other = systemClock.random(32)
    await refusal(dialWith(ringOf(keys, 2, 'mesh two')))
    await refusal(dialWith(ringOf([other])))
    await refusal(dialWith(ringOf([...keys, other])))
    expect(accepted).toEqual([])
    await serves()
  })

  it('plain WebSocket, plain HTTP and noise are refused', async () => {
    const plain = new WebSocket(`ws://${host}:${port}/mesh`)
    await expect(once(plain, 'open')).rejects.toThrow()
    for (const text of [request('/mesh'), 'GET / HTTP/1.0\r\n\r\n', 'x'.repeat(100_000)]) {
      const socket = connectTcp(port, host)
      open.push(socket)
      socket.write(text)
      expect(await everything(socket)).not.toContain('HTTP')
    }
    expect(accepted).toEqual([])
    await serves()
  })

  it('a thousand tries with wrong keys lead nowhere', async () => {
    for (let round = 0; round < 20; round += 1) {
      const tries = Array.from({ length: 50 }, () => dialWith(ringOf([systemClock.random(32)])))
      await Promise.all(tries.map(refusal))
    }
    expect(accepted).toEqual([])
    await serves()
  })
})

describe('the handshake', () => {
  it('every wire knows the epoch of its own handshake, however many run at once', async () => {
    const dials = Array.from({ length: 24 }, (_, index) => dialWith(ringOf(keys, 1 + (index % 2))))
    const dialled = await Promise.all(dials)
    await vi.waitFor(() => expect(accepted).toHaveLength(24), 20_000)
    const epochs = new Map(accepted.map(({ binding, epoch }) => [`${binding}`, epoch]))
    expect(epochs.size).toBe(24)
    for (const { binding, epoch } of dialled) expect(epochs.get(`${binding}`)).toBe(epoch)
    expect(dialled.filter(({ epoch }) => epoch === 1)).toHaveLength(12)
  })

  it('says what other versions of us expect', async () => {
    const stream = await raw()
    expect(accepted[0]?.epoch).toBe(2)
    const binding = stream.exportKeyingMaterial(32, 'EXPORTER-mesh-hello', Buffer.alloc(0))
    expect(Buffer.from(accepted[0]?.binding ?? [])).toEqual(binding)
  })

  it('a session ticket is no key, neither before nor after a rotation', async () => {
    const first = await secure(offer())
    const [session] = await once(first, 'session')
    await expect(secure({ session })).rejects.toThrow()
    await expect(
      secure({ session, pskCallback: () => ({ identity: 'm1.x.2', psk: Buffer.alloc(32) }) }),
    ).rejects.toThrow()
    ours.rotated()
    await expect(secure({ session })).rejects.toThrow()
    // Who holds the key is let in by the key, whatever ticket comes along.
    await secure({ session, ...offer() })
    await serves()
  })

  it('a hundred nodes that dial at once are all accepted', async () => {
    const wires = await Promise.all(Array.from({ length: 100 }, () => dialWith(ringOf(keys))))
    await vi.waitFor(() => expect(accepted).toHaveLength(100), 20_000)
    for (const wire of wires) wire.terminate('done')
  })
})

describe('who is dialled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-network-'))
  const stranger = certificate()
  let server: Server
  let at: number

  afterEach(() => {
    vi.unstubAllEnvs()
    server.close()
  })

  async function listen(made: Server): Promise<void> {
    server = made
    server.on('connection', (socket) => open.push(socket))
    server.on('tlsClientError', () => {})
    await once(server.listen(0, host), 'listening')
    const address = server.address()
    at = typeof address === 'object' && address ? address.port : 0
  }

  it('is no node of ours when it shows a certificate, whatever the environment trusts', async () => {
    let secured = 0
    await listen(tls.createServer(stranger, () => (secured += 1)))
    const refused = await refusal(dialWith(ringOf(keys), at))
    expect(refused.message).toContain('No node of this mesh')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await refusal(dialWith(ringOf(keys), at))
    vi.unstubAllEnvs()
    const file = join(folder, 'trusted.pem')
    writeFileSync(file, stranger.cert)
    const dial = `network.dial({ host: '${host}', port: ${at} }, new AbortController().signal)`
    const code = `console.log(await ${dial}.then(() => 'linked', (error) => error.code))`
    expect(await output(run(code, { NODE_EXTRA_CA_CERTS: file }))).toBe('UNREACHABLE')
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['says nothing', () => createServer()],
    ['proves the key and says nothing', () => tls.createServer(holder)],
  ])('is given 3 s when it %s', async (_what, make) => {
    await listen(make())
    const quiet = time.count()
    const dialling = refusal(dialWith(ringOf(keys), at))
    await once(server, server instanceof tls.Server ? 'secureConnection' : 'connection')
    await vi.waitFor(() => expect(time.count()).toBeGreaterThan(quiet))
    time.advance(3_000)
    await dialling
    expect(time.count()).toBe(quiet)
  })

  it('can be given up in the middle', async () => {
    await listen(tls.createServer(holder))
    const giveUp = new AbortController()
    const network = createWebSocketNetwork({
      keyring: () => ringOf(keys),
      clock: time.clock,
      log: silentLog,
    })
    const dialling = refusal(network.dial({ host, port: at }, giveUp.signal))
    const [socket] = await once(server, 'secureConnection')
    socket.on('error', () => {})
    socket.resume()
    giveUp.abort()
    await Promise.all([dialling, once(socket, 'close')])
  })

  it.each([
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    `HTTP/1.1 101 ${'x'.repeat(20_000)}\r\n\r\n`,
    '\x00\xff'.repeat(10_000),
    '',
  ])('is refused when it proves the key and answers %j', async (answer) => {
    await listen(tls.createServer(holder, (socket) => socket.on('error', () => {}).end(answer)))
    await refusal(dialWith(ringOf(keys), at))
  })

  const holder: tls.TlsOptions = {
    ...suites,
    pskCallback: () => Buffer.from(hkdfSync('sha256', keys[1] ?? '', '', 'mesh link v1', 32)),
  }
})

describe('requests', () => {
  it.each([
    ['of a web page', request('/mesh', 'Origin: http://127.0.0.1'), '403'],
    ['of a page without a name', request('/mesh', 'Origin: null'), '403'],
    ['with an empty origin', request('/mesh', 'Origin:'), '403'],
    ['for another path', request('/'), '404'],
    ['for a longer path', request('/mesh?x=1'), '404'],
    ['without an upgrade', 'GET /mesh HTTP/1.1\r\nHost: mesh\r\n\r\n', '404'],
    ['with a body', 'POST /mesh HTTP/1.1\r\nHost: mesh\r\nContent-Length: 9000000\r\n\r\nx', '404'],
    ['for another protocol', request('/mesh').replace('websocket', 'h2c'), '400'],
    ['with long headers', request('/mesh', `X: ${'x'.repeat(9_000)}`), ''],
    ['that are none', '\x16\x03\x01\x00\x00 nonsense\r\n\r\n', ''],
  ])('%s are refused and closed', async (_what, text, status) => {
    const stream = await secure(offer())
    stream.write(text)
    const answer = await everything(stream)
    expect(answer.slice(0, 13)).toBe(status && `HTTP/1.1 ${status} `)
    expect(accepted).toEqual([])
    await serves()
  })
})

describe('connections that never finish', () => {
  /** Connects and does no more than that. */
  async function linger(count: number): Promise<Socket[]> {
    const before = time.count()
    const sockets = Array.from({ length: count }, () =>
      connectTcp(port, host).on('error', () => {}),
    )
    open.push(...sockets)
    await vi.waitFor(() => expect(time.count()).toBe(before + 2 * count), 20_000)
    return sockets
  }

  const closedOf = (sockets: readonly Socket[]) => sockets.filter(({ closed }) => closed).length

  it.each([
    ['that say nothing', async () => (await linger(1))[0]],
    ['that stop after the handshake', () => secure(offer())],
    ['that never finish their request', async () => (await secure(offer())).setNoDelay()],
  ])('connections %s end after 3 s', async (what, make) => {
    const socket = await make()
    if (what.includes('request')) socket?.write('GET /mesh HTTP/1.1\r\n')
    const ended = everything(socket ?? connectTcp(port, host))
    time.advance(2_999)
    await serves()
    expect(socket?.closed).toBe(false)
    time.advance(1)
    await ended
    await serves()
  })

  it('seventy of them do not stop an honest node, and the surplus goes after 1 s', async () => {
    const silent = await linger(70)
    await serves()
    expect(closedOf(silent)).toBe(0)
    time.advance(1_000)
    await vi.waitFor(() => expect(closedOf(silent)).toBe(6), 20_000)
    time.advance(2_000)
    await vi.waitFor(() => expect(closedOf(silent)).toBe(70), 20_000)
    await serves()
  })

  it('more than 512 are not even taken', async () => {
    const silent = await linger(512)
    const late = connectTcp(port, host)
    open.push(late)
    await everything(late)
    await refusal(dialWith(ringOf(keys)))
    time.advance(1_000)
    await vi.waitFor(() => expect(closedOf(silent)).toBe(448), 20_000)
    await serves()
  })

  it('a wire outlives the limits of those that never became one', async () => {
    const dialled = await dialWith(ringOf(keys))
    await linger(70)
    time.advance(10_000)
    await vi.waitFor(() => expect(accepted).toHaveLength(1))
    const told = accepted.map(record)
    dialled.send('still here')
    await vi.waitFor(() => expect(told[0]?.frames).toEqual(['still here']), 20_000)
  })
})

describe('what holders of a key may send', () => {
  const hello = frame(0x81, Buffer.from('hello'))
  it.each<[string, Buffer]>([
    ['a binary frame', frame(0x82, Buffer.from('hello'))],
    ['text that is not UTF-8', frame(0x81, Buffer.from([0xc3, 0x28]))],
    ['an unknown kind of frame', frame(0x83, Buffer.alloc(0))],
    ['compression nobody agreed on', frame(0xc1, Buffer.from('x'))],
    ['frames without a mask', frame(0x81, Buffer.from('x'), 1, 0)],
    ['a frame that says it is huge', frame(0x81, Buffer.from('x'), 2 ** 40)],
    ['a frame a byte too long', frame(0x81, Buffer.from('x'), 1_048_577)],
    ['a continuation of nothing', frame(0x80, Buffer.from('x'))],
    [
      'many fragments',
      Buffer.concat([
        frame(0x01, Buffer.alloc(1)),
        ...Array(20).fill(frame(0x00, Buffer.alloc(1))),
      ]),
    ],
    ['a broken goodbye', frame(0x88, Buffer.from([0]))],
  ])('%s ends the wire', async (_what, bytes) => {
    const stream = await raw()
    const told = accepted.map(record)
    stream.write(Buffer.concat([hello, bytes]))
    await everything(stream)
    await vi.waitFor(() => expect(told[0]?.closed).toHaveLength(1), 20_000)
    expect(told[0]?.frames).toEqual(['hello'])
    await serves()
  })

  it.each([
    ['pings', Buffer.concat(Array(2_000).fill(frame(0x89, Buffer.alloc(1))))],
    ['a first frame that never ends', frame(0x81, Buffer.alloc(20_000), 1_000_000)],
  ])('%s in place of a first frame end the wire after 16 KiB', async (_what, bytes) => {
    const stream = await raw()
    const told = accepted.map(record)
    stream.write(bytes.subarray(0, 16_384))
    await serves()
    expect(told[0]?.closed).toEqual([])
    stream.write(bytes.subarray(16_384))
    await everything(stream)
    expect(told[0]).toEqual({ frames: [], closed: ['too much before the first frame'] })
  })

  it(`whatever else, nothing is thrown, seed ${seed}`, async () => {
    const chance = createChance(seed)
    for (let round = 0; round < 200; round += 1) {
      const noise = Buffer.from(Array.from({ length: 1 + 400 * chance() }, () => 256 * chance()))
      // Half of it begins like frames, so that it gets further than the first byte.
      if (chance() < 0.5)
        noise.set([0x80 + Math.floor(11 * chance()), 0x80 + Math.floor(127 * chance())])
      const stream = await raw()
      for (const wire of accepted.splice(0)) record(wire)
      stream.on('error', () => {}).write(noise)
      if (chance() < 0.5) stream.end()
      else setImmediate(() => stream.destroy())
    }
    await serves()
  })

  it('a reason is made harmless at both ends', async () => {
    const dialled = await dialWith(ringOf(keys))
    await vi.waitFor(() => expect(accepted).toHaveLength(1))
    const told = [dialled, ...accepted].map(record)
    dialled.close('é\n'.repeat(60))
    await vi.waitFor(() => expect(told[1]?.closed).toEqual(['?'.repeat(100)]), 20_000)
    const stream = await raw()
    const [other] = accepted.slice(1).map(record)
    stream.write(frame(0x88, Buffer.from('\x03\xe8\x1b[2Jbye', 'latin1')))
    await vi.waitFor(() => expect(other?.closed).toEqual(['?[2Jbye']), 20_000)
  })
})

describe('processes', () => {
  it('a reader that is stopped shows in what its writer has buffered', async () => {
    const child = run(`
      const listener = await network.listen('${host}', [0], (wire) =>
        wire.open({ frame() {}, closed: () => listener.close() }))
      console.log(listener.address.port)`)
    const lines = createInterface({ input: child.stdout ?? process.stdin })
    const [line] = await once(lines, 'line')
    const wire = await dialWith(ringOf(keys), Number(line))
    const told = record(wire)
    wire.send('hello')
    await vi.waitFor(() => expect(wire.bufferedBytes).toBe(0), 20_000)
    child.kill('SIGSTOP')
    const block = 'x'.repeat(1_000_000)
    for (let sent = 0; sent < 20; sent += 1) wire.send(block)
    expect(wire.bufferedBytes).toBeGreaterThan(8_388_608)
    await serves()
    expect(wire.bufferedBytes).toBeGreaterThan(8_388_608)
    child.kill('SIGCONT')
    await vi.waitFor(() => expect(wire.bufferedBytes).toBe(0), 20_000)
    wire.close('done')
    await once(child, 'exit')
    expect(told.closed).toEqual(['done'])
  })

  it('a process whose network is closed ends by itself, at once', async () => {
    const child = run(`
      const wires = []
      const listener = await network.listen('${host}', [0], (wire) => wires.push(wire))
      const never = new AbortController().signal
      const wire = await network.dial(listener.address, never)
      wire.open({ frame() {}, closed() {} })
      await network.dial({ host: '${host}', port: 1 }, never).catch(() => {})
      await listener.close()
      console.log(performance.now())
      process.on('exit', () => console.log(performance.now()))`)
    const [first, last] = (await output(child)).split('\n').map(Number)
    expect((last ?? 0) - (first ?? 0)).toBeLessThan(500)
  })
})

/** Runs a piece of a program that has a `network` and our keys. */
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

async function output(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return text.trim()
}

/** A certificate that signs itself and is good for 127.0.0.1. */
function certificate(): { readonly cert: string; readonly key: string } {
  function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
    const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part))
    const body = Buffer.concat(bytes)
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255]
    return Buffer.concat([Buffer.from([tag, ...length]), body])
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const algorithm = der(0x30, '06032b6570')
  const name = der(0x30, der(0x31, der(0x30, '0603550403', der(0x0c, Buffer.from('stranger')))))
  const times = ['200101000000Z', '491231235959Z'].map((at) => der(0x17, Buffer.from(at)))
  const names = der(0x30, '0603551d11', der(0x04, der(0x30, '87047f000001')))
  const authority = der(0x30, '0603551d13', '0101ff', der(0x04, '30030101ff'))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const extensions = der(0xa3, der(0x30, authority, names))
  const facts = ['a003020102', '020101', algorithm, name, der(0x30, ...times), name, spki]
  const body = der(0x30, ...facts, extensions)
  const signed = der(0x30, body, algorithm, der(0x03, '00', sign(null, body, privateKey)))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
