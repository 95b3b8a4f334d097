import { generateKeyPairSync, hkdfSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGate, host, output, refusal, ringOf, suites } from './gate.ts'

const { keys, time, open, networkWith, dialWith, run } = createGate()

describe('who is dialled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-network-'))
  const stranger = certificate()
  let server: Server
  let at: number

  afterEach(() => {
    vi.unstubAllEnvs()
    server.close()
  })

  async function listen(made: Server): Promise<void> {
    server = made
    server.on('connection', (socket) => open.push(socket))
    server.on('tlsClientError', () => {})
    await once(server.listen(0, host), 'listening')
    const address = server.address()
    at = typeof address === 'object' && address ? address.port : 0
  }

  it('is no node of ours when it shows a certificate, whatever the environment trusts', async () => {
    let secured = 0
    await listen(tls.createServer(stranger, () => (secured += 1)))
    const refused = await refusal(dialWith(ringOf(keys), at))
    expect(refused.message).toContain('No node of this mesh')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await refusal(dialWith(ringOf(keys), at))
    vi.unstubAllEnvs()
    const file = join(folder, 'trusted.pem')
    writeFileSync(file, stranger.cert)
    const dial = `network.dial({ host: '${host}', port: ${at} }, new AbortController().signal)`
    const code = `console.log(await ${dial}.then(() => 'linked', (error) => error.code))`
    expect(await output(run(code, { NODE_EXTRA_CA_CERTS: file }))).toBe('UNREACHABLE')
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['says nothing', () => createServer()],
    ['proves the key and says nothing', () => tls.createServer(holder)],
  ])('is given 10 s when it %s', async (_what, make) => {
    await listen(make())
    const quiet = time.count()
    const dialling = refusal(dialWith(ringOf(keys), at))
    await once(server, server instanceof tls.Server ? 'secureConnection' : 'connection')
    await vi.waitFor(() => expect(time.count()).toBeGreaterThan(quiet))
    time.advance(10_000)
    await dialling
    expect(time.count()).toBe(quiet)
  })

  it('can be given up in the middle', async () => {
    await listen(tls.createServer(holder))
    const giveUp = new AbortController()
    const network = networkWith(ringOf(keys))
    const dialling = refusal(network.dial({ host, port: at }, giveUp.signal))
    const [socket] = await once(server, 'secureConnection')
    socket.on('error', () => {})
    socket.resume()
    giveUp.abort()
    await Promise.all([dialling, once(socket, 'close')])
  })

  it.each([
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    `HTTP/1.1 101 ${'x'.repeat(20_000)}\r\n\r\n`,
    '\x00\xff'.repeat(10_000),
    '',
  ])('is refused when it proves the key and answers %j', async (answer) => {
    await listen(tls.createServer(holder, (socket) => socket.on('error', () => {}).end(answer)))
    await refusal(dialWith(ringOf(keys), at))
  })

  const holder: tls.TlsOptions = {
    ...suites,
    pskCallback: () => Buffer.from(hkdfSync('sha256', keys[1] ?? '', '', 'mesh link v1', 32)),
  }
})

/** A certificate that signs itself and is good for 127.0.0.1. */
function certificate(): { readonly cert: string; readonly key: string } {
  function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
    const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part))
    const body = Buffer.concat(bytes)
    const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255]
    return Buffer.concat([Buffer.from([tag, ...length]), body])
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const algorithm = der(0x30, '06032b6570')
  const name = der(0x30, der(0x31, der(0x30, '0603550403', der(0x0c, Buffer.from('stranger')))))
  const times = ['200101000000Z', '491231235959Z'].map((at) => der(0x17, Buffer.from(at)))
  const names = der(0x30, '0603551d11', der(0x04, der(0x30, '87047f000001')))
  const authority = der(0x30, '0603551d13', '0101ff', der(0x04, '30030101ff'))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const extensions = der(0xa3, der(0x30, authority, names))
  const facts = ['a003020102', '020101', algorithm, name, der(0x30, ...times), name, spki]
  const body = der(0x30, ...facts, extensions)
  const signed = der(0x30, body, algorithm, der(0x03, '00', sign(null, body, privateKey)))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
