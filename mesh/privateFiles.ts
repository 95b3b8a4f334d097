import { randomInt } from 'node:crypto'
import { link, lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MeshError } from '../state/errors.ts'
import type { Environment } from './environment.ts'

/** Anybody else's permission bits. */
const othersBits = 0o077

/** Makes a directory for its owner alone, and its parents where they are missing. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new MeshError('HOME_UNSAFE', `The directory ${path} cannot be made.`, {
      hint: 'Check who owns its parents, or set MESH_HOME to a directory of your own.',
      cause,
    })
  })
}

/**
 * Fails with HOME_UNSAFE, naming the repair, unless a file or directory belongs to this user, is no
 * link, and nobody else may use it. Where the system or the file system keeps no such modes,
 * as on Windows, its own access lists protect the user's profile.
 */
export async function checkPrivate(path: string, environment: Environment): Promise<void> {
  const { platform, userId } = environment
  if (platform === 'win32') return
  const found = await lstat(path)
  if (found.isSymbolicLink()) {
    throw new MeshError('HOME_UNSAFE', `${path} is a symbolic link.`, {
      hint: 'Replace it by a real directory or file, or set MESH_HOME to where it leads.',
    })
  }
  if (userId !== undefined && found.uid !== userId) {
    throw new MeshError('HOME_UNSAFE', `${path} belongs to another user.`, {
      hint: `Run: sudo chown -R ${userId} '${path}'`,
    })
  }
  if ((found.mode & othersBits) === 0 || !(await keepsModes(path))) return
  const mode = found.isDirectory() ? '700' : '600'
  throw new MeshError('HOME_UNSAFE', `Others may read or change ${path}.`, {
    hint: `Run: chmod ${mode} '${path}'`,
  })
}

/**
 * Creates a file that several processes may create at once: whole under its name or not at all.
 * The first wins. Resolves when some process's file is there.
 */
export async function createOnce(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(path, text)
  try {
    // A rename would replace the winner's file, and an exclusive open would show it half written.
    await link(temporary, path)
    await syncDirectory(dirname(path))
  } catch (thrown) {
    if (!hasCode(thrown, 'EEXIST')) throw thrown
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Writes a file that only this process changes, so that a reader sees the old or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(path, text)
  try {
    await rename(temporary, path)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw thrown
  }
}

/** Whether something thrown carries that code of the system. */
export function hasCode(thrown: unknown, code: string): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === code
}

async function writeTemporary(path: string, text: string): Promise<string> {
  const temporary = `${path}.${randomInt(2 ** 47).toString(36)}.tmp`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  return temporary
}

/** A name is durable when its directory is; Windows has no such call and needs none. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined)
  await directory?.sync().catch(() => {})
  await directory?.close()
}

/** Some file systems show every file as open to everybody, whatever was asked for. */
async function keepsModes(path: string): Promise<boolean> {
  const probe = join(dirname(path), `.modes-${randomInt(2 ** 47).toString(36)}`)
  try {
    await writeFile(probe, '', { flag: 'wx', mode: 0o600 })
    return ((await lstat(probe)).mode & othersBits) === 0
  } catch {
    return true
  } finally {
    await rm(probe, { force: true })
  }
}
