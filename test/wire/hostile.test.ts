import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../mesh/clock.ts'
import { shakeHands } from '../../mesh/hello.ts'
import { silentLog } from '../../mesh/log.ts'
import type { Address, Wire } from '../../mesh/network.ts'
import { createWebSocketNetwork } from '../../mesh/websocket.ts'
import { createPeerId, type NodeId, uuidV7 } from '../../state/ids.ts'
import { createVerifier } from '../../state/signatures.ts'
import { createChance } from '../sim/world.ts'
import { createDevice, type Device, type Memory, type NodeProcess } from './nodes.ts'

const seed = 23
const framesMin = 200_000
/** Handed to the socket in one go, before its end can be noticed here: all of them are really sent. */
const burst = 500
/** What all of it may leave behind in the node. */
const growthBytesMax = 64 * 1_024 * 1_024
const patience = { timeout: 60_000, interval: 100 }
const never = new AbortController().signal

let device: Device
let node: NodeProcess
let address: Address

beforeEach(async () => {
  device = await createDevice()
  node = await device.start({ MESH_DISCOVERY: 'static' })
  address = await node.address()
})

afterEach(() => device.stop())

function dial(): Promise<Wire> {
  const { keyring } = device.home
  const deps = { keyring: () => keyring, clock: systemClock, log: silentLog }
  return createWebSocketNetwork(deps).dial(address, never)
}

/** A wire of an honest node of this device, which may then say anything. */
async function link() {
  const { keyring, signer } = device.home
  const wire = await dial()
  const introduction = {
    mesh: keyring.mesh,
    node: uuidV7(systemClock.now(), systemClock.random(10)) as NodeId,
    peer: createPeerId(signer.device, systemClock.random(5)),
    role: 'node' as const,
    host: 'other',
    port: 0,
  }
  const deps = { clock: systemClock, signer, verify: createVerifier() }
  const { open } = await shakeHands(wire, introduction, deps)
  const state = { closed: '', pong: 0 }
  open({
    frame(text) {
      const parsed = JSON.parse(text)
      if (parsed.kind === 'pong') state.pong = parsed.number
    },
    closed(reason) {
      state.closed = reason
    },
  })
  return { wire, state, peer: introduction.peer }
}

/** Sends in portions, so that what is counted is what the node has to deal with and not our buffer. */
async function flood(wire: Wire, count: number, next: () => string): Promise<number> {
  for (let sent = 0; sent < count; sent += 1) {
    wire.send(next())
    if (sent % burst !== burst - 1) continue
    await vi.waitFor(() => expect(wire.bufferedBytes).toBeLessThan(65_536), {
      ...patience,
      interval: 1,
    })
  }
  return count
}

/** Texts that are no frames, or no longer: cut, bent, nested, too deep, of no kind. */
function malformed(chance: () => number): string {
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[Math.floor(chance() * items.length)] ?? items[0]
  const value = () =>
    pick([
      'null',
      '-1',
      '1e999',
      '"\\ud800"',
      '[]',
      '{}',
      'true',
      '{"__proto__":{}}',
      `"${'x'.repeat(200)}"`,
    ])
  const kind = pick(['hello', 'ping', 'update', 'state', 'heads', 'want', 'entries', 'cursors'])
  const whole = `{"kind":"${kind}","number":${value()},"document":${value()},"entries":${value()},"scopes":${value()}}`
  return pick([
    whole,
    whole.slice(0, Math.floor(chance() * whole.length)),
    `[${whole}]`,
    '['.repeat(500),
    value(),
    `{"kind":${value()}}`,
    '\u0000\uffff',
    '',
  ])
}

/** Frames of the right form whose content is wrong: only the parts behind the door can refuse them. */
function senseless(chance: () => number, own: string): string {
  const number = () => Math.floor(chance() * 1_000_000)
  const rubbish = () => Buffer.from(systemClock.random(1 + (number() % 60))).toString('base64')
  const id = () => uuidV7(number(), systemClock.random(10))
  const scope = `dm:${[own, node.peer].sort().join('~')}`
  const document = number() % 2 === 0 ? 'lobby@1' : `group/${number()}@1`
  const frames = [
    { kind: 'update', document, update: rubbish(), piece: { id: number(), index: 0, of: 4_096 } },
    { kind: 'state', document, vector: rubbish() },
    { kind: 'want', scope, peer: node.peer, node: id(), from: 1, to: 1_000_000_000 },
    {
      kind: 'want',
      scope: 'dm:00000000-00000000~00000000-00000001',
      peer: own,
      node: id(),
      from: 9,
      to: 1,
    },
    {
      kind: 'heads',
      scopes: { [scope]: { [`${own}/${id()}`]: 1_000 } },
    },
    { kind: 'compare', documents: { [document]: 'x' }, feeds: 'x', answer: false },
    { kind: 'nodes', nodes: [{ node: id(), host: '127.0.0.1', port: 1 }] },
    { kind: 'pong', number: number() },
    { kind: 'response', id: number() },
    { kind: `of ${number()}` },
  ]
  return JSON.stringify(frames[number() % frames.length])
}

/**
 * Proves that it lives, answers, and holds no more than it may. What an answer needed for a moment
 * is given back to the system a little later, so that pages are waited for; what lives is not.
 */
async function isUnharmed(before: Memory): Promise<void> {
  const { wire, state } = await link()
  wire.send('{"kind":"ping","number":9}')
  await vi.waitFor(() => expect(state.pong).toBe(9), patience)
  void wire.close('done')
  await vi.waitFor(async () => expect((await node.status()).links).toEqual([]), patience)
  expect(node.child.exitCode).toBeNull()
  const after = await node.memory()
  const living = ({ heapUsed, external }: Memory) => heapUsed + external
  expect(living(after) - living(before)).toBeLessThan(growthBytesMax / 4)
  await vi.waitFor(async () => {
    expect((await node.memory()).rss - before.rss).toBeLessThan(growthBytesMax)
  }, patience)
}

describe(`a node that is sent ${framesMin} frames of nonsense, seed ${seed}`, () => {
  it('before any hello refuses each wire at its first, and is unharmed', async () => {
    const chance = createChance(seed)
    const before = await node.memory()
    let sent = 0
    while (sent < framesMin) {
      const wire = await dial()
      wire.open({ frame() {}, closed() {} })
      sent += await flood(wire, burst, () => malformed(chance))
      wire.terminate('next')
    }
    await vi.waitFor(async () => {
      expect((await node.status()).counters['hellos_refused']).toBe(framesMin / burst)
    }, patience)
    await isUnharmed(before)
  }, 180_000)

  it('after a hello ends a link that speaks no language, and is unharmed', async () => {
    const chance = createChance(seed)
    const before = await node.memory()
    for (let sent = 0; sent < framesMin; ) {
      const { wire, state } = await link()
      sent += await flood(wire, burst, () => malformed(chance))
      await vi.waitFor(() => expect(state.closed).toBe('malformed frames'), patience)
    }
    expect((await node.status()).counters['frames_malformed']).toBe((3 * framesMin) / burst)
    await isUnharmed(before)
  }, 180_000)

  it('in well-formed frames takes nothing of it, and is unharmed', async () => {
    const chance = createChance(seed)
    const { wire, state, peer } = await link()
    await flood(wire, 5_000, () => senseless(chance, peer))
    const before = await node.memory()
    await flood(wire, framesMin, () => senseless(chance, peer))
    wire.send('{"kind":"ping","number":5}')
    await vi.waitFor(() => expect(state).toEqual({ pong: 5, closed: '' }), patience)
    // Of ten kinds seven reach the exchange: the link was open for all of them.
    const { counters } = await node.status()
    expect(counters['frames_received']).toBeGreaterThan((framesMin * 7) / 10 / 1.1)
    void wire.close('done')
    await isUnharmed(before)
    expect((await node.status()).store.problem).toBeUndefined()
  }, 240_000)

  it('in updates that no document can hold ends the link at the third', async () => {
    const { wire, state } = await link()
    const before = (await node.status()).counters['updates_malformed'] ?? 0
    for (let round = 0; round < 10; round += 1) {
      const update = Buffer.alloc(40, 255).toString('base64')
      wire.send(JSON.stringify({ kind: 'update', document: 'directory@1', update }))
    }
    await vi.waitFor(() => expect(state.closed).toBe('malformed updates'), patience)
    expect((await node.status()).counters['updates_malformed']).toBeGreaterThanOrEqual(before + 3)
    expect(node.child.exitCode).toBeNull()
  })
})
