import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Environment } from '../../mesh/environment.ts'
import { type Finding, fail, ok, warn } from '../check.ts'
import type { Surroundings } from '../command.ts'
import { size } from '../quantities.ts'

/** The oldest Node.js that runs a node; as in package.json. */
const nodeMin = [20, 19] as const
/** Below this a store soon cannot grow. */
const freeFailBytes = 100_000_000
const freeWarnBytes = 1_000_000_000
/** Claude Code must tell its version within this time. */
const claudeMs = 5_000

const run = promisify(execFile)

/** Whether Node.js is new enough. */
export function checkRuntime({ runtime }: Pick<Surroundings, 'runtime'>): Finding {
  const [major = 0, minor = 0] = runtime.version.split('.').map(Number)
  const [least, leastMinor] = nodeMin
  const isNew = major > least || (major === least && minor >= leastMinor)
  if (isNew) return ok('node', `Node.js ${runtime.version}`)
  return fail(
    'node',
    `Node.js ${runtime.version} is too old.`,
    `Install Node.js ${nodeMin.join('.')} or newer: https://nodejs.org`,
  )
}

/** Whether the disk of the state directory has room. */
export async function checkDisk(directory: string): Promise<Finding> {
  const free = await freeBytes(directory)
  if (free === undefined) return ok('disk', 'This system does not tell how much is free.')
  const text = `${size(free)} free`
  const fix = `Free some space on the disk of ${directory}.`
  if (free < freeFailBytes) return fail('disk', `Only ${text}.`, fix)
  return free < freeWarnBytes ? warn('disk', `Only ${text}.`, fix) : ok('disk', text)
}

/** Of the directory, or of the nearest one above it that exists. */
async function freeBytes(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory)
    return bavail * bsize
  } catch {
    const above = dirname(directory)
    return above === directory ? undefined : freeBytes(above)
  }
}

/** Whether a new session finds a port to listen on. */
export async function checkPorts(ports: readonly number[]): Promise<Finding> {
  if (ports.length === 0) return ok('ports', 'Any free port is used for links.')
  const range = `${ports[0]}-${ports.at(-1)}`
  const free: number[] = []
  for (const port of ports) if (await isFree(port)) free.push(port)
  const text = `${free.length} of ${ports.length} link ports (${range}) are free.`
  const fix = 'Widen MESH_LINK_PORTS, or end what listens there.'
  return free.length > 0 ? ok('ports', text) : fail('ports', text, fix)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Whether Claude Code is there. */
export async function checkClaude({ platform }: Environment): Promise<Finding> {
  try {
    // On Windows the command is a script, which only a shell runs.
    const shell = platform === 'win32'
    const options = { timeout: claudeMs, windowsHide: true, shell }
    const { stdout } = await run('claude', ['--version'], options)
    return ok('claude', stdout.trim().split('\n')[0] ?? '')
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    return isMissing
      ? warn(
          'claude',
          'Claude Code is not on the PATH.',
          'npm install -g @anthropic-ai/claude-code',
        )
      : warn('claude', 'Claude Code does not tell its version.', 'Run: claude --version')
  }
}
