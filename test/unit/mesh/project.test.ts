import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findProject, normaliseRemote, readBranch, readRemote } from '../../../mesh/project.ts'

let root: string

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'mesh-project-')))
})
afterEach(() => rm(root, { recursive: true, force: true }))

function git(directory: string, ...command: string[]): void {
  const who = [
    '-c',
    'user.name=n',
    '-c',
    'user.email=e@example.org',
    '-c',
    'init.defaultBranch=main',
  ]
  execFileSync('git', [...who, '-C', directory, ...command], { stdio: 'ignore' })
}

async function repository(name: string): Promise<string> {
  const directory = join(root, name)
  await mkdir(directory)
  git(directory, 'init')
  git(directory, 'commit', '--allow-empty', '-m', 'first')
  return directory
}

describe('the project of a directory', () => {
  it('is the directory itself without git, whatever link led there', async () => {
    await mkdir(join(root, 'plain'))
    await symlink(join(root, 'plain'), join(root, 'link'))
    const project = await findProject(join(root, 'link'))
    expect(project).toEqual({
      key: join(root, 'plain'),
      directory: join(root, 'plain'),
      git: undefined,
    })
  })

  it('is one for a repository, its subdirectories and its work trees', async () => {
    const directory = await repository('one')
    await mkdir(join(directory, 'src', 'deep'), { recursive: true })
    git(directory, 'worktree', 'add', '-b', 'feature', join(root, 'tree'))
    const projects = await Promise.all(
      [directory, join(directory, 'src', 'deep'), join(root, 'tree')].map(findProject),
    )
    expect(new Set(projects.map(({ key }) => key))).toEqual(new Set([join(directory, '.git')]))
    expect(projects[2]?.git?.workTree).toBe(join(root, 'tree'))
  })

  it('is another for another clone and for a submodule', async () => {
    const one = await repository('one')
    const two = await repository('two')
    git(two, '-c', 'protocol.file.allow=always', 'submodule', 'add', one, 'part')
    const keys = await Promise.all([one, two, join(two, 'part')].map(findProject))
    expect(new Set(keys.map(({ key }) => key)).size).toBe(3)
  })

  it('is the directory when a file called .git means nothing', async () => {
    await writeFile(join(root, '.git'), 'rubbish')
    expect((await findProject(root)).git).toBeUndefined()
  })

  it('that does not exist is still one', async () => {
    expect((await findProject(join(root, 'gone'))).key).toBe(join(root, 'gone'))
  })
})

describe('the branch', () => {
  it('is the one checked out in this work tree, and none when HEAD is detached', async () => {
    const directory = await repository('one')
    git(directory, 'worktree', 'add', '-b', 'feature/a', join(root, 'tree'))
    const places = await Promise.all([directory, join(root, 'tree')].map(findProject))
    const branches = await Promise.all(places.map(({ git: found }) => found && readBranch(found)))
    expect(branches).toEqual(['main', 'feature/a'])
    git(directory, 'checkout', '--detach')
    expect(places[0]?.git && (await readBranch(places[0].git))).toBeNull()
  })
})

describe('the remote', () => {
  it('is origin, else the first, else none', async () => {
    const directory = await repository('one')
    const places = (await findProject(directory)).git
    if (!places) throw new Error('no repository')
    expect(await readRemote(places)).toBeNull()
    git(directory, 'remote', 'add', 'other', 'https://example.org/other.git')
    expect(await readRemote(places)).toBe('example.org/other')
    git(directory, 'remote', 'add', 'origin', 'git@example.org:team/one.git')
    expect(await readRemote(places)).toBe('example.org/team/one')
  })

  it.each([
    ['git@Example.org:team/one.git', 'example.org/team/one'],
    ['ssh://git@example.org:2222/team/one.git', 'example.org/team/one'],
    ['https://user:secret@example.org/team/one/', 'example.org/team/one'],
    ['https://example.org/team/one', 'example.org/team/one'],
    ['git://example.org/team/One.git', 'example.org/team/One'],
    ['/srv/git/one.git', '/srv/git/one'],
    ['C:\\git\\one', 'C:\\git\\one'],
  ])('%s is one text: %s', (url, expected) => {
    expect(normaliseRemote(url)).toBe(expected)
  })
})
