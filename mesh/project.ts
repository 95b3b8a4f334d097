import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'

/** Where a session works. */
export interface Project {
  /** What makes it this project: the git common directory, so that worktrees are one; else the directory. */
  readonly key: string
  /** The directory that was asked about, without links. */
  readonly directory: string
  readonly git: GitPlaces | undefined
}

/** Where git keeps what it knows of a work tree. */
export interface GitPlaces {
  readonly workTree: string
  /** HEAD of this work tree is in here. */
  readonly gitDirectory: string
  /** What all work trees share. */
  readonly commonDirectory: string
}

/** Finds the project of a directory by reading what git wrote; git itself need not be there. */
export async function findProject(directory: string): Promise<Project> {
  const real = await realpath(directory).catch(() => resolve(directory))
  const git = await findGit(real)
  return { key: git?.commonDirectory ?? real, directory: real, git }
}

/** The checked-out branch, or null when HEAD is detached or unreadable. */
export async function readBranch({ gitDirectory }: GitPlaces): Promise<string | null> {
  const head = await readText(join(gitDirectory, 'HEAD'))
  return /^ref: refs\/heads\/(.{1,255})$/.exec(head?.trim() ?? '')?.[1] ?? null
}

/** A checked-out branch, as far as grouping depends on it. */
export interface Branch {
  /** What makes a repository this one: its remote, so that clones are one, else its place on this machine. */
  readonly repository: string
  readonly name: string
  readonly isDefault: boolean
}

/** The branch that work starts from: what origin says, else main, else master; null when none is there. */
export async function readDefaultBranch(places: GitPlaces): Promise<string | null> {
  const { commonDirectory } = places
  const origin = await readText(join(commonDirectory, 'refs', 'remotes', 'origin', 'HEAD'))
  const said = /^ref: refs\/remotes\/origin\/(.{1,255})$/.exec(origin?.trim() ?? '')?.[1]
  if (said !== undefined) return said
  const packed = (await readText(join(commonDirectory, 'packed-refs'))) ?? ''
  for (const name of ['main', 'master']) {
    const loose = await readText(join(commonDirectory, 'refs', 'heads', name))
    if (loose !== undefined || packed.includes(` refs/heads/${name}\n`)) return name
  }
  return null
}

/** The normalised URL of `origin`, else of the first remote, or null. */
export async function readRemote({ commonDirectory }: GitPlaces): Promise<string | null> {
  const config = (await readText(join(commonDirectory, 'config'))) ?? ''
  const urls = new Map<string, string>()
  let remote: string | undefined
  for (const line of config.split('\n').map((text) => text.trim())) {
    if (line.startsWith('[')) remote = /^\[remote "(.+)"\]$/.exec(line)?.[1]
    const url = /^url\s*=\s*(.+)$/.exec(line)?.[1]
    if (remote !== undefined && url !== undefined && !urls.has(remote)) urls.set(remote, url)
  }
  const found = urls.get('origin') ?? [...urls.values()][0]
  return found === undefined ? null : normaliseRemote(found)
}

/**
 * One text for one repository, however it is fetched: `host/path`, without scheme, user, password,
 * port, `.git` or a trailing slash. What is no URL, as a path, stays.
 */
export function normaliseRemote(url: string): string {
  const scp = /^(?:[^@/\s]+@)?([^:/\s]{2,}):(?!\/\/)(.+)$/.exec(url)
  const full = /^[a-z][a-z+.-]*:\/\/(?:[^@/]*@)?([^/:]+)(?::\d+)?\/(.+)$/i.exec(url)
  const [, host, path] = full ?? scp ?? []
  const tidy = (text: string) => text.replace(/\/+$/, '').replace(/\.git$/i, '')
  if (host === undefined || path === undefined) return tidy(url).slice(0, 1_024)
  return `${host.toLowerCase()}/${tidy(path.replace(/^\/+/, ''))}`.slice(0, 1_024)
}

async function findGit(directory: string): Promise<GitPlaces | undefined> {
  for (let workTree = directory; ; workTree = dirname(workTree)) {
    const gitDirectory = await gitDirectoryOf(workTree)
    if (gitDirectory !== undefined) {
      const shared = (await readText(join(gitDirectory, 'commondir')))?.trim()
      const commonDirectory = shared ? absolute(gitDirectory, shared) : gitDirectory
      return {
        workTree,
        gitDirectory,
        commonDirectory: await realpath(commonDirectory).catch(() => commonDirectory),
      }
    }
    if (dirname(workTree) === workTree) return undefined
  }
}

/** `.git` is a directory, or in linked work trees and submodules a file that names it. */
async function gitDirectoryOf(workTree: string): Promise<string | undefined> {
  const path = join(workTree, '.git')
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory())
    return (await readText(join(path, 'HEAD'))) === undefined ? undefined : path
  if (!found?.isFile()) return undefined
  const named = /^gitdir: (.+)$/m.exec((await readText(path)) ?? '')?.[1]
  return named === undefined ? undefined : absolute(workTree, named.trim())
}

function absolute(base: string, path: string): string {
  return isAbsolute(path) ? path : resolve(base, path)
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
