import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Child, startChild } from '../../cli/child.ts'
import { buildIsStale } from '../stale.ts'

const program = resolve('dist/mesh.js')
let root: string
let project: string
const children: Child[] = []
const commands: ChildProcess[] = []

beforeAll(async () => {
  if (buildIsStale()) await build({ logLevel: 'error' })
})
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'mesh-cli-')))
  project = join(root, 'project')
  await mkdir(project)
})
afterEach(async () => {
  for (const command of commands.splice(0)) command.kill('SIGKILL')
  await Promise.all(children.splice(0).map((child) => child.close()))
  await rm(root, { recursive: true, force: true, maxRetries: 5 })
})

const variables = () => ({
  MESH_HOME: join(root, 'home'),
  MESH_PORT: 'off',
  MESH_DISCOVERY: 'rendezvous',
  MESH_DELIVERY: 'pull',
  CLAUDE_CODE_SESSION_ID: '',
})

async function enter(name: string, different: Record<string, string> = {}): Promise<Child> {
  const child = await startChild({
    name,
    command: [process.execPath, program, 'mcp'],
    directory: project,
    variables: {
      ...variables(),
      MESH_NAME: name,
      CLAUDE_CODE_SESSION_ID: `session-${name}`,
      ...different,
    },
  })
  children.push(child)
  await child.call('list_peers')
  return child
}

/** A command that runs, and what it has printed so far. */
function start(...words: string[]) {
  const environment = { ...process.env, ...variables(), TMPDIR: root }
  const child = spawn(process.execPath, [program, ...words], { env: environment, cwd: project })
  commands.push(child)
  const printed = { out: '', error: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.error += text
  })
  const ended = once(child, 'close').then(([code]) => ({ ...printed, code: Number(code) }))
  return { child, printed, ended }
}

const run = (...words: string[]) => start(...words).ended
const runJson = async (...words: string[]) => JSON.parse((await run(...words, '--json')).out)

/** What sessions say of themselves, the oldest first. */
async function entries(): Promise<{ node: string; peer: string; pid: number }[]> {
  const directory = join(root, 'home', 'run')
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort()
  const all = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8'))),
  )
  return all.filter(({ role }) => role === 'session')
}

const withoutTimes = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, inner) => (key === 'last_seen' ? '' : inner)))

describe('asking', () => {
  it('peers prints the object that list_peers answers', async () => {
    const ada = await enter('ada')
    await enter('ben')
    await expect
      .poll(async () => (await runJson('peers')).peers.map((peer: { name: string }) => peer.name))
      .toEqual(['ben'])
    expect(withoutTimes(await runJson('peers'))).toEqual(withoutTimes(await ada.call('list_peers')))
    const { out, code } = await run('peers')
    expect(code).toBe(0)
    expect(out).toMatch(/ada +online/)
    expect(out).toMatch(/ben +online/)
  })

  it('what a peer wrote has no power over the terminal', async () => {
    const ada = await enter('ada')
    await ada.call('set_summary', { summary: 'quiet \u001b[2J\u009b2J night' })
    for (const words of [['peers'], ['status'], ['peers', '--json'], ['status', '--json']]) {
      expect((await run(...words)).out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    }
  })

  it('status tells whom it asked and how many run', async () => {
    await enter('ada')
    await enter('ben')
    const { out, code } = await run('status')
    expect(code).toBe(0)
    expect(out).toContain('2 sessions here')
    const { self, pid } = await runJson('status')
    expect(self.name).toBe('ada')
    expect(pid).toBe((await entries())[0]?.pid)
  })

  it('a node that hangs is passed over, and the doctor names it', async () => {
    await enter('ada')
    await enter('ben')
    const [oldest] = await entries()
    if (!oldest) throw new Error('nobody runs')
    process.kill(oldest.pid, 'SIGSTOP')
    try {
      expect((await runJson('peers')).self.name).toBe('ben')
      const { out, code } = await run('doctor')
      expect(code).toBe(1)
      expect(out).toContain(`kill ${oldest.pid}`)
    } finally {
      process.kill(oldest.pid, 'SIGCONT')
    }
  })
})

describe('watching', () => {
  it('tells each message once, also of sessions that start later, until interrupted', async () => {
    const ada = await enter('ada')
    const { child, printed, ended } = start('watch', '--json')
    const told = () =>
      printed.out
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    let looks = 0
    const isHeard = async () => {
      looks += 1
      await ada.call('set_summary', { summary: `look ${looks}` })
      return told().length > 0
    }
    await expect.poll(isHeard).toBe(true)
    const ben = await enter('ben')
    await expect.poll(() => told().some(({ kind }) => kind === 'joined')).toBe(true)
    for (const [sender, to] of [
      [ada, 'ben'],
      [ben, 'ada'],
    ] as const) {
      await sender.call('send_message', { to, message: `for ${to}` })
    }
    const bodies = () => told().flatMap(({ message }) => (message ? [message.body] : []))
    await expect.poll(() => bodies().sort()).toEqual(['for ada', 'for ben'])
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    expect(bodies()).toHaveLength(2)
  })

  it('ends quietly when nobody reads it any more', async () => {
    const ada = await enter('ada')
    await enter('ben')
    const { child, printed, ended } = start('watch')
    await expect.poll(() => printed.error).toContain('Watching 2')
    child.stdout.destroy()
    await ada.call('send_message', { to: 'ben', message: 'for nobody' })
    const { code, error } = await ended
    expect(code).toBe(0)
    expect(error).not.toContain('EPIPE')
  })
})

describe('stopping', () => {
  it('ends one session, by name or by the beginning of its ID, and no other', async () => {
    await enter('ada')
    const ben = await enter('ben')
    await enter('cleo')
    await expect.poll(async () => (await runJson('peers')).peers.length).toBe(2)
    expect((await run('stop', '15')).code).toBe(4)
    expect((await run('stop', 'nobody')).code).toBe(4)
    const [first] = await entries()
    expect((await run('stop', first?.peer.slice(0, 8) ?? '')).code).toBe(4)
    const { out, code } = await run('stop', 'CLEO')
    expect(code).toBe(0)
    expect(out).toContain('cleo')
    expect(await entries()).toHaveLength(2)
    const { self } = JSON.parse(JSON.stringify(await ben.call('whoami')))
    const stopped = await runJson('stop', self.id.slice(0, 12))
    expect(stopped.stopped.name).toBe('ben')
    expect(() => process.kill(stopped.stopped.pid, 0)).toThrow()
    expect((await runJson('peers')).self.name).toBe('ada')
    expect((await run('stop', 'ben')).code).toBe(4)
  })
})

describe('the doctor', () => {
  const findings = async (level: string) =>
    (await runJson('doctor')).findings.filter(
      (finding: { level: string; name: string }) =>
        finding.level === level && finding.name !== 'claude',
    )

  async function shell(command: string): Promise<void> {
    expect(await once(spawn('sh', ['-c', command]), 'close')).toEqual([0, null])
  }

  it('has nothing to say of a mesh that is well, and makes nothing where there is none', async () => {
    expect((await runJson('doctor')).ok).toBe(true)
    expect(await readdir(root)).not.toContain('home')
    await enter('ada')
    await enter('ben')
    expect(await findings('warn')).toEqual([])
    expect(await findings('fail')).toEqual([])
    expect((await run('doctor')).code).toBe(0)
  })

  it('names a repair that works, for what others may read and for what a crash left', async () => {
    const ada = await enter('ada')
    await ada.kill()
    const [left] = await findings('warn')
    expect(left.name).toBe('rendezvous')
    await shell(left.fix)
    expect(await findings('warn')).toEqual([])
    await chmod(join(root, 'home', 'device.key'), 0o644)
    const [open] = await findings('fail')
    expect(open.name).toBe('home')
    expect((await run('doctor')).code).toBe(1)
    await shell(open.fix.replace(/^Run: /, ''))
    expect(await findings('fail')).toEqual([])
  })

  it('finds a store that somebody holds without saying that it runs', async () => {
    await enter('ada', { MESH_DISCOVERY: 'static' })
    const [held] = await findings('warn')
    expect(held.name).toBe('seats')
    expect(held.fix).toContain('lsof')
  })

  it('finds a damaged store and leaves it as it is', async () => {
    const ada = await enter('ada')
    await ada.close()
    const [hash] = await readdir(join(root, 'home', 'projects'))
    const database = join(root, 'home', 'projects', hash ?? '', 'slots', '1', 'db')
    await writeFile(join(database, 'CURRENT'), 'MANIFEST-999999\n')
    const found = [...(await findings('warn')), ...(await findings('fail'))]
    expect(found.map(({ name }) => name)).toEqual(['seats'])
    expect(await readFile(join(database, 'CURRENT'), 'utf8')).toBe('MANIFEST-999999\n')
  })
})

describe('the demo', () => {
  const leftovers = async () =>
    (await readdir(root)).filter((name) => name.startsWith('mesh-demo-'))

  it('plays the main job with real nodes and leaves nothing behind', async () => {
    const { out, code, error } = await run('demo')
    expect(error).toBe('')
    expect(code).toBe(0)
    expect(out.match(/^✓/gm)).toHaveLength(6)
    expect(out).toContain(`claude mcp add --scope user mesh -- node ${program} mcp`)
    expect(await leftovers()).toEqual([])
  })

  it('leaves nothing behind when it is interrupted', async () => {
    const { child, printed, ended } = start('demo')
    await expect.poll(() => printed.out, { timeout: 10_000 }).toContain('✓')
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    expect(await leftovers()).toEqual([])
  })
})
