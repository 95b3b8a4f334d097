import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createHome, openSession } from '../opened.ts'
import { until, untilPeers } from '../sessions.ts'

describe('files in hand', () => {
  it('are seen by others, conflict in any work tree, and are free when their holder goes', async () => {
    const home = createHome()
    const repository = join(home, 'repository')
    const clone = join(home, 'clone')
    for (const directory of [repository, clone]) {
      mkdirSync(join(directory, 'lib'), { recursive: true })
      execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: directory })
      execFileSync('git', ['remote', 'add', 'origin', 'git@example.org:team/app.git'], {
        cwd: directory,
      })
    }
    const variables = (directory: string) => ({ CLAUDE_PROJECT_DIR: directory })
    const ann = await openSession({ home, name: 'ann', variables: variables(repository) })
    const bob = await openSession({ home, name: 'bob', variables: variables(join(clone, 'lib')) })
    await untilPeers(ann, 1)
    await untilPeers(bob, 1)
    const first = await ann.call('set_active_files', { files: ['lib/a.ts', 'b.ts'] })
    expect(first.text).toBe('You have lib/a.ts, b.ts in hand.')
    await until(async () => {
      const { data } = await bob.call('list_peers')
      return String(data.peers[0]?.files) === 'lib/a.ts,b.ts'
    })
    const second = await bob.call('set_active_files', { files: ['a.ts'] })
    expect(second.text).toContain('CONFLICT: ann has lib/a.ts too.')
    expect(second.data).toMatchObject({ conflicts: [{ file: 'lib/a.ts', peer: { name: 'ann' } }] })
    const told = await until(async () => {
      const answer = await ann.call('check_messages')
      return answer.text.includes('in hand as well') && answer
    })
    expect(told.text).toContain('bob has lib/a.ts in hand as well.')
    await ann.close()
    await until(async () => (await bob.call('list_peers')).data.peers.length === 0)
    const last = await bob.call('set_active_files', { files: ['a.ts'] })
    expect(last.text).not.toContain('CONFLICT')
  })
})
