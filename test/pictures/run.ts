import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startSession, untilPeers } from '../sessions.ts'
import { drawTerminal } from './terminal.ts'

const here = import.meta.dirname
const scratch = mkdtempSync(join(tmpdir(), 'm-'))
const project = join(scratch, 'shop')
mkdirSync(project)

/** Runs the command under a terminal of 80 columns, as util-linux's `script` makes one. */
function show(words: string): string {
  const command = `stty cols 80; node ${resolve('dist/mesh.js')} ${words}`
  return execFileSync('script', ['-qec', command, '/dev/null'], {
    cwd: project,
    env: { PATH: process.env['PATH'], MESH_HOME: join(scratch, 'state'), TERM: 'xterm-256color' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** The pictures speak of the product, not of the machine they were taken on. */
function tidy(shown: string): string {
  return shown
    .replaceAll(resolve('dist/mesh.js'), '~/claude-peers-mesh/dist/mesh.js')
    .replaceAll(scratch, '/srv/checkout')
}

try {
  writeFileSync(join(here, 'demo.svg'), drawTerminal('npm start', tidy(show('demo'))))
  const sessions = []
  for (const [name, summary] of [
    ['api', 'moving the orders API to v2'],
    ['web', 'the checkout page'],
    ['docs', ''],
  ]) {
    const home = join(scratch, 'state')
    const variables = name === 'web' ? { MESH_DELIVERY: 'channel' } : {}
    const session = await startSession({ home, directory: project, name: String(name), variables })
    if (summary) await session.call('set_summary', { summary })
    sessions.push(session)
  }
  for (const session of sessions) await untilPeers(session, sessions.length - 1)
  const [api, web, docs] = sessions
  const created = await api?.call('create_task', {
    title: 'Move the orders table to v2',
    priority: 'high',
  })
  const first = Object(created?.data)['task']?.id
  await web?.call('create_task', { title: 'Show the new order states', depends_on: [first] })
  await api?.call('create_task', { title: 'Write the upgrade note', assignee: 'docs' })
  await web?.call('create_task', { title: 'Try the checkout with a full cart' })
  await api?.call('claim_task', { task_id: first })
  await docs?.call('post_decision', {
    key: 'order ids',
    value: 'UUIDv7',
    rationale: 'they sort by time',
    category: 'architecture',
  })
  for (const words of ['peers', 'status', 'doctor', 'tasks', 'decisions']) {
    writeFileSync(join(here, `${words}.svg`), drawTerminal(`mesh ${words}`, tidy(show(words))))
  }
  for (const session of sessions) await session.close()
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
}
