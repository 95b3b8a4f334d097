import { createInterface } from 'node:readline'
import { openMesh } from '../../mesh/open.ts'
import { environmentOf } from '../unit/environment.ts'

/** A request of the test: one JSON line each way, see `nodes.ts`. */
interface Request {
  readonly ask: 'memory' | 'unread' | 'send' | 'status' | 'stop'
  readonly to?: string
  readonly texts?: readonly string[]
}

const mesh = await openMesh(
  environmentOf({ variables: process.env, pid: process.pid, parentPid: process.ppid }),
  {
    version: '0.0.0',
    projectDirectory: process.cwd(),
    writeLog: (line) => void process.stderr.write(line),
    leave: () => process.exit(0),
  },
)

function memory() {
  // What is garbage is no cost; twice, because finalisers free more.
  for (const collect of [globalThis.gc, globalThis.gc]) collect?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heapUsed, external }
}

async function answer({ ask, to = '', texts = [] }: Request): Promise<unknown> {
  if (ask === 'memory') return memory()
  if (ask === 'status') return mesh.status()
  if (ask === 'unread') {
    const items = await mesh.inbox.list(10_000)
    return items.filter(({ kind }) => kind !== 'notice').map(({ body }) => body)
  }
  if (ask === 'stop') return mesh.stop('test is over')
  // Each waits a moment for its delivery: one by one, a peer that is silent would be given up first.
  await Promise.all(texts.map((message) => mesh.send({ to, message })))
  return texts.length
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value ?? null)}\n`)
}

await mesh.start()
say({ peer: mesh.peer, node: mesh.node })
for await (const line of createInterface({ input: process.stdin })) {
  const request: Request = JSON.parse(line)
  try {
    say({ result: (await answer(request)) ?? null })
  } catch (thrown) {
    say({ error: String(thrown) })
  }
}
process.exit(0)
