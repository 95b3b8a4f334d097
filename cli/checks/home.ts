import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../mesh/clock.ts'
import type { Environment } from '../../mesh/environment.ts'
import { type Home, openHome } from '../../mesh/home.ts'
import { checkPrivate, hasCode } from '../../mesh/privateFiles.ts'
import { isProcessAlive, readRendezvous } from '../../mesh/rendezvous.ts'
import { type Finding, fail, failedWith, ok, warn } from '../check.ts'
import { count } from '../quantities.ts'

/** What is in a home, as far as it could be read without changing it. */
export interface HomeFindings {
  readonly findings: readonly Finding[]
  readonly home?: Home
}

/** Checks modes, owners and keys of the state directory. What is missing is left missing. */
export async function checkHome(
  directory: string,
  environment: Environment,
): Promise<HomeFindings> {
  if (!(await exists(directory))) {
    const text = `${directory} is not there yet: the first session makes it.`
    return { findings: [ok('home', text)] }
  }
  try {
    for (const path of await privatePaths(directory)) await checkPrivate(path, environment)
  } catch (thrown) {
    return { findings: [await unsafe(directory, thrown)] }
  }
  const safe = ok('home', `${directory} is yours alone.`)
  const missing = await missingKeys(directory)
  if (missing !== undefined) {
    const fix = `Restore it from a backup. Without one the next session makes another.`
    return { findings: [safe, warn('keys', `${missing} is missing.`, fix)] }
  }
  try {
    const home = await openHome(directory, environment, systemClock)
    const text = `The device key and ${count(home.keyring.epoch, 'mesh key')} are readable.`
    return { findings: [safe, ok('keys', text)], home }
  } catch (thrown) {
    return { findings: [safe, failedWith('keys', thrown)] }
  }
}

/** Looks for files of nodes that are gone, and for those that nobody can read. */
export async function checkRendezvous(runDirectory: string): Promise<Finding[]> {
  const names = (await readdir(runDirectory).catch(() => [])).filter((name) =>
    name.endsWith('.json'),
  )
  const entries = await readRendezvous(runDirectory).catch(() => [])
  const live = new Set(
    entries.filter(({ pid }) => isProcessAlive(pid)).map(({ node }) => `${node}.json`),
  )
  const stale = names.filter((name) => !live.has(name))
  if (stale.length === 0) return [ok('rendezvous', 'No session left a file behind.')]
  const paths = stale.slice(0, 5).map((name) => `'${join(runDirectory, name)}'`)
  const text = `${count(stale.length, 'file')} of sessions that are gone.`
  return [warn('rendezvous', text, `rm ${paths.join(' ')}`)]
}

async function privatePaths(directory: string): Promise<string[]> {
  const places = ['', 'run', 'keys', 'device.key', 'projects'].map((name) => join(directory, name))
  const keys = await readdir(join(directory, 'keys')).catch(() => [])
  const all = [...places, ...keys.map((name) => join(directory, 'keys', name))]
  const found = await Promise.all(all.map(async (path) => ((await exists(path)) ? [path] : [])))
  return found.flat()
}

/** Which key file is not there. */
async function missingKeys(directory: string): Promise<string | undefined> {
  const device = join(directory, 'device.key')
  if (!(await exists(device))) return device
  const keys = join(directory, 'keys')
  const epochs = await readdir(keys).catch(() => [])
  return epochs.some((name) => /^[1-9]\d*$/.test(name)) ? undefined : join(keys, '1')
}

/** A home that this user cannot even look into has no better advice than who owns it. */
async function unsafe(directory: string, thrown: unknown): Promise<Finding> {
  if (!hasCode(thrown, 'EACCES')) return failedWith('home', thrown)
  return fail('home', `${directory} cannot be read.`, `sudo chown -R "$(id -u)" '${directory}'`)
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined
}
