import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { callOf, initialize, initialized } from '../rawServer.ts'
import { command, type ToolData, variablesOf } from '../sessions.ts'
import { createLab, type Lab, type Machine } from './lab.ts'

/** Who speaks without a pause says something this often. */
const speakMs = 100

type Variables = Readonly<Record<string, string>>

/** What a device needs to be in a mesh before it has met anybody. */
export interface MeshKey {
  readonly mesh: string
  readonly key: string
}

/** A real MCP session in a machine of the laboratory. */
export interface LanSession {
  readonly child: ChildProcess
  readonly site: Site
  /** Its peer ID: names change. */
  id(): Promise<string>
  /** Its name in the mesh. */
  name(): Promise<string>
  /** What a tool answered; rejects when that was a refusal. */
  call(tool: string, input?: object): Promise<ToolData>
  /** The names of all that are online, sorted. */
  peers(): Promise<readonly string[]>
  /** Answers the ID of a message that was accepted. */
  say(to: string, message: string): Promise<string>
  /** Speaks until told to stop; then answers what was accepted. */
  speak(to: LanSession, topic: string): () => Promise<readonly string[]>
  /** Reads what waits; answers the bodies of all messages that it was ever given, repeats left out. */
  read(): Promise<readonly string[]>
  stateOf(id: string): Promise<string | undefined>
  /** Closes as a client does; resolves when the process is gone. */
  close(): Promise<void>
}

/** One OS user of a machine: a state directory, and the sessions that use it. */
export interface Site {
  readonly machine: Machine
  readonly home: string
  /** Starts a session of that name, which joins. The same name gets the same seat again. */
  enter(name: string, variables?: Variables): Promise<LanSession>
  /** Runs a command of `mesh`; answers what it printed with --json. */
  mesh(...words: readonly string[]): Promise<MeshAnswer>
}

/** The fields of what commands print, together. */
export interface MeshAnswer {
  readonly links: readonly { readonly name: string; readonly address: string }[]
  readonly dashboard: string | null
  readonly counters: Readonly<Record<string, number>>
  readonly nodes: readonly {
    readonly name: string
    readonly lan: { readonly on: boolean; readonly address: string | null }
  }[]
}

/** A LAN of devices of one mesh, none of which has met another. */
export interface Place {
  readonly lab: Lab
  /** The device of that machine, counted from 1. */
  site(number: number): Site
  /** One more OS user of a machine. */
  createSite(number: number, key: MeshKey): Promise<Site>
  /** Ends all sessions and takes everything away. */
  stop(): Promise<void>
}

/** Makes a place of so many machines, with one device each. */
export async function createPlace(machines: number): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'mesh-sites-'))
  const lab = await createLab({ machines })
  let count = 0

  async function create(number: number, key: MeshKey): Promise<Site> {
    count += 1
    const home = join(root, `home${count}`)
    await prepare(home, key)
    return createSite(lab.machine(number), home)
  }

  const key = createMeshKey('together')
  const numbers = Array.from({ length: machines }, (_, index) => index + 1)
  const sites = await Promise.all(numbers.map((number) => create(number, key)))
  return {
    lab,
    createSite: create,
    site(number) {
      const found = sites[number - 1]
      if (!found) throw new Error(`there is no machine ${number}`)
      return found
    },
    async stop() {
      await lab.stop()
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Makes the key of a mesh that nobody else has. */
export function createMeshKey(mesh: string): MeshKey {
  return { mesh: `mesh-${mesh}`, key: randomBytes(32).toString('base64url') }
}

/** A state directory that has the mesh key, and whose nodes go on the LAN at once. */
async function prepare(home: string, key: MeshKey): Promise<void> {
  await mkdir(join(home, 'keys'), { recursive: true, mode: 0o700 })
  await chmod(home, 0o700)
  await writeFile(join(home, 'keys', '1'), JSON.stringify(key), { mode: 0o600 })
  await writeFile(join(home, 'settings.json'), JSON.stringify({ lan: 'on' }), { mode: 0o600 })
}

function createSite(machine: Machine, home: string): Site {
  const site: Site = {
    machine,
    home,
    async enter(name, variables = {}) {
      const given = {
        MESH_BRAKES: 'off',
        CLAUDE_PROJECT_DIR: home,
        LOG_LEVEL: 'info',
        ...variables,
      }
      const all = variablesOf({ home, name, session: name, variables: given })
      const session = talk(site, machine.run(process.execPath, [command, 'mcp'], all))
      await session.name()
      return session
    },
    async mesh(...words) {
      const child = machine.run(
        process.execPath,
        [command, ...words, '--json'],
        variablesOf({ home }),
      )
      let printed = ''
      let errors = ''
      child.stdout?.on('data', (chunk) => {
        printed += chunk
      })
      child.stderr?.on('data', (chunk) => {
        errors += chunk
      })
      await once(child, 'close')
      if (printed === '') throw new Error(`mesh ${words.join(' ')}: ${errors}`)
      return JSON.parse(printed)
    },
  }
  return site
}

/** Speaks the protocol of a client with a session's process. */
function talk(site: Site, child: ChildProcess): LanSession {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new Error('a session is spawned with pipes')
  const waiting = new Map<number, (answer: Answer) => void>()
  const heard: string[] = []
  let calls = 1
  let log = ''
  stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-65_536)
  })
  stdin.on('error', () => {})
  createInterface({ input: stdout }).on('line', (line) => {
    const message = JSON.parse(line)
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  })
  let hasEnded = false
  child.once('close', () => {
    hasEnded = true
    for (const resolve of waiting.values()) resolve(endOf())
  })
  const endOf = (): Answer => ({ error: `the session has ended: ${log}` })

  async function ask(message: object, id: number): Promise<Answer> {
    if (hasEnded) return endOf()
    const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    stdin?.write(`${JSON.stringify(message)}\n`)
    return answer
  }

  const joined = ask(initialize, 1).then(() => {
    stdin.write(`${JSON.stringify(initialized)}\n`)
  })

  const session: LanSession = {
    child,
    site,
    id: async () => (await session.call('whoami')).self.id,
    name: async () => (await session.call('whoami')).self.name,
    async call(tool, input = {}) {
      await joined
      calls += 1
      const { result, error } = await ask(callOf(calls, tool, input), calls)
      const text = JSON.stringify(error ?? result?.content)
      if (!result || result.isError) throw new Error(`${tool} was refused: ${text}`)
      return result.structuredContent
    },
    async peers() {
      const { peers } = await session.call('list_peers')
      return peers.map(({ name }) => name).sort()
    },
    async say(to, message) {
      return (await session.call('send_message', { to, message })).message_id
    },
    speak(to, topic) {
      let isOver = false
      const speaking = speakOn()
      // Whoever stops it learns of a refusal.
      speaking.catch(() => {})
      async function speakOn(): Promise<string[]> {
        const accepted: string[] = []
        const id = await to.id()
        while (!isOver) {
          const text = `${topic} ${accepted.length}`
          await session.say(id, text)
          accepted.push(text)
          await new Promise((done) => setTimeout(done, speakMs))
        }
        return accepted
      }
      return () => {
        isOver = true
        return speaking
      }
    },
    async read() {
      for (;;) {
        const { messages, unread } = await session.call('check_messages', { limit: 200 })
        const fresh = messages.filter(({ kind, repeat }) => kind !== 'notice' && !repeat)
        heard.push(...fresh.map(({ body }) => body))
        if (unread <= messages.length) return heard
      }
    },
    async stateOf(id) {
      const { messages } = await session.call('check_acks', { message_id: id })
      return messages[0]?.state
    },
    async close() {
      const gone = once(child, 'close')
      stdin.end()
      await gone
    },
  }
  return session
}

interface Answer {
  readonly result?: {
    readonly isError?: boolean
    readonly content?: unknown
    readonly structuredContent: ToolData
  }
  readonly error?: unknown
}
