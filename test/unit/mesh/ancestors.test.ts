import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readAncestors } from '../../../mesh/ancestors.ts'

const itUnix = process.platform === 'win32' ? it.skip : it
const here = { parentPid: process.pid, platform: process.platform }

describe('the processes above ours', () => {
  itUnix('are told the nearest first, with what each was started with', async () => {
    const found = await readAncestors(here, 3)
    expect(found[0]?.pid).toBe(process.pid)
    expect(found[1]?.pid).toBe(process.ppid)
    expect(found[0]?.commandLine.join(' ')).toContain('node')
    expect(found.length).toBeLessThanOrEqual(3)
  })

  itUnix('are the same whether each is read by itself or all from one list', async () => {
    // What macOS is asked is understood here as well.
    if (spawnSync('ps', ['-A', '-ww', '-o', 'pid=']).status !== 0) return
    const [single, listed] = await Promise.all([
      readAncestors(here, 8),
      readAncestors({ ...here, platform: 'darwin' }, 8),
    ])
    expect(listed.map(({ pid }) => pid)).toEqual(single.map(({ pid }) => pid))
    const words = (found: typeof single) =>
      found.map(({ commandLine }) => commandLine.join(' ').split(/\s+/))
    expect(words(listed)[0]?.[0]).toBe(words(single)[0]?.[0])
  })

  it('are none where the system tells nothing, and never those of the first process', async () => {
    expect(await readAncestors({ ...here, parentPid: 2 ** 30 }, 4)).toEqual([])
    expect(await readAncestors({ ...here, parentPid: 1 }, 4)).toEqual([])
    expect(await readAncestors({ ...here, parentPid: 0 }, 4)).toEqual([])
    // There is no PowerShell here, and its absence is no failure.
    if (process.platform !== 'win32') {
      expect(await readAncestors({ ...here, platform: 'win32' }, 4)).toEqual([])
    }
  })
})
