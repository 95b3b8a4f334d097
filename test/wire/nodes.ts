import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '../../mesh/clock.ts'
import { type Home, openHome } from '../../mesh/home.ts'
import type { MeshStatus } from '../../mesh/mesh.ts'
import type { Address } from '../../mesh/network.ts'
import { environmentOf } from '../unit/environment.ts'

/** Memory of a node's process after its garbage was collected, in bytes. */
export interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

/** A real node in a process of its own. */
export interface NodeProcess {
  readonly child: ChildProcess
  readonly peer: string
  readonly node: string
  /** Everything it has logged so far, at most the last 64 KiB. */
  log(): string
  status(): Promise<MeshStatus>
  address(): Promise<Address>
  memory(): Promise<Memory>
  /** The bodies of the messages in its inbox. */
  unread(): Promise<readonly string[]>
  /** Sends all at once; resolves when the last was accepted. */
  send(to: string, texts: readonly string[]): Promise<void>
}

/** A device of its own, whose nodes end with the test. */
export interface Device {
  readonly home: Home
  start(variables?: Readonly<Record<string, string>>): Promise<NodeProcess>
  stop(): Promise<void>
}

const logBytesMax = 65_536

/** Makes a device in a temporary directory. */
export async function createDevice(): Promise<Device> {
  const root = await mkdtemp(join(tmpdir(), 'mesh-device-'))
  const directory = join(root, 'state')
  const home = await openHome(directory, environmentOf(), systemClock)
  const children: ChildProcess[] = []
  return {
    home,
    start(variables = {}) {
      const environment = { MESH_HOME: directory, MESH_PORT: 'off', ...variables }
      const child = spawnNode(root, environment)
      children.push(child)
      return talk(child)
    },
    async stop() {
      await Promise.all(children.splice(0).map(end))
      await rm(root, { recursive: true, force: true })
    },
  }
}

function spawnNode(directory: string, variables: Readonly<Record<string, string>>): ChildProcess {
  const program = new URL('./nodeProcess.ts', import.meta.url).pathname
  const tsx = import.meta.resolve('tsx')
  return spawn(process.execPath, ['--expose-gc', '--import', tsx, program], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...variables },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

async function talk(child: ChildProcess): Promise<NodeProcess> {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new Error('a node is spawned with pipes')
  let log = ''
  stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-logBytesMax)
  })
  stdin.on('error', () => {})
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  let last: Promise<unknown> = Promise.resolve()

  async function read() {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the node has ended:\n${log}`)
    return JSON.parse(value)
  }

  /** One question after the other, so that answers need no number. */
  function ask(request: object) {
    const answer = last.then(async () => {
      stdin?.write(`${JSON.stringify(request)}\n`)
      const { result, error } = await read()
      if (error !== undefined) throw new Error(error)
      return result
    })
    last = answer.catch(() => {})
    return answer
  }

  const self: { readonly peer: string; readonly node: string } = await read()
  return {
    ...self,
    child,
    log: () => log,
    status: () => ask({ ask: 'status' }),
    memory: () => ask({ ask: 'memory' }),
    unread: () => ask({ ask: 'unread' }),
    send: (to, texts) => ask({ ask: 'send', to, texts }),
    async address() {
      const { address }: MeshStatus = await ask({ ask: 'status' })
      const [host = '', port = ''] = address.split(':')
      return { host, port: Number(port) }
    },
  }
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('close', () => resolve())
    // A stopped process still hears this one.
    child.kill('SIGKILL')
  })
}
