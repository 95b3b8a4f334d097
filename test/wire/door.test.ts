import { createServer } from 'node:net'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { securityHeaders } from '../../dashboard/headers.ts'
import { visitorsMax } from '../../dashboard/visitors.ts'
import { systemClock } from '../../mesh/clock.ts'
import { checkDoor } from '../../mesh/doorProof.ts'
import { ask, createFiredClock, enter, openDoor, portOf, say, secret } from './doors.ts'

let port: number
beforeEach(async () => {
  port = portOf(await openDoor())
})

const challenge = 'c'.repeat(43)
const proofAddress = `/.well-known/mesh?challenge=${challenge}`
const isAlive = async () => (await ask(port, '/health')).status === 200

function expectSecure({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): void {
  expect(headers).toMatchObject(securityHeaders)
  const names = Object.keys(headers)
  expect(names.filter((name) => /^(server|x-powered-by|access-control-.*)$/.test(name))).toEqual([])
}

describe('the door answers', () => {
  it('that it is healthy, to anybody', async () => {
    const answer = await ask(port, '/health', {
      headers: { host: 'evil.example', origin: 'https://evil.example' },
    })
    expect(answer).toMatchObject({ status: 200, text: '{"status":"ok"}' })
    expect(answer.headers['content-type']).toBe('application/json')
    expectSecure(answer)
    const head = await ask(port, '/health', { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, text: '' })
    expectSecure(head)
  })

  it('the proof that it was asked for', async () => {
    const answer = await ask(port, proofAddress)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({ proof: expect.stringMatching(/^[\w-]{43}$/) })
    expectSecure(answer)
  })

  it.each([
    [421, 'a foreign host', '/', { headers: { host: 'evil.example' } }],
    [421, 'another port', '/', { headers: { host: 'localhost:1' } }],
    [403, 'a foreign page', '/', { headers: { origin: 'https://evil.example' } }],
    [403, 'a page of nobody', proofAddress, { headers: { origin: 'null' } }],
    [405, 'what would change something', '/', { method: 'POST', body: 'a=1' }],
    [405, 'a question what is allowed', '/health', { method: 'OPTIONS' }],
    [405, 'a body that waits', '/', { method: 'DELETE', headers: { expect: '100-continue' } }],
    [404, 'an expectation', '/', { headers: { expect: 'something' } }],
    [400, 'a socket', '/health', { headers: { connection: 'Upgrade', upgrade: 'websocket' } }],
    [400, 'a body', '/', { body: 'a=1', headers: { 'content-length': '3' } }],
    [400, 'no challenge', '/.well-known/mesh', {}],
    [404, 'the page', '/', {}],
    [404, 'a way upwards', '/../../../../etc/passwd', {}],
    [404, 'a hidden way upwards', '/%2e%2e/%2e%2e/etc/passwd', {}],
    [404, 'a way upwards on Windows', '/assets/..%5c..%5cdevice.key', {}],
    [414, 'a long address', `/${'a'.repeat(2_048)}`, {}],
    [431, 'a long header', '/', { headers: { 'x-much': 'a'.repeat(8_192) } }],
  ])('%i to %s', async (status, _what, path, given) => {
    const answer = await ask(port, path, given)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text)).toEqual({ error: expect.stringMatching(/^[A-Z].*\.$/) })
    expectSecure(answer)
  })

  it('once to a request with something behind it that is none', async () => {
    const request = `GET /health HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`
    const said = await say(port, `${request}rubbish\r\n\r\n`)
    expect(said.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200'])
  })

  it.each([
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 421],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: localhost:PORT\r\nHost: localhost:PORT\r\n\r\n', 421],
    ['an old protocol without a host', 'GET / HTTP/1.0\r\n\r\n', 421],
    ['a tunnel', 'CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example\r\n\r\n', 405],
    [
      'an address of elsewhere',
      'GET http://evil.example/health HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n',
      404,
    ],
    ['a method nobody knows', 'EVIL / HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n', 400],
    ['no protocol', 'hello\r\n\r\n', 400],
    ['TLS', Buffer.from('160301020001000001fc0303', 'hex'), 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ])('%s with a refusal, and hangs up', async (_what, bytes, status) => {
    const close = 'Connection: close\r\n\r\n'
    const text = typeof bytes === 'string' ? bytes.replaceAll('PORT', String(port)) : bytes
    const isParsed = status === 421 || status === 404
    const said = isParsed ? String(text).replace(/\r\n$/, close) : text
    const answer = await say(port, said)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    for (const [name, value] of Object.entries(securityHeaders)) {
      expect(head.toLowerCase()).toContain(`${name}: ${value}`.toLowerCase())
    }
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) })
    expect(await isAlive()).toBe(true)
  })

  it('nothing worse to random bytes', async () => {
    const said = await Promise.all(
      Array.from({ length: 50 }, () =>
        say(port, Buffer.concat([systemClock.random(512), Buffer.from('\r\n\r\n')])),
      ),
    )
    for (const answer of said) expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(await isAlive()).toBe(true)
  })
})

describe('whoever only holds connections', () => {
  it('keeps nobody out, and gets no more than there are', async () => {
    const crowd = await Promise.all(Array.from({ length: 300 }, () => enter(port)))
    expect(await isAlive()).toBe(true)
    const inside = crowd.filter(({ socket }) => !socket.destroyed)
    expect(inside.length).toBeLessThanOrEqual(visitorsMax)
    expect(inside.length).toBeGreaterThan(visitorsMax - 20)
    // The oldest made room.
    expect(crowd[0]?.socket.destroyed).toBe(true)
    expect(crowd.at(-1)?.socket.destroyed).toBe(false)
  })

  it('may begin as many requests as he likes', async () => {
    const crowd = await Promise.all(Array.from({ length: 300 }, () => enter(port)))
    for (const { socket } of crowd) socket.write('GET /health HTTP/1.1\r\nHost: x')
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(port, '/health')))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
  })

  it('is shown out soon: with a header that never ends, without a word, or between two requests', async () => {
    const [slow, mute, idle] = await Promise.all([enter(port), enter(port), enter(port)])
    const began = performance.now()
    slow.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    idle.socket.write(`GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    expect(await slow.ended).toMatch(/^HTTP\/1.1 408 /)
    expect(await idle.ended).toMatch(/^HTTP\/1.1 200 /)
    await mute.ended
    expect(performance.now() - began).toBeLessThan(8_500)
    expect(performance.now() - began).toBeGreaterThan(4_500)
  }, 30_000)
})

describe('checking a door', () => {
  const signal = new AbortController().signal
  const check = (at: number, given = signal) =>
    checkDoor({ clock: systemClock, secret }, `http://127.0.0.1:${at}`, given)

  /** Somebody else, who answers every connection with that text, or with nothing. */
  async function stranger(text: string | undefined): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (text !== undefined) socket.once('data', () => socket.end(text))
      onTestFinished(() => void socket.destroy())
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const address = server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

  it('knows ours, and a proof that was made for another port', async () => {
    expect(await check(port)).toBe('ours')
    // He passes what he is asked on to our door.
    const relay = createServer((socket) => {
      socket.once('data', (data) => {
        const [, path = ''] = String(data).split(' ')
        void ask(port, path).then(({ text }) => socket.end(ok(text)))
      })
    })
    await new Promise<void>((done) => relay.listen(0, '127.0.0.1', done))
    onTestFinished(() => void relay.close())
    const address = relay.address()
    expect(await check(typeof address === 'object' && address ? address.port : 0)).toBe('another')
  })

  it.each([
    ['what is no HTTP', 'hello'],
    ['what is no JSON', ok('hello')],
    ['no proof', ok('{}')],
    ['a number', ok('{"proof":1}')],
    ['null', ok('null')],
    ['a short proof', ok(`{"proof":"${'a'.repeat(42)}"}`)],
    ['too much', ok(`{"proof":"${'a'.repeat(43)}","more":"${'a'.repeat(1_000)}"}`)],
    ['a long header', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['where else to ask', 'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'],
    ['nothing', ''],
  ])('calls a stranger foreign, who says %s', async (_what, text) => {
    expect(await check(await stranger(text))).toBe('foreign')
  })

  it('takes a door of the same kind for another, never for ours', async () => {
    expect(await check(await stranger(ok(`{"proof":"${'a'.repeat(43)}"}`)))).toBe('another')
  })

  it('does not wait for one that says nothing, nor when it was given up', async () => {
    const mute = await stranger(undefined)
    const clock = createFiredClock()
    const waiting = checkDoor({ clock, secret }, `http://127.0.0.1:${mute}`, signal)
    await expect.poll(() => clock.waitsMs()).toEqual([2_000])
    const isTaken = await enter(mute)
    clock.fire(2_000)
    expect(['foreign', 'closed']).toContain(await waiting)
    isTaken.socket.destroy()
    expect(await check(mute, AbortSignal.abort())).toBe('closed')
    expect(clock.waitsMs()).toEqual([])
  })

  it('calls a port closed that nobody holds', async () => {
    const door = await openDoor()
    const freed = portOf(door)
    await door.close()
    expect(await check(freed)).toBe('closed')
  })
})
