import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createDevice, type Device } from './nodes.ts'

/** The regular comparison comes every 30 s: what arrives each time within this did not wait for it. */
const soonMs = 12_000
const rounds = 4
/** Together more than a link buffers and the system too. */
const messages = 60
const body = (name: string) => `${name} ${'x'.repeat(60_000)}`

let device: Device
beforeEach(async () => {
  device = await createDevice()
})
afterEach(() => device.stop())

it('a peer that was stopped while it was flooded has everything soon after it goes on', async () => {
  const variables = { MESH_BRAKES: 'off', MESH_DISCOVERY: 'rendezvous' }
  const sender = await device.start(variables)
  const receiver = await device.start(variables)
  const isLinked = async () => {
    const { links } = await sender.status()
    expect(links.map(({ peer }) => peer)).toContain(receiver.peer)
  }
  await vi.waitFor(isLinked, { timeout: 20_000 })
  let droppedBefore = 0
  for (let round = 1; round <= rounds; round += 1) {
    receiver.child.kill('SIGSTOP')
    const texts = Array.from({ length: messages }, (_, index) => body(`${round} ${index}`))
    await sender.send(receiver.peer, texts)
    const dropped = (await sender.status()).counters['frames_dropped'] ?? 0
    expect(dropped).toBeGreaterThan(droppedBefore)
    droppedBefore = dropped
    receiver.child.kill('SIGCONT')
    await vi.waitFor(async () => expect(await receiver.unread()).toHaveLength(round * messages), {
      timeout: soonMs,
      interval: 200,
    })
  }
  const { links, counters } = await sender.status()
  const link = links.find(({ peer }) => peer === receiver.peer)
  expect(link?.bytes_out).toBeGreaterThan(rounds * messages * 60_000)
  expect(counters['bytes_out']).toBeGreaterThanOrEqual(link?.bytes_out ?? 0)
}, 120_000)
