import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHome, openSession } from '../opened.ts'
import { until } from '../sessions.ts'

const run = promisify(execFile)
/** Together more than one file may hold, and less than two. */
const processes = 4
const linesEach = 4_000
const filler = 'x'.repeat(900)

const program = `
  import { createLog, logWith } from ${JSON.stringify(resolve('mesh/log.ts'))}
  import { createLogFile } from ${JSON.stringify(resolve('mesh/logFile.ts'))}
  const [path, self] = process.argv.slice(-2)
  const write = createLogFile(path, () => process.exit(1))
  const log = logWith(createLog('info', write, () => 0), { pid: process.pid, self })
  for (let line = 0; line < ${linesEach}; line += 1) log.info('line', { line, filler: '${filler}' })
`

it('a log file that several processes fill loses no line and tears none', async () => {
  const root = await mkdtemp(join(tmpdir(), 'mesh-log-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const path = join(root, 'mesh.log')
  const start = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program]
  const names = Array.from({ length: processes }, (_, index) => `peer-${index}`)
  await Promise.all(names.map((name) => run(process.execPath, [...start, path, name])))

  const texts = await Promise.all([`${path}.1`, path].map((file) => readFile(file, 'utf8')))
  const lines = texts.flatMap((text) => text.trimEnd().split('\n')).map((text) => JSON.parse(text))
  expect(lines).toHaveLength(processes * linesEach)
  for (const name of names) {
    const own = lines.filter(({ self }) => self === name).map(({ line }) => line)
    expect(own).toEqual(Array.from({ length: linesEach }, (_, index) => index))
  }
  expect(new Set(lines.map(({ pid }) => pid)).size).toBe(processes)
})

describe('a session whose log goes to a file', () => {
  it('says nothing on stderr, and in each line whose it is', async () => {
    const home = createHome()
    const path = join(home, 'mesh.log')
    const variables = { MESH_LOG_FILE: path, LOG_LEVEL: 'info' }
    const session = await openSession({ home, name: 'ada', variables })
    const { data } = await session.call('whoami')
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    const events = lines.map((text) => JSON.parse(text))
    const joined = events.find(({ event, self }) => event === 'joined' && self === data.self.id)
    expect(joined).toMatchObject({ pid: session.pid, level: 'info' })
    expect(events.every(({ pid, self }) => pid === session.pid && self !== undefined)).toBe(true)
    expect(session.log()).toBe('')
  })

  it('works all the same when that file cannot be written, and says it on stderr', async () => {
    const home = createHome()
    const path = join(home, 'missing', 'mesh.log')
    const variables = { MESH_LOG_FILE: path, LOG_LEVEL: 'info' }
    const session = await openSession({ home, variables })
    expect((await session.call('whoami')).isError).toBe(false)
    await until(() => session.log().includes('"joined"'))
  })
})
