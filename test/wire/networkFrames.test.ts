import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, it, vi } from 'vitest'
import { record } from '../contracts/network.ts'
import { createChance } from '../sim/world.ts'
import { createGate, everything, frame, host, output, patienceMs, ringOf } from './gate.ts'

const seed = 11
const { keys, accepted, dialWith, serves, raw, run } = createGate()

describe('what holders of a key may send', () => {
  const hello = frame(0x81, Buffer.from('hello'))
  it.each<[string, Buffer]>([
    ['a binary frame', frame(0x82, Buffer.from('hello'))],
    ['text that is not UTF-8', frame(0x81, Buffer.from([0xc3, 0x28]))],
    ['an unknown kind of frame', frame(0x83, Buffer.alloc(0))],
    ['compression nobody agreed on', frame(0xc1, Buffer.from('x'))],
    ['frames without a mask', frame(0x81, Buffer.from('x'), { isMasked: false })],
    ['a frame that says it is huge', frame(0x81, Buffer.from('x'), { length: 2 ** 40 })],
    ['a frame a byte too long', frame(0x81, Buffer.from('x'), { length: 1_048_577 })],
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
    await vi.waitFor(() => expect(told[0]?.closed).toHaveLength(1), patienceMs)
    expect(told[0]?.frames).toEqual(['hello'])
    await serves()
  })

  it.each([
    ['pings', Buffer.concat(Array(3_000).fill(frame(0x89, Buffer.alloc(1))))],
    ['a first frame that never ends', frame(0x81, Buffer.alloc(20_000), { length: 1_000_000 })],
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
      const noise = Buffer.from(Array.from({ length: 2 + 400 * chance() }, () => 256 * chance()))
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
    await vi.waitFor(() => expect(told[1]?.closed).toEqual(['?'.repeat(100)]), patienceMs)
    const stream = await raw()
    const [other] = accepted.slice(1).map(record)
    stream.write(frame(0x88, Buffer.from('\x03\xe8\x1b[2Jbye', 'latin1')))
    await vi.waitFor(() => expect(other?.closed).toEqual(['?[2Jbye']), patienceMs)
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
    await vi.waitFor(() => expect(wire.bufferedBytes).toBe(0), patienceMs)
    child.kill('SIGSTOP')
    const block = 'x'.repeat(1_000_000)
    for (let sent = 0; sent < 20; sent += 1) wire.send(block)
    expect(wire.bufferedBytes).toBeGreaterThan(8_388_608)
    await serves()
    expect(wire.bufferedBytes).toBeGreaterThan(8_388_608)
    child.kill('SIGCONT')
    await vi.waitFor(() => expect(wire.bufferedBytes).toBe(0), patienceMs)
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
