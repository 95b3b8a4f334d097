import { connect as connectTcp, type Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { record } from '../contracts/network.ts'
import { createGate, everything, host, patienceMs, refusal, request, ringOf } from './gate.ts'

const { keys, time, accepted, open, portOf, dialWith, serves, offer, secure } = createGate()

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
      connectTcp(portOf(), host).on('error', () => {}),
    )
    open.push(...sockets)
    await vi.waitFor(() => expect(time.count()).toBe(before + 2 * count), patienceMs)
    return sockets
  }

  const closedOf = (sockets: readonly Socket[]) => sockets.filter(({ closed }) => closed).length

  it.each([
    ['that say nothing', async () => (await linger(1))[0]],
    ['that stop after the handshake', () => secure(offer())],
    ['that never finish their request', async () => (await secure(offer())).setNoDelay()],
  ])('connections %s end after 10 s', async (what, make) => {
    const socket = await make()
    if (what.includes('request')) socket?.write('GET /mesh HTTP/1.1\r\n')
    const ended = everything(socket ?? connectTcp(portOf(), host))
    time.advance(9_999)
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
    await vi.waitFor(() => expect(closedOf(silent)).toBe(6), patienceMs)
    time.advance(9_000)
    await vi.waitFor(() => expect(closedOf(silent)).toBe(70), patienceMs)
    await serves()
  })

  it('more than 512 are not even taken', async () => {
    const silent = await linger(512)
    const late = connectTcp(portOf(), host)
    open.push(late)
    await everything(late)
    await refusal(dialWith(ringOf(keys)))
    time.advance(1_000)
    await vi.waitFor(() => expect(closedOf(silent)).toBe(448), patienceMs)
    await serves()
  })

  it('a wire outlives the limits of those that never became one', async () => {
    const dialled = await dialWith(ringOf(keys))
    await linger(70)
    time.advance(10_000)
    await vi.waitFor(() => expect(accepted).toHaveLength(1))
    const told = accepted.map(record)
    dialled.send('still here')
    await vi.waitFor(() => expect(told[0]?.frames).toEqual(['still here']), patienceMs)
  })
})
