import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { WebSocket } from 'ws'
import { callOf, initialize, initialized, type RawServer, spawnServer } from '../rawServer.ts'
import { startSession, untilPeers } from '../sessions.ts'
import { type Figure, median, ms, quantile } from './figures.ts'

const rounds = 150
/** Exchanges before the first that counts, so that both paths are compiled and their files exist. */
const warmUp = 400
/** Both paths rest before each round: what follows within 250 ms would be gathered into the next event. */
const restMs = 260

/** One exchange over the bare path; `text` is stored at both ends, or nothing when it is empty. */
async function openBare(scratch: string) {
  const child = fork(join(import.meta.dirname, 'bare.ts'), [join(scratch, 'bare-b')])
  const [{ port }] = await once(child, 'message')
  const database = new ClassicLevel<string, string>(join(scratch, 'bare-a'))
  await database.open()
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await once(socket, 'open')
  let count = 0
  return {
    async exchange(text: string): Promise<number> {
      count += 1
      const since = performance.now()
      if (text !== '') await database.put(`k${count}`, text, { sync: true })
      socket.send(text)
      await once(socket, 'message')
      return performance.now() - since
    },
    async close() {
      socket.close()
      child.disconnect()
      await database.close()
    },
  }
}

function rest(): Promise<void> {
  return new Promise((done) => setTimeout(done, restMs))
}

/** From `send_message` written to the channel notification read, beside the bare path. */
export async function measureLatency(scratch: string): Promise<Figure> {
  const bare = await openBare(scratch)
  const home = join(scratch, 'latency')
  const variables = { MESH_BRAKES: 'off' }
  const place = { home, directory: scratch }
  const ann = spawnServer({ ...place, name: 'ann', variables })
  const bob = spawnServer({
    ...place,
    name: 'bob',
    variables: { ...variables, MESH_DELIVERY: 'channel' },
  })
  for (const server of [ann, bob]) server.say(initialize, initialized)
  const watcher = await startSession({ ...place, name: 'watcher' })
  await untilPeers(watcher, 2)
  await watcher.close()
  const text = 'x'.repeat(500)
  const [paths, ours]: [number[], number[]] = [[], []]
  for (let round = 0; round < warmUp; round += 1) {
    await bare.exchange(text)
    await call(ann, 'send_message', { to: 'bob', message: `${text} before ${round}` })
    if (round % 100 === 0) await call(bob, 'check_messages', { limit: 200 })
  }
  // What came in the meantime is still being pushed, twenty messages at a time.
  await new Promise((done) => setTimeout(done, 8_000))
  for (let round = 0; round < rounds; round += 1) {
    await rest()
    const hop = (await bare.exchange('')) / 2
    await rest()
    const path = (await bare.exchange(text)) - hop
    await rest()
    const own = await sendAndRead(`${text} ${round}`)
    paths.push(path)
    ours.push(own)
  }
  await Promise.all([leave(ann), leave(bob), bare.close()])

  async function sendAndRead(message: string): Promise<number> {
    const read = bob.answer(
      ({ method, params }) =>
        method === 'notifications/claude/channel' && params?.content === message,
    )
    const since = performance.now()
    const answered = call(ann, 'send_message', { to: 'bob', message })
    await read
    const elapsed = performance.now() - since
    await answered
    return elapsed
  }

  const [own, path] = [median(ours), median(paths)]
  return {
    what: '`send_message` written -> channel notification read, both disks synced',
    measured: `p50 ${ms(own)} (p99 ${ms(quantile(ours, 0.99))}), ${(own / path).toFixed(1)} x the bare path of ${ms(path)}`,
    target: '<= 3 x bare, <= 5 ms',
    isMet: own <= 5 && own <= 3 * path,
  }
}

let calls = 1

/** Calls a tool and waits for its answer. */
async function call(server: RawServer, tool: string, input: object): Promise<void> {
  calls += 1
  const id = calls
  server.say(callOf(id, tool, input))
  await server.answer((message) => message.id === id)
}

async function leave({ child }: RawServer): Promise<void> {
  child.stdin?.end()
  await once(child, 'exit')
}
