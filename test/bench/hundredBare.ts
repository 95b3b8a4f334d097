import { once } from 'node:events'
import { createServer } from 'node:https'
import { connect, createSecureContext } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import type { Order, Report, Whereabout } from './hundred.ts'

/** One end of bare links: TLS with a pre-shared key, the upgrade to WebSocket, and nothing else. */
const tls = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
} as const
/** Dials under way at once. */
const dialsMax = 32
const psk = Buffer.alloc(32, 'the key of the bench')
const secureContext = createSecureContext(tls)
const server = createServer({ ...tls, pskCallback: () => psk })
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('error', () => {})
})
const sockets: WebSocket[] = []

function tell(report: Report): void {
  if (process.connected) process.send?.(report)
}

async function dial({ host, port }: Whereabout): Promise<void> {
  const stream = connect({
    ...{ ...tls, secureContext, host, port },
    pskCallback: () => ({ psk, identity: 'bench' }),
    checkServerIdentity: () => undefined,
  })
  await once(stream.setNoDelay(), 'secureConnect')
  const socket = new WebSocket('ws://bench', {
    perMessageDeflate: false,
    createConnection: () => stream,
  })
  await once(socket, 'open')
  sockets.push(socket)
}

/** Dials each of these once. */
async function dialAll(others: readonly Whereabout[]): Promise<void> {
  const rest = [...others]
  async function dialSome(): Promise<void> {
    for (let next = rest.pop(); next; next = rest.pop()) await dial(next)
  }
  await Promise.all(Array.from({ length: dialsMax }, dialSome))
  tell({ kind: 'full' })
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: Order) => {
  if (order.kind === 'meet') void dialAll(order.others)
})
await once(server.listen({ host: '127.0.0.1', port: 0, backlog: 1_024 }), 'listening')
const address = server.address()
const port = typeof address === 'object' && address ? address.port : 0
tell({ kind: 'listening', at: { node: 'bare', host: '127.0.0.1', port } })
tell({ kind: 'ready' })
