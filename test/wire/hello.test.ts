import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../mesh/clock.ts'
import { type Hello, parseHello } from '../../mesh/frames.ts'
import { type Introduction, shakeHands, signHello } from '../../mesh/hello.ts'
import type { Keyring } from '../../mesh/keyring.ts'
import { silentLog } from '../../mesh/log.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import type { Address, Wire } from '../../mesh/network.ts'
import { openMesh } from '../../mesh/open.ts'
import { createWebSocketNetwork } from '../../mesh/websocket.ts'
import { createPeerId, type NodeId, uuidV7 } from '../../state/ids.ts'
import { createSigner, createVerifier } from '../../state/signatures.ts'
import { record } from '../contracts/network.ts'
import { environmentOf } from '../unit/environment.ts'
import { createDevice, type Device } from './nodes.ts'

const patienceMs = 20_000
const never = new AbortController().signal
const verify = createVerifier()

let device: Device
let mesh: Mesh
let address: Address
let log: string

beforeEach(async () => {
  device = await createDevice()
  log = ''
  await openNode()
})

afterEach(async () => {
  await mesh.stop('test is over')
  await device.stop()
})

async function openNode(): Promise<void> {
  const variables = {
    MESH_HOME: device.home.directory,
    MESH_PORT: 'off',
    MESH_DISCOVERY: 'static',
    LOG_LEVEL: 'debug',
  }
  mesh = await openMesh(environmentOf({ variables }), {
    version: '0.0.0',
    projectDirectory: device.home.directory,
    writeLog: (line) => {
      log += line
    },
    leave: () => {},
  })
  await mesh.start()
  const [host = '', port = ''] = (await mesh.status()).address.split(':')
  address = { host, port: Number(port) }
}

function networkOf(ring: Keyring) {
  return createWebSocketNetwork({ keyring: () => ring, clock: systemClock, log: silentLog })
}

const dial = (ring = device.home.keyring) => networkOf(ring).dial(address, never)

/** An honest introduction of another node of this device, or one that differs. */
function introductionOf(different: Partial<Introduction> = {}): Introduction {
  const { home } = device
  return {
    mesh: home.keyring.mesh,
    node: uuidV7(systemClock.now(), systemClock.random(10)) as NodeId,
    peer: createPeerId(home.signer.device, systemClock.random(5)),
    role: 'node',
    host: 'other',
    port: 0,
    ...different,
  }
}

const sign = (wire: Wire, different: Partial<Introduction> = {}) =>
  signHello(wire, introductionOf(different), device.home.signer)

/** Makes a node of what is said first, and answers why it refused: what it told, and what it logged. */
async function refusalOf(speak: (wire: Wire) => string, wire?: Wire): Promise<string | undefined> {
  const dialled = wire ?? (await dial())
  const told = record(dialled)
  dialled.send(speak(dialled))
  await vi.waitFor(() => expect(told.closed).toHaveLength(1), patienceMs)
  const [reason] = told.closed
  expect(log).toContain(`The link was refused: ${reason}.`)
  return reason
}

/** Proves that the node is well: it takes who is honest, answers it, and counted each refusal. */
async function isHealthy(refused: number): Promise<void> {
  const wire = await dial()
  const acquaintance = await shakeHands(wire, introductionOf(), {
    clock: systemClock,
    signer: device.home.signer,
    verify,
  })
  expect(acquaintance.hello.node).toBe(mesh.node)
  const frames: string[] = []
  acquaintance.open({ frame: (text) => frames.push(text), closed() {} })
  wire.send(JSON.stringify({ kind: 'ping', number: 7 }))
  await vi.waitFor(() => expect(frames).toContain('{"kind":"pong","number":7}'), patienceMs)
  const { links, counters } = await mesh.status()
  expect(links).toHaveLength(1)
  expect(counters['hellos_refused'] ?? 0).toBe(refused)
  wire.close('done')
}

/** Waits for the node's own hello on a wire that says nothing yet. */
async function helloOn(wire: Wire): Promise<Hello> {
  const told = record(wire)
  await vi.waitFor(() => expect(told.frames).toHaveLength(1), patienceMs)
  const hello = parseHello(told.frames[0] ?? '')
  if (!hello) throw new Error('the node said no hello')
  return hello
}

describe('who cannot prove a mesh key', () => {
  it('is refused in the handshake without a key', async () => {
    const stream = connectTls({ ...address, rejectUnauthorized: false })
    await new Promise((resolve) => stream.on('error', resolve))
    await vi.waitFor(() => expect(log).toMatch(/"connection_refused",.*"why":"[^"]+"/), patienceMs)
    await isHealthy(0)
  })

  it('is refused in the handshake with a wrong key', async () => {
    const wrong = { ...device.home.keyring, key: () => systemClock.random(32) }
    await expect(dial(wrong)).rejects.toMatchObject({ code: 'UNREACHABLE' })
    await vi.waitFor(() => expect(log).toMatch(/"connection_refused",.*"why":"[^"]+"/), patienceMs)
    await isHealthy(0)
  })

  it('is refused with a key that has been replaced', async () => {
    const before = device.home.keyring
    await mesh.stop('the key is rotated')
    const key = Buffer.from(systemClock.random(32)).toString('base64url')
    const file = join(device.home.directory, 'keys', '2')
    await writeFile(file, JSON.stringify({ mesh: before.mesh, key }), { mode: 0o600 })
    await openNode()
    const wire = await dial(before)
    expect(await refusalOf((to) => JSON.stringify(sign(to)), wire)).toBe('old mesh key')
    const ring = { ...before, epoch: 2, key: () => new Uint8Array(Buffer.from(key, 'base64url')) }
    const honest = await networkOf(ring).dial(address, never)
    await expect(
      shakeHands(honest, introductionOf(), {
        clock: systemClock,
        signer: device.home.signer,
        verify,
      }),
    ).resolves.toBeDefined()
    honest.close('done')
  })
})

describe('a hello', () => {
  it('of another connection is refused: it was not signed for this one', async () => {
    const first = await dial()
    const replayed = JSON.stringify(sign(first))
    record(first)
    first.send(replayed)
    await vi.waitFor(async () => expect((await mesh.status()).links).toHaveLength(1), patienceMs)
    expect(await refusalOf(() => replayed)).toBe('hello not signed for this link')
    first.close('done')
    await vi.waitFor(async () => expect((await mesh.status()).links).toEqual([]), patienceMs)
    await isHealthy(1)
  })

  it('that is the node’s own, sent back, is refused', async () => {
    const wire = await dial()
    const own = await helloOn(wire)
    expect(await refusalOf(() => JSON.stringify(own), wire)).toBe('hello not signed for this link')
    await isHealthy(1)
  })

  it.each<[string, (wire: Wire) => Wire]>([
    ['another exporter', (wire) => ({ ...wire, binding: systemClock.random(32) })],
    ['an empty exporter', (wire) => ({ ...wire, binding: new Uint8Array(0) })],
    ['the other end', (wire) => ({ ...wire, side: 'accepted' })],
  ])('that is signed over %s is refused', async (_what, twisted) => {
    const reason = await refusalOf((wire) => JSON.stringify(sign(twisted(wire))))
    expect(reason).toBe('hello not signed for this link')
    await isHealthy(1)
  })

  it.each<[string, Partial<Hello>]>([
    ['role', { role: 'control' }],
    ['port', { port: 80 }],
    ['host', { host: 'elsewhere' }],
    ['protocol', { protocol: [0, 9] }],
    ['peer', { peer: createPeerId(createSigner(new Uint8Array(32)).device, new Uint8Array(5)) }],
    ['key', { key: createSigner(new Uint8Array(32)).key }],
  ])('whose %s was changed after it was signed is refused', async (_what, changed) => {
    const reason = await refusalOf((wire) => JSON.stringify({ ...sign(wire), ...changed }))
    expect(reason).toBe('hello not signed for this link')
    await isHealthy(1)
  })

  it.each<[string, () => Partial<Introduction>]>([
    ['own node', () => ({ node: mesh.node })],
    ['another mesh', () => ({ mesh: 'a mesh of others' })],
    [
      'peer of another device',
      () => ({ peer: createPeerId(createSigner(new Uint8Array(32)).device, new Uint8Array(5)) }),
    ],
  ])('that is well signed but not for us is refused: %s', async (reason, different) => {
    expect(await refusalOf((wire) => JSON.stringify(sign(wire, different())))).toBe(reason)
    await isHealthy(1)
  })

  it('with a control role is refused when another device signed it', async () => {
    const signer = createSigner(systemClock.random(32))
    const peer = createPeerId(signer.device, systemClock.random(5))
    const introduction = introductionOf({ role: 'control', peer })
    const reason = await refusalOf((wire) => JSON.stringify(signHello(wire, introduction, signer)))
    expect(reason).toBe('control only from this device')
    await isHealthy(1)
  })

  it.each([
    [2, 3],
    [0, 0],
    [-5, -1],
    [9, 1],
  ])('of versions %i to %i is refused: no common version', async (oldest, newest) => {
    const reason = await refusalOf((wire) =>
      JSON.stringify({ ...sign(wire), protocol: [oldest, newest] }),
    )
    expect(reason).toBe('no common version')
    await isHealthy(1)
  })

  it.each([
    ['by characters', 'x'.repeat(4_096)],
    ['by bytes alone', 'é'.repeat(2_000)],
  ])('longer than 4 KiB %s is refused', async (_what, padding) => {
    const reason = await refusalOf((wire) => JSON.stringify({ ...sign(wire), padding }))
    expect(reason).toBe('hello too long')
    await isHealthy(1)
  })

  it('of 4 KiB to the byte is taken', async () => {
    const wire = await dial()
    const told = record(wire)
    const bare = JSON.stringify({ ...sign(wire), padding: '' })
    wire.send(bare.replace('"padding":""', `"padding":"${'x'.repeat(4_096 - bare.length)}"`))
    await vi.waitFor(async () => expect((await mesh.status()).links).toHaveLength(1), patienceMs)
    expect(told.closed).toEqual([])
    wire.close('done')
  })

  it('that never ends is cut off', async () => {
    const wire = await dial()
    const told = record(wire)
    wire.send('x'.repeat(1_000_000))
    await vi.waitFor(() => expect(told.closed).toHaveLength(1), patienceMs)
    await vi.waitFor(() => expect(log).toContain('too much before the first frame'), patienceMs)
    await isHealthy(1)
  })

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"kind":"hello"}',
    '{"kind":"ping","number":1}',
    '{"__proto__":{"kind":"hello"}}',
    '\u0000',
    '['.repeat(4_000),
  ])('is what %j is not', async (text) => {
    expect(await refusalOf(() => text)).toBe('not a hello')
    await isHealthy(1)
  })

  it('later than three seconds is refused', async () => {
    const wire = await dial()
    const told = record(wire)
    const startMs = performance.now()
    await vi.waitFor(() => expect(told.closed).toEqual(['no hello in time']), patienceMs)
    expect(performance.now() - startMs).toBeGreaterThan(2_500)
    expect(log).toContain('The link was refused: no hello in time.')
    wire.send(JSON.stringify(sign(wire)))
    await isHealthy(1)
  })

  it('said twice changes nothing', async () => {
    const wire = await dial()
    const told = record(wire)
    const hello = JSON.stringify(sign(wire))
    for (let times = 0; times < 20; times += 1) wire.send(hello)
    wire.send(JSON.stringify({ kind: 'ping', number: 3 }))
    await vi.waitFor(() => expect(told.frames).toContain('{"kind":"pong","number":3}'), patienceMs)
    expect((await mesh.status()).links).toHaveLength(1)
    wire.close('done')
  })
})

describe('who is dialled', () => {
  it.each<[string, (wire: Wire, heard: string) => string]>([
    ['hello not signed for this link', (_wire, heard) => heard],
    ['another mesh', (wire) => JSON.stringify(sign(wire, { mesh: 'a mesh of others' }))],
    ['not a hello', () => 'welcome'],
  ])('is refused just the same: %s', async (reason, answer) => {
    const network = networkOf(device.home.keyring)
    const told: string[] = []
    const listener = await network.listen('127.0.0.1', [0], (wire) => {
      wire.open({
        frame: (text) => wire.send(answer(wire, text)),
        closed: (why) => told.push(why),
      })
    })
    const wire = await network.dial(listener.address, never)
    const shaking = shakeHands(wire, introductionOf(), {
      clock: systemClock,
      signer: device.home.signer,
      verify,
    })
    await expect(shaking).rejects.toMatchObject({
      code: 'REFUSED',
      message: `The link was refused: ${reason}.`,
    })
    await vi.waitFor(() => expect(told).toEqual([reason]), patienceMs)
    await listener.close()
  })
})
