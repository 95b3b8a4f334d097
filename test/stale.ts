import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What the build reads. */
const sources = ['state', 'mesh', 'mcp', 'cli', 'dashboard', 'package-lock.json', 'vite.config.ts']

/** Whether the bundle is missing or older than anything it is made of. */
export function buildIsStale(): boolean {
  const built = statSync('dist/mesh.js', { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.some((source) => newest(source) > built)
}

/** The newest change in a file or below a directory, in milliseconds since 1970; 0 when it is missing. */
function newest(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0
  const inside = readdirSync(path).map((name) => newest(join(path, name)))
  return Math.max(stat.mtimeMs, ...inside)
}
