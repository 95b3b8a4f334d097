import { version } from '../mesh/version.ts'
import { MeshError, toMeshError } from '../state/errors.ts'
import type { Command, Surroundings } from './command.ts'
import { exitOf, exits } from './exits.ts'
import { inCommands } from './hints.ts'
import { plain } from './print.ts'
import { understand, wantsJson } from './words.ts'

/** After an interrupt a command may tidy up for this long. */
const tidyMs = 3_000

/** Each command loads only when it is run. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  status: async () => (await import('./commands/status.ts')).status,
  peers: async () => (await import('./commands/peers.ts')).peers,
  send: async () => (await import('./commands/send.ts')).send,
  broadcast: async () => (await import('./commands/broadcast.ts')).broadcast,
  inbox: async () => (await import('./commands/inbox.ts')).inbox,
  history: async () => (await import('./commands/history.ts')).history,
  tasks: async () => (await import('./commands/tasks.ts')).tasks,
  proposals: async () => (await import('./commands/proposals.ts')).proposals,
  decisions: async () => (await import('./commands/decisions.ts')).decisions,
  report: async () => (await import('./commands/report.ts')).report,
  watch: async () => (await import('./commands/watch.ts')).watch,
  groups: async () => (await import('./commands/groups.ts')).groups,
  config: async () => (await import('./commands/config.ts')).config,
  lan: async () => (await import('./commands/lan.ts')).lan,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  demo: async () => (await import('./commands/demo.ts')).demo,
  stop: async () => (await import('./commands/stop.ts')).stop,
  help: async () => (await import('./commands/help.ts')).help,
}

/** Runs what was typed after `mesh` and answers the exit code. Never throws. */
export async function runCommand(typed: readonly string[], around: Surroundings): Promise<number> {
  try {
    return await Promise.race([run(typed, around), afterTidying(around.signal)])
  } catch (thrown) {
    if (around.signal.aborted) return exits.interrupted
    const error = toMeshError(thrown)
    report(error, around, wantsJson(typed))
    return exitOf(error.code)
  }
}

async function run(typed: readonly string[], around: Surroundings): Promise<number> {
  const wish = understand(typed)
  if (wish.kind === 'version') {
    if (wish.json) around.print.json({ version })
    else around.print.line(version)
    return exits.ok
  }
  const load = commands[wish.text.name]
  if (!load) {
    throw new MeshError('BAD_INPUT', `mesh ${wish.text.name} takes nothing after it.`, {
      hint: `Run \`mesh help ${wish.text.name}\`.`,
    })
  }
  const command = await load()
  return command(wish.given, around)
}

/** Resolves a while after an interrupt, so that a command that hangs cannot hold the terminal. */
async function afterTidying(signal: AbortSignal): Promise<number> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  const { pause, systemClock } = await import('../mesh/clock.ts')
  await pause(systemClock, tidyMs)
  return exits.interrupted
}

function report(error: MeshError, { print, environment }: Surroundings, json: boolean): void {
  const { code, message } = error
  const hint = error.hint === undefined ? undefined : inCommands(error.hint)
  if (json) return print.json({ error: { code, message, ...(hint === undefined ? {} : { hint }) } })
  const { bold, red, dim } = print.errorStyle
  print.complain(`${red('✗')} ${bold(plain(message))}`)
  if (hint !== undefined) print.complain(`  ${plain(hint)}`)
  if (environment.variables['LOG_LEVEL'] !== 'debug') return
  const { cause } = error
  print.complain(dim(cause instanceof Error ? (cause.stack ?? cause.message) : (error.stack ?? '')))
}
