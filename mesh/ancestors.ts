import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Environment } from './environment.ts'

/** What a system may print about all its processes, in bytes. */
const tableBytesMax = 16_777_216

const run = promisify(execFile)

/** One process above ours. */
export interface Ancestor {
  readonly pid: number
  readonly commandLine: readonly string[]
}

/** Reads the ancestors of a process, see `readAncestors`. */
export type ReadAncestors = (
  environment: Pick<Environment, 'parentPid' | 'platform'>,
  most: number,
) => Promise<readonly Ancestor[]>

/** A process as the system tells of it. */
interface Told extends Ancestor {
  readonly parentPid: number
}

/**
 * The process that started ours, the one that started that, and so on: the nearest first, at most
 * `most`, without the first process of the system. Ends early where the system tells no more; never
 * rejects. Read from /proc on Linux, and with one call of `ps` or PowerShell elsewhere.
 */
export const readAncestors: ReadAncestors = async ({ parentPid, platform }, most) => {
  const read = await readerOf(platform, parentPid, most).catch(() => undefined)
  const found: Ancestor[] = []
  let pid = parentPid
  while (read && found.length < most && pid > 1) {
    const told = await read(pid).catch(() => undefined)
    if (!told) break
    found.push({ pid, commandLine: told.commandLine })
    pid = told.parentPid
  }
  return found
}

/** How a process is looked up: one at a time where that is cheap, else in a list read beforehand. */
async function readerOf(
  platform: NodeJS.Platform,
  pid: number,
  most: number,
): Promise<(pid: number) => Promise<Told | undefined>> {
  if (platform === 'linux') return readStatus
  const [path, words] =
    platform === 'win32'
      ? ['powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', windowsQuery(pid, most)]]
      : ['ps', ['-A', '-ww', '-o', 'pid=,ppid=,args=']]
  const { stdout } = await run(path, words, { maxBuffer: tableBytesMax, windowsHide: true })
  const told = readProcesses(stdout)
  return async (wanted) => told.get(wanted)
}

/** Reads lines of `pid parentPid commandLine`. */
function readProcesses(table: string): ReadonlyMap<number, Told> {
  const told = new Map<number, Told>()
  for (const line of table.split(/\r?\n/)) {
    const [, pid, parentPid, words = ''] = /^\s*(\d+)\s+(\d+)\s*(.*)$/.exec(line) ?? []
    if (pid === undefined) continue
    const commandLine = words.split(/\s+/).filter((word) => word !== '')
    told.set(Number(pid), { pid: Number(pid), parentPid: Number(parentPid), commandLine })
  }
  return told
}

async function readStatus(pid: number): Promise<Told> {
  const [line, stat] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ])
  // The name in parentheses may hold anything, so what follows is read from its end.
  const parentPid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return { pid, parentPid, commandLine: line.split('\0').filter((word) => word !== '') }
}

/** Walks upwards within PowerShell, because each start of it takes half a second. */
function windowsQuery(pid: number, most: number): string {
  return (
    `$id = ${pid}; for ($step = 0; $step -lt ${most} -and $id -gt 1; $step++) { ` +
    '$one = Get-CimInstance Win32_Process -Filter "ProcessId=$id"; if (!$one) { break }; ' +
    '"$($one.ProcessId) $($one.ParentProcessId) $($one.CommandLine)"; $id = $one.ParentProcessId }'
  )
}
