import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../mesh/clock.ts'
import { checkDoor } from '../../mesh/doorProof.ts'
import type { LeadDoor } from '../../mesh/leadDoor.ts'
import { ask, createFiredClock, enter, freePorts, hold, openDoor, portOf, secret } from './doors.ts'

/** The door tries its wished port again after more than this; its other timers are shorter. */
const retryMs = 20_000
const families = ['127.0.0.1', '::1']
const signal = new AbortController().signal
const holderOf = (port: number, of = secret) =>
  checkDoor({ clock: systemClock, secret: of }, `http://127.0.0.1:${port}`, signal)
const isHealthy = async (port: number, host: string) =>
  (await ask(port, '/health', { host })).status === 200

let port: number
beforeEach(async () => {
  port = await freePorts()
})

describe('the door', () => {
  it('is open on the wished port in both families, and proves that it is ours', async () => {
    const door = await openDoor({ port })
    expect(door.url()).toBe(`http://127.0.0.1:${port}`)
    expect(door.urls).toEqual([door.url()])
    for (const host of families) expect(await isHealthy(port, host)).toBe(true)
    expect(await holderOf(port)).toBe('ours')
    expect(await holderOf(port, new Uint8Array(32))).toBe('another')
    await door.close()
    await door.close()
    expect(door.url()).toBeNull()
    expect(door.urls).toEqual([`http://127.0.0.1:${port}`, null])
    expect(await holderOf(port)).toBe('closed')
  })

  it.each([...families, '0.0.0.0', '::'])(
    'goes to the next port when somebody holds its own on %s alone',
    async (host) => {
      await hold(port, host)
      const clock = createFiredClock()
      const door = await openDoor({ port, clock })
      expect(portOf(door)).toBe(port + 1)
      for (const host of families) expect(await isHealthy(port + 1, host)).toBe(true)
      clock.fire(retryMs)
      await vi.waitFor(() => expect(clock.waitsMs()).toHaveLength(1))
      expect(door.urls).toEqual([door.url()])
    },
  )

  it('leaves nothing open on a port of which it got one half', async () => {
    await hold(port, '::1')
    await openDoor({ port })
    await expect(ask(port, '/health')).rejects.toThrow('ECONNREFUSED')
  })

  it('takes any port when the next ten are held too', async () => {
    for (let next = port; next <= port + 10; next += 1) await hold(next, '127.0.0.1')
    const door = await openDoor({ port })
    expect(portOf(door)).toBeGreaterThan(port + 10)
    for (const host of families) expect(await isHealthy(portOf(door), host)).toBe(true)
  })

  it('takes any port when it is asked to, and opens none when it is off', async () => {
    const clock = createFiredClock()
    const any = await openDoor({ port: 0, clock })
    for (const host of families) expect(await isHealthy(portOf(any), host)).toBe(true)
    expect(clock.waitsMs()).toEqual([])
    const none = await openDoor({ port: 'off', clock })
    expect(none.url()).toBeNull()
    expect(none.urls).toEqual([])
    await none.close()
  })

  it('stays out of the ports of links', async () => {
    const door = await openDoor({ port: 65_535 })
    expect(portOf(door)).toBeGreaterThan(0)
    const releases = await Promise.allSettled([7_909, 7_910].map((near) => hold(near, '127.0.0.1')))
    const next = await openDoor({ port: 7_909 })
    expect(portOf(next) < 7_910 || portOf(next) > 7_989).toBe(true)
    expect(releases).toHaveLength(2)
  })
})

describe('two doors that want the same port', () => {
  it('are both open, at once and side by side, whoever was first', async () => {
    const doors = await Promise.all([1, 2, 3, 4].map(() => openDoor({ port })))
    const ports = doors.map(portOf).sort()
    expect(ports).toEqual([port, port + 1, port + 2, port + 3])
    for (const each of ports) {
      for (const host of families) expect(await isHealthy(each, host)).toBe(true)
    }
  })

  it('do not take each other for their own', async () => {
    const stranger = new Uint8Array(32).fill(8)
    await openDoor({ port, secret: stranger })
    const ours = await openDoor({ port })
    expect(await holderOf(port)).toBe('another')
    expect(await holderOf(port, stranger)).toBe('ours')
    expect(await holderOf(portOf(ours))).toBe('ours')
  })
})

describe('the wished port that becomes free', () => {
  let release: () => Promise<void>
  const clock = createFiredClock()
  let door: LeadDoor & { readonly urls: (string | null)[] }
  const urlAt = (number: number) => `http://127.0.0.1:${number}`

  beforeEach(async () => {
    release = await hold(port, '127.0.0.1')
    door = await openDoor({ port, clock })
  })
  afterEach(() => door.close())

  it('is taken back, with a little chance in when', async () => {
    const [firstMs = 0] = clock.waitsMs()
    expect(firstMs).toBeGreaterThanOrEqual(27_000)
    expect(firstMs).toBeLessThanOrEqual(33_000)
    await release()
    clock.fire(retryMs)
    await vi.waitFor(() => expect(door.urls).toEqual([urlAt(port + 1), urlAt(port)]))
    expect(door.url()).toBe(urlAt(port))
    for (const host of families) expect(await isHealthy(port, host)).toBe(true)
    await vi.waitFor(() => expect(clock.waitsMs()).toEqual([]))
    await expect(ask(port + 1, '/health')).rejects.toThrow('ECONNREFUSED')
  })

  it('is taken back without a moment in which the door is closed', async () => {
    await release()
    clock.fire(retryMs)
    let asked = 0
    while (door.url() !== urlAt(port)) {
      expect(await isHealthy(portOf(door), '127.0.0.1')).toBe(true)
      asked += 1
    }
    expect(asked).toBeGreaterThan(0)
    expect(await isHealthy(port, '127.0.0.1')).toBe(true)
  })

  it('lets those at the old one finish, for a while', async () => {
    const slow = await enter(port + 1)
    slow.socket.write('GET /health HTTP/1.1\r\nHost: there\r\n')
    const silent = await enter(port + 1)
    silent.socket.write('GET /health HTTP/1.1\r\n')
    await release()
    clock.fire(retryMs)
    await vi.waitFor(() => expect(door.url()).toBe(urlAt(port)))
    await expect(ask(port + 1, '/health')).rejects.toThrow('ECONNREFUSED')
    slow.socket.write('\r\n')
    expect(await slow.ended).toContain('{"status":"ok"}')
    expect(slow.heard().toLowerCase()).toContain('connection: close')
    expect(silent.socket.destroyed).toBe(false)
    clock.fire(4_000, retryMs)
    expect(await silent.ended).toBe('')
  })

  it('is left alone once the door was closed, even in the middle of moving', async () => {
    await release()
    clock.fire(retryMs)
    await door.close()
    expect(door.url()).toBeNull()
    expect(clock.waitsMs()).toEqual([])
    for (const each of [port, port + 1]) expect(await holderOf(each)).toBe('closed')
  })
})
