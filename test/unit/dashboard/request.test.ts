import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy, securityHeaders } from '../../../dashboard/headers.ts'
import { answerTo, type Request } from '../../../dashboard/request.ts'
import { proveDoor } from '../../../mesh/doorProof.ts'

const door = { port: 7_899, secret: new Uint8Array(32).fill(1) }
const challenge = 'c'.repeat(43)

function ask(target: string, different: Partial<Request> = {}) {
  const plain = { method: 'GET', hosts: ['127.0.0.1:7899'], origins: [], wantsMore: false }
  return answerTo({ ...plain, target, ...different }, door)
}

describe('the door', () => {
  it.each([
    {},
    { hosts: ['evil.example'] },
    { hosts: [] },
    { origins: ['https://evil.example'] },
    { method: 'HEAD' },
  ])('tells anybody that it is healthy, and nothing else: %j', (different) => {
    expect(ask('/health', different)).toEqual({ status: 200, body: { status: 'ok' } })
  })

  it.each(['127.0.0.1:7899', 'localhost:7899', '[::1]:7899', 'LOCALHOST:7899'])(
    'answers to the name %s, and to pages of its own there',
    (host) => {
      const origins = [`http://${host.toLowerCase()}`]
      expect(ask('/', { hosts: [host] }).status).toBe(404)
      expect(ask('/', { hosts: [host], origins }).status).toBe(404)
    },
  )

  it.each([
    [[]],
    [['']],
    [['evil.example:7899']],
    [['127.0.0.1']],
    [['127.0.0.1:7900']],
    [['127.0.0.2:7899']],
    [['127.1:7899']],
    [['localhost.evil.example:7899']],
    [['localhost:7899.evil.example']],
    [['x@localhost:7899']],
    [['localhost.:7899']],
    [['[::ffff:127.0.0.1]:7899']],
    [['127.0.0.1:7899', '127.0.0.1:7899']],
    [['evil.example', '127.0.0.1:7899']],
  ])('refuses requests for another host: %j', (hosts) => {
    expect(ask('/', { hosts }).status).toBe(421)
    expect(ask(`/.well-known/mesh?challenge=${challenge}`, { hosts }).status).toBe(421)
  })

  it.each([
    'null',
    '',
    'https://127.0.0.1:7899',
    'http://127.0.0.1',
    'http://127.0.0.1:3000',
    'http://localhost:7899',
    'http://evil.example',
    'http://127.0.0.1:7899.evil.example',
  ])('refuses what a page of the origin "%s" asks', (origin) => {
    expect(ask('/', { origins: [origin] }).status).toBe(403)
    expect(ask('/', { origins: ['http://127.0.0.1:7899', origin] }).status).toBe(403)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'get', ''])(
    'refuses the method "%s", and says which it knows',
    (method) => {
      for (const target of ['/', '/health', '/.well-known/mesh']) {
        const answer = ask(target, { method })
        expect(answer.status).toBe(405)
        expect(answer.headers).toEqual({ allow: 'GET, HEAD' })
      }
    },
  )

  it.each([
    '/',
    '',
    '*',
    '/health/',
    '/Health',
    '//health',
    '/health/../health',
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..\\..\\device.key',
    '/.well-known/mesh/',
    '/.well-known/../.well-known/mesh',
    'http://127.0.0.1:7899/health',
    '/index.html',
    '/%00',
  ])('has nothing at "%s"', (target) => {
    const answer = ask(target)
    expect(answer.status).toBe(404)
    expect(JSON.stringify(answer.body)).not.toContain('passwd')
  })

  it('refuses long addresses, bodies and other protocols', () => {
    expect(ask(`/${'a'.repeat(2_047)}`).status).toBe(404)
    expect(ask(`/${'a'.repeat(2_048)}`).status).toBe(414)
    expect(ask(`/health?${'a'.repeat(2_048)}`).status).toBe(414)
    for (const target of ['/', '/health', `/.well-known/mesh?challenge=${challenge}`]) {
      expect(ask(target, { wantsMore: true }).status).toBe(400)
    }
  })

  it('proves whose it is, for its port and that challenge alone', () => {
    const proved = (text: string) => ask(`/.well-known/mesh?challenge=${text}`)
    const proof = proveDoor(door.secret, door.port, challenge)
    expect(proved(challenge)).toEqual({ status: 200, body: { proof } })
    expect(proof).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(proveDoor(door.secret, 7_900, challenge)).not.toBe(proof)
    expect(proveDoor(new Uint8Array(32), door.port, challenge)).not.toBe(proof)
    expect(proved('d'.repeat(43)).body).not.toEqual({ proof })
    expect([22, 64].map((length) => proved('a'.repeat(length)).status)).toEqual([200, 200])
  })

  it.each([
    '',
    '?',
    '?challenge',
    '?challenge=',
    `?challenge=${'a'.repeat(21)}`,
    `?challenge=${'a'.repeat(65)}`,
    `?challenge=${'a'.repeat(22)}%20`,
    `?challenge=${'a'.repeat(22)}|7900`,
    `?challenge=${challenge}&more=1`,
    `?more=1&challenge=${challenge}`,
    `?challenge=${challenge}?`,
    `?challenge=${challenge}\n`,
    `?challenge=challenge=${challenge}`,
  ])('proves nothing when it is asked with "%s"', (query) => {
    const answer = ask(`/.well-known/mesh${query}`)
    expect(answer.status).toBe(400)
    expect(answer.body).not.toHaveProperty('proof')
  })
})

describe('what goes with every answer', () => {
  it('lets nobody load, frame, keep or guess at it', () => {
    expect(contentSecurityPolicy).toBe(
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    )
    expect(securityHeaders['content-security-policy']).toBe(contentSecurityPolicy)
    expect(Object.keys(securityHeaders).some((name) => name.startsWith('access-control'))).toBe(
      false,
    )
  })
})
