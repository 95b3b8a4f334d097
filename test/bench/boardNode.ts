import { environmentOf } from '../../mesh/environment.ts'
import { openMesh } from '../../mesh/open.ts'
import { decisionsOf } from '../../state/decisions.ts'
import { proposalsOf } from '../../state/proposals.ts'
import { tasksOf } from '../../state/tasks.ts'

/** What the process of a node has in memory, and what it has read from its group. */
export interface BoardReport {
  /** JavaScript objects and buffers after the garbage was collected, in bytes. */
  readonly bytes: number
  readonly tasks: number
  readonly decisions: number
  readonly votes: number
}

/**
 * A node as a process of its own: joins, reads everything of its group as tools would, and answers
 * what it has in memory. Needs `--expose-gc`.
 */
const mesh = await openMesh(environmentOf(process), {
  version: '0.0.0',
  projectDirectory: process.cwd(),
  writeLog: (line) => void process.stderr.write(line),
  leave: () => process.exit(0),
})
await mesh.start()
const read = mesh.look((desk) => ({
  tasks: tasksOf(desk).length,
  decisions: decisionsOf(desk).length,
  votes: proposalsOf(desk).reduce((sum, { votes }) => sum + votes.length, 0),
}))
// What has just begun is over a moment later; twice collected, because finalisers free more.
await new Promise((done) => setTimeout(done, 2_000))
for (const collect of [globalThis.gc, globalThis.gc]) collect?.()
const { heapUsed, external } = process.memoryUsage()
const report: BoardReport = { bytes: heapUsed + external, ...read }
process.send?.(report)
await mesh.stop('the bench is over')
process.exit(0)
