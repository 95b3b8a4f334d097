import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Environment } from '../mesh/environment.ts'
import type { Route } from '../mesh/mesh.ts'

/** Ancestors looked at: a shell or a launcher may stand between the client and us. */
const ancestorsMax = 4
/** Names under which this server is registered, by us or by hand. */
const ownNames = /^(?:claude-peers-mesh|claude-peers|mesh)$/

const run = promisify(execFile)

/** One process above ours. */
export interface Ancestor {
  readonly parentPid: number
  readonly commandLine: readonly string[]
}

/** Routes to the model of this session, best first; the last is always `pull`. */
export async function findRoutes(
  environment: Environment,
  forced: Route | undefined,
  ancestorOf: (pid: number) => Promise<Ancestor | undefined> = readAncestor,
): Promise<readonly Route[]> {
  const hasSocket = Boolean(environment.variables['CLAUDE_CODE_MESSAGING_SOCKET'])
  if (forced === 'socket' && !hasSocket) return ['pull']
  if (forced !== undefined) return [forced]
  const isChannel = await isLoadedAsChannel(environment.parentPid, ancestorOf)
  return [
    ...(isChannel ? ['channel' as const] : []),
    ...(hasSocket ? ['socket' as const] : []),
    'pull',
  ]
}

/** Whether a command line loads this server as a channel. */
export function loadsChannel(commandLine: readonly string[]): boolean {
  let isFlag = false
  for (const word of commandLine) {
    const [name = '', inline] = word.split('=', 2)
    if (word.startsWith('-')) isFlag = /^--(dangerously-load-development-)?channels$/.test(name)
    if (isFlag && (inline ?? word).split(/[\s,]+/).some(isOurs)) return true
  }
  return false
}

/** `server:<name>`, or `plugin:<name>@<marketplace>`. */
function isOurs(word: string): boolean {
  const [, name = ''] = /^(?:server|plugin):([^@:]+)/.exec(word) ?? []
  return ownNames.test(name)
}

async function isLoadedAsChannel(
  parentPid: number,
  ancestorOf: (pid: number) => Promise<Ancestor | undefined>,
): Promise<boolean> {
  let pid = parentPid
  for (let height = 0; height < ancestorsMax && pid > 1; height += 1) {
    const ancestor = await ancestorOf(pid).catch(() => undefined)
    if (!ancestor) return false
    if (loadsChannel(ancestor.commandLine)) return true
    pid = ancestor.parentPid
  }
  return false
}

/** Reads a process from the system: /proc on Linux, `ps` on macOS, PowerShell on Windows. */
async function readAncestor(pid: number): Promise<Ancestor | undefined> {
  if (process.platform === 'linux') {
    const [line, stat] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // The name in parentheses may hold anything, so what follows is read from its end.
    const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    return { parentPid, commandLine: line.split('\0').filter((word) => word !== '') }
  }
  const { stdout } =
    process.platform === 'win32'
      ? await run('powershell.exe', [
          '-NoProfile',
          '-NonInteractive',
          '-Command',
          windowsQuery(pid),
        ])
      : await run('ps', ['-o', 'ppid=,args=', '-p', String(pid)])
  const [, parent = '0', line = ''] = /^\s*(\d+)\s+(.*)/s.exec(stdout) ?? []
  return { parentPid: Number(parent), commandLine: line.trim().split(/\s+/) }
}

function windowsQuery(pid: number): string {
  return `Get-CimInstance Win32_Process -Filter "ProcessId=${pid}" | ForEach-Object { "$($_.ParentProcessId) $($_.CommandLine)" }`
}
