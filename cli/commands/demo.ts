import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../mesh/clock.ts'
import { type Child, startChild } from '../child.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { plain } from '../print.ts'
import { playStory, type StoryDeps } from '../story.ts'
import { fill } from '../width.ts'

/** Columns for the promise of a step, so that the times stand under each other. */
const promiseColumns = 64

/** Plays a mesh of three real sessions in a scratch directory, and says how to have one's own. */
export const demo: Command = async ({ json }, around) => {
  const { print, program } = around
  const told: { readonly step: string; readonly seen: readonly string[]; readonly ms: number }[] =
    []
  const register = `claude mcp add --scope user mesh -- node ${quoted(program)} mcp`
  const launch = 'claude --dangerously-load-development-channels server:mesh'

  const tell: StoryDeps['tell'] = async (promise, step) => {
    const since = systemClock.elapsed()
    const seen = await step().catch((thrown: unknown) => {
      if (!json && !around.signal.aborted) print.line(`${print.style.red('✗')} ${promise}`)
      throw thrown
    })
    const ms = Math.round(systemClock.elapsed() - since)
    told.push({ step: promise, seen, ms })
    if (!json) showStep(around, { promise, seen, ms })
  }

  if (!json) showBeginning(around)
  await onScratchStage(around, (start) =>
    playStory({ start, tell, signal: around.signal, clock: systemClock }),
  )
  if (json) print.json({ ok: true, steps: told, register, launch })
  else showEnd(around, register, launch)
  return exits.ok
}

/** Gives the play a home and a project of its own, and leaves neither processes nor files behind. */
async function onScratchStage(
  around: Surroundings,
  play: (start: StoryDeps['start']) => Promise<void>,
): Promise<void> {
  const { runtime, program } = around
  const scratch = await realpath(await mkdtemp(join(tmpdir(), 'mesh-demo-')))
  const directory = join(scratch, 'project')
  const children = new Set<Child>()
  try {
    await mkdir(directory)
    await play(async (name) => {
      const child = await startChild({
        name,
        command: [runtime.path, ...runtime.flags, program, 'mcp'],
        directory,
        variables: {
          MESH_HOME: join(scratch, 'home'),
          MESH_NAME: name,
          MESH_PORT: 'off',
          MESH_DISCOVERY: 'rendezvous',
          MESH_DELIVERY: 'pull',
          CLAUDE_PROJECT_DIR: directory,
          CLAUDE_CODE_SESSION_ID: `demo-${name}`,
        },
      })
      children.add(child)
      return child
    })
  } finally {
    await Promise.all([...children].map((child) => child.close()))
    // A process that was told to leave may still write its last word.
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
  }
}

function showBeginning({ print }: Surroundings): void {
  const { bold, dim } = print.style
  print.line(bold('A mesh of three sessions: ada, ben and cleo.'))
  print.line(dim('They live in a scratch directory; your own mesh is not touched.'))
  print.line()
}

function showStep(
  { print }: Surroundings,
  step: { readonly promise: string; readonly seen: readonly string[]; readonly ms: number },
): void {
  const { dim, green } = print.style
  print.line(`${green('✓')} ${fill(step.promise, promiseColumns)} ${dim(`${step.ms} ms`)}`)
  for (const line of step.seen) print.line(`    ${dim(plain(line))}`)
}

function showEnd({ print }: Surroundings, register: string, launch: string): void {
  const { bold, cyan, dim } = print.style
  print.line()
  print.line(bold('Now with your own sessions'))
  print.line()
  print.line(dim('  Register the mesh with Claude Code, once:'))
  print.line(`  ${cyan(register)}`)
  print.line()
  print.line(dim('  Start Claude Code so that a message can wake it:'))
  print.line(`  ${cyan(launch)}`)
  print.line()
  print.line(dim('  Without that flag all works, and messages wait for the next turn.'))
}

function quoted(path: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
