import { networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline'
import { type Clock, systemClock } from '../../mesh/clock.ts'
import { createLog } from '../../mesh/log.ts'
import { createMdns } from '../../mesh/mdns.ts'
import { loadMulticast } from '../../mesh/multicast.ts'
import type { NodeId } from '../../state/ids.ts'

/**
 * Announces itself by multicast DNS and tells what it finds, one JSON line each on stdout. Port and
 * mesh key are in PORT and KEY; with HASTE its time runs so many times faster. Requests come in on
 * stdin: `health`, `stop` or `refused <host> <port>`.
 */
const { PORT, KEY = 'a key', HASTE = '1' } = process.env
const haste = Number(HASTE)
const clock: Clock = {
  ...systemClock,
  elapsed: () => systemClock.elapsed() * haste,
  after: (ms, callback) => systemClock.after(ms / haste, callback),
}
const key = Buffer.alloc(32, KEY)
const mdns = createMdns(
  {
    clock,
    log: createLog('info', (line) => process.stderr.write(line), clock.now),
    keyring: () => ({ mesh: 'mesh one', epoch: 1, key: () => key }),
    interfaces: networkInterfaces,
    multicast: () => loadMulticast(clock),
  },
  { protocol: 1 },
)

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const node = '01234567890123456789012345' as NodeId
await mdns.start(
  { node, host: '0.0.0.0', port: Number(PORT) },
  {
    seen: ({ host, port }) => say({ event: 'seen', address: `${host}:${port}` }),
    gone: ({ host, port }) => say({ event: 'gone', address: `${host}:${port}` }),
  },
)
say({ event: 'started' })
for await (const line of createInterface({ input: process.stdin })) {
  const [request, host = '', port = ''] = line.split(' ')
  if (request === 'health') say({ event: 'health', health: mdns.health() })
  if (request === 'refused') mdns.refused({ source: 'mdns', host, port: Number(port) })
  if (request === 'stop') break
}
await mdns.stop()
say({ event: 'stopped' })
