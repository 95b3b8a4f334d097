import { join } from 'node:path'
import type { Environment } from '../../mesh/environment.ts'
import { readSettings, type Settings } from '../../mesh/settings.ts'
import { version } from '../../mesh/version.ts'
import { MeshError } from '../../state/errors.ts'
import { type Finding, failedWith, ok } from '../check.ts'
import { checkDashboard } from '../checks/dashboard.ts'
import { checkHome, checkRendezvous } from '../checks/home.ts'
import { checkClaude, checkDisk, checkPorts, checkRuntime } from '../checks/machine.ts'
import { checkSeats } from '../checks/seats.ts'
import { checkSessions } from '../checks/sessions.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { liveEntries } from '../nodes.ts'
import { type Print, plain } from '../print.ts'
import { count } from '../quantities.ts'
import { fill, wrap } from '../width.ts'

/** Checks everything that can go wrong around a mesh, and changes nothing. */
export const doctor: Command = async ({ json }, around) => {
  const { print, signal } = around
  const findings: Finding[] = []
  const width = Math.max(...names.map((name) => name.length))
  for await (const found of examine(around)) {
    if (signal.aborted) return exits.interrupted
    findings.push(...found)
    if (!json) for (const finding of found) show(print, finding, width)
  }
  const failed = findings.filter(({ level }) => level === 'fail').length
  const warned = findings.filter(({ level }) => level === 'warn').length
  if (json) print.json({ ok: failed === 0, findings })
  else conclude(print, failed, warned)
  return failed === 0 ? exits.ok : exits.failed
}

/** What the checks are called, in their order. */
const names = [
  ...['node', 'settings', 'home', 'keys', 'rendezvous', 'seats'],
  ...['sessions', 'version', 'store', 'traffic', 'disk', 'ports', 'dashboard', 'claude'],
]

/** Finds one thing after the other, so that the reader sees how far it is. */
async function* examine(around: Surroundings): AsyncGenerator<readonly Finding[]> {
  const { environment, signal } = around
  // Started first, because it takes longest.
  const claude = checkClaude(environment)
  yield [checkRuntime(around)]
  const settings = read(environment)
  if (settings instanceof MeshError) yield [failedWith('settings', settings)]
  else {
    yield [ok('settings', describe(environment))]
    const { home, findings } = await checkHome(settings.home, environment)
    yield findings
    const run = join(settings.home, 'run')
    yield await checkRendezvous(run)
    const entries = await liveEntries(run)
    yield await checkSeats(settings.home, entries)
    if (home) yield await checkSessions({ home, entries, version, signal })
    yield [await checkDisk(settings.home), await checkPorts(settings.linkPorts)]
    const served = entries.find(({ dashboard }) => dashboard !== undefined)?.dashboard
    const { port } = settings
    const facts = { port, secret: home?.doorSecret, served, environment }
    yield [await checkDashboard(facts, signal)]
  }
  yield [await claude]
}

function read(environment: Environment): Settings | MeshError {
  try {
    return readSettings(environment)
  } catch (thrown) {
    if (thrown instanceof MeshError) return thrown
    throw thrown
  }
}

/** Which settings differ from what they are by themselves. */
function describe({ variables }: Environment): string {
  const set = Object.entries(variables)
    .filter(([name, value]) => name.startsWith('MESH_') && value !== '')
    .map(([name, value]) => `${name}=${value}`)
  return set.length === 0 ? 'All as they are by default.' : set.sort().join(' ')
}

function show(print: Print, { name, level, text, fix }: Finding, width: number): void {
  const { bold, dim, green, yellow, red, cyan } = print.style
  const sign = { ok: green('✓'), warn: yellow('!'), fail: red('✗') }[level]
  const columns = Math.max(20, print.columns - width - 6)
  const [first = '', ...rest] = wrap(plain(text), columns)
  const margin = ' '.repeat(width + 4)
  print.line(
    `${sign} ${level === 'ok' ? dim(fill(name, width)) : bold(fill(name, width))}  ${first}`,
  )
  for (const line of rest) print.line(margin + line)
  // A command is copied: it is never broken.
  if (fix !== undefined) print.line(`${margin}${dim('→')} ${cyan(plain(fix))}`)
}

function conclude(print: Print, failed: number, warned: number): void {
  const { bold, green, red, yellow } = print.style
  print.line()
  if (failed > 0) {
    const also = warned > 0 ? ` and ${count(warned, 'warning')}` : ''
    return print.line(red(bold(`${count(failed, 'problem')}${also}.`)))
  }
  print.line(
    warned > 0 ? yellow(`It works, with ${count(warned, 'warning')}.`) : green('All is well.'),
  )
}
