import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDevice, type Device, type NodeProcess } from './nodes.ts'

/** What a peer that is stopped may cost its sender. */
const costBytesMax = 32 * 1_024 * 1_024
/** A message near the largest, so that what is sent to the stopped peer is more than it may cost. */
const body = (name: string) => `${name} ${'x'.repeat(60_000)}`
/** Beside the transfer itself: what was not sent live comes with the comparison every 30 s. */
const patience = { timeout: 120_000, interval: 1_000 }

let device: Device
let sender: NodeProcess
let receiver: NodeProcess

beforeEach(async () => {
  device = await createDevice()
  const variables = { MESH_BRAKES: 'off', MESH_DISCOVERY: 'rendezvous' }
  sender = await device.start(variables)
  receiver = await device.start(variables)
})

afterEach(() => device.stop())

async function linked(): Promise<void> {
  await vi.waitFor(async () => {
    const { links } = await sender.status()
    expect(links.map(({ peer }) => peer)).toContain(receiver.peer)
  }, patience)
}

/** Everything that a process holds: pages, and what lives in them after the garbage went. */
async function held(): Promise<{ readonly rss: number; readonly living: number }> {
  const { rss, heapUsed, external } = await sender.memory()
  return { rss, living: heapUsed + external }
}

const nameOf = (text: string) => text.slice(0, 24).replaceAll('x', '').trim()

describe('a peer whose process is stopped', () => {
  it('costs its sender little however much is sent to it, and gets everything when it goes on', async () => {
    await linked()
    // The first hundred warm both up, so that only what follows is counted.
    const first = Array.from({ length: 100 }, (_, index) => body(`before ${index}`))
    await sender.send(receiver.peer, first)
    await vi.waitFor(async () => expect(await receiver.unread()).toHaveLength(100), patience)
    const before = await held()

    receiver.child.kill('SIGSTOP')
    const texts = Array.from({ length: 700 }, (_, index) => body(`while stopped ${index}`))
    expect(texts.join('').length).toBeGreaterThan(costBytesMax)
    for (let sent = 0; sent < texts.length; sent += 100) {
      await sender.send(receiver.peer, texts.slice(sent, sent + 100))
      const now = await held()
      // Silence ends a link after 45 s; before that it is the limits on what is buffered that hold.
      const { links } = await sender.status()
      expect(links.filter(({ peer }) => peer === receiver.peer)).toHaveLength(1)
      expect(now.living - before.living).toBeLessThan(costBytesMax)
    }
    // Pages that writing to the own disk needed go back to the system a little later.
    await vi.waitFor(
      async () => expect((await held()).rss - before.rss).toBeLessThan(costBytesMax),
      { timeout: 20_000, interval: 500 },
    )

    receiver.child.kill('SIGCONT')
    await vi.waitFor(async () => expect(await receiver.unread()).toHaveLength(800), patience)
    const arrived = (await receiver.unread()).map(nameOf)
    expect(arrived.sort()).toEqual([...first, ...texts].map(nameOf).sort())
  }, 240_000)
})
