import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type * as tls from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../../mesh/clock.ts'
import { createGate, everything, host, patienceMs, refusal, request, ringOf } from './gate.ts'

const { keys, accepted, open, ours, portOf, dialWith, serves, offer, secure, raw } = createGate()

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
    const plain = new WebSocket(`ws://${host}:${portOf()}/mesh`)
    await expect(once(plain, 'open')).rejects.toThrow()
    for (const text of [request('/mesh'), 'GET / HTTP/1.0\r\n\r\n', 'x'.repeat(100_000)]) {
      const socket = connectTcp(portOf(), host)
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
    await vi.waitFor(() => expect(accepted).toHaveLength(24), patienceMs)
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
    await vi.waitFor(() => expect(accepted).toHaveLength(100), patienceMs)
    for (const wire of wires) wire.terminate('done')
  })
})
