import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from './clock.ts'
import type { NodeDeps } from './needs.ts'
import {
  type Branch,
  type GitPlaces,
  type Project,
  readBranch,
  readDefaultBranch,
  readRemote,
} from './project.ts'

/** Files of a context snapshot. */
const filesMax = 5
/** Changed files that are looked at to find the newest. */
const changedMax = 200
/** What git said holds this long. */
const freshMs = 10_000
/** Git must answer within this time. */
const gitMs = 2_000

const run = promisify(execFile)

/**
 * Answers where the session works and what it lately changed. The branch is read anew each time, the
 * remote and the default branch every 10 s; the files are what git said at most 10 s ago or, when that is older, last, while
 * git is asked again.
 */
export function createWhereabouts(
  project: Project,
  clock: Clock,
  host: string,
): NodeDeps['whereabouts'] {
  const { git, directory } = project
  let files: readonly string[] = []
  let remote: Promise<string | null> = Promise.resolve(null)
  let usual: Promise<string | null> = Promise.resolve(null)
  let askedMs = Number.NEGATIVE_INFINITY

  function refresh(places: GitPlaces): void {
    if (clock.elapsed() - askedMs < freshMs) return
    askedMs = clock.elapsed()
    remote = readRemote(places)
    usual = readDefaultBranch(places)
    recentFiles(places.workTree)
      .then((found) => {
        files = found
      })
      // Without git, or in a repository without a commit, there is nothing to tell.
      .catch(() => {})
  }

  /** In a repository without its default branch every branch is as good as that. */
  async function headOf(places: GitPlaces, name: string): Promise<Branch> {
    const repository = (await remote) ?? `${host}:${places.commonDirectory}`
    const start = await usual
    return { repository, name, isDefault: start === null || start === name }
  }

  return async () => {
    if (git) refresh(git)
    const branch = git ? await readBranch(git) : null
    return {
      cwd: directory.slice(0, 1_024),
      host: host.slice(0, 255),
      repo: git ? repositoryOf(git).slice(0, 1_024) : null,
      remote: await remote,
      branch,
      files: [...files],
      ...(git ? { root: git.workTree } : {}),
      ...(git && branch !== null ? { head: await headOf(git, branch) } : {}),
    }
  }
}

/** The directory that people would call the repository: one for all of its work trees. */
function repositoryOf({ commonDirectory }: GitPlaces): string {
  return basename(commonDirectory) === '.git' ? dirname(commonDirectory) : commonDirectory
}

/** Files that differ from the last commit, the newest change first, relative to the work tree. */
async function recentFiles(workTree: string): Promise<string[]> {
  const command = ['-C', workTree, '--no-optional-locks', 'diff', '--name-only', '-z', 'HEAD']
  const { stdout } = await run('git', command, { timeout: gitMs, windowsHide: true })
  const paths = stdout.split('\0').filter((path) => path !== '' && path.length <= 1_024)
  const changed = await Promise.all(
    paths.slice(0, changedMax).map(async (path) => {
      const found = await stat(join(workTree, path)).catch(() => undefined)
      return { path, atMs: found?.mtimeMs ?? 0 }
    }),
  )
  changed.sort((left, right) => right.atMs - left.atMs)
  return changed.slice(0, filesMax).map(({ path }) => path)
}
