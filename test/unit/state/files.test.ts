import { describe, expect, it } from 'vitest'
import { conflictsOf, normaliseFile } from '../../../state/files.ts'

const linux = { cwd: '/team/repo/lib', root: '/team/repo', isWindows: false }
const windows = { cwd: 'C:\\team\\repo\\lib', root: 'C:\\team\\repo', isWindows: true }

describe('a file', () => {
  it.each([
    ['a.ts', linux, 'lib/a.ts'],
    ['./a.ts', linux, 'lib/a.ts'],
    ['../src/b.ts', linux, 'src/b.ts'],
    ['/team/repo/src/b.ts', linux, 'src/b.ts'],
    ['/team/repo/..hidden', linux, '..hidden'],
    ['/etc/hosts', linux, '/etc/hosts'],
    ['../../other/c.ts', linux, '/team/other/c.ts'],
    ['a.ts', { cwd: '/plain', isWindows: false }, '/plain/a.ts'],
    ['..\\src\\b.ts', windows, 'src/b.ts'],
    ['C:\\team\\repo\\src\\b.ts', windows, 'src/b.ts'],
    ['D:\\other\\c.ts', windows, 'D:/other/c.ts'],
  ])('%s is one text in every clone', (path, place, expected) => {
    expect(normaliseFile(path, place)).toBe(expected)
  })

  it('is in conflict with everybody who has it in hand as well', () => {
    const others = [
      { peer: 'bob', files: ['b', 'a'] },
      { peer: 'cleo', files: ['c'] },
      { peer: 'dan', files: ['a'] },
    ]
    expect(conflictsOf(['a', 'c', 'd'], others)).toEqual([
      { file: 'a', peer: 'bob' },
      { file: 'a', peer: 'dan' },
      { file: 'c', peer: 'cleo' },
    ])
    expect(conflictsOf([], others)).toEqual([])
  })
})
