import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { pause, systemClock } from '../../mesh/clock.ts'
import {
  type LanMode,
  lanModes,
  readConfiguration,
  writeConfiguration,
} from '../../mesh/configuration.ts'
import type { Door } from '../../mesh/door.ts'
import { usableInterfaces } from '../../mesh/interfaces.ts'
import { checkPrivate, makeDirectory } from '../../mesh/privateFiles.ts'
import { readSettings } from '../../mesh/settings.ts'
import { MeshError } from '../../state/errors.ts'
import { readAnswer } from '../answers.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { findNodes, knockAt, liveEntries, type Nodes } from '../nodes.ts'
import { plain } from '../print.ts'
import { count } from '../quantities.ts'
import { printTable } from '../table.ts'

/** Running nodes follow a new setting within this time. */
const followMs = 2_000
/** How often is looked whether they have. */
const lookMs = 50

/** What a node says of itself that matters here. */
const answer = z.object({
  node: z.string(),
  pid: z.number(),
  address: z.string(),
  self: z.object({ id: z.string(), name: z.string() }),
  lan: z.object({
    mode: z.string(),
    on: z.boolean(),
    address: z.string().nullable(),
    problem: z.string().optional(),
  }),
})
type Answer = z.infer<typeof answer>

/** One running node, and whether it is as the setting says. */
interface Follower {
  readonly said: Answer
  readonly follows: boolean
}

/** Shows or changes whether the sessions of this device accept links from other machines. */
export const lan: Command = async ({ json, words }, around) => {
  const { environment, print } = around
  const directory = readSettings(environment).home
  const wished = modeOf(words[0])
  if (wished !== undefined) {
    await makeDirectory(directory)
    await checkPrivate(directory, environment)
    await writeConfiguration(directory, { lan: wished })
  }
  const { lan: mode } = await readConfiguration(directory)
  const followers = await followersOf(mode, directory, around)
  const nodes = followers.map(({ said: { self, ...rest }, follows }) => ({
    ...{ id: self.id, name: self.name },
    ...{ ...rest, follows },
  }))
  if (json) print.json({ lan: mode, addresses: addresses(), nodes })
  else show(mode, { followers, isNew: wished !== undefined }, around)
  return followers.every(isWell) ? exits.ok : exits.failed
}

function modeOf(word: string | undefined): LanMode | undefined {
  const mode = lanModes.find((known) => known === word)
  if (word === undefined || mode !== undefined) return mode
  throw new MeshError('BAD_INPUT', `${JSON.stringify(word.slice(0, 64))} is no way of the LAN.`, {
    hint: 'Use on, off or auto. `mesh help lan` says more.',
  })
}

/** Asks every node of this device, until it follows or the time is over. */
async function followersOf(
  mode: LanMode,
  directory: string,
  { environment, signal }: Surroundings,
): Promise<Follower[]> {
  if ((await liveEntries(join(directory, 'run'))).length === 0) return []
  const nodes = await findNodes(environment)
  const all = [...nodes.entries, ...nodes.operators]
  const asked = await Promise.allSettled(all.map((entry) => follow(mode, { nodes, entry }, signal)))
  signal.throwIfAborted()
  return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

async function follow(
  mode: LanMode,
  { nodes, entry }: { readonly nodes: Nodes; readonly entry: Nodes['entries'][number] },
  signal: AbortSignal,
): Promise<Follower> {
  const since = systemClock.elapsed()
  const { door } = await knockAt(nodes.home, entry, signal)
  try {
    for (;;) {
      const said = await ask(door)
      const follows = isFollowing(said, mode)
      if (follows || systemClock.elapsed() - since > followMs) return { said, follows }
      await pause(systemClock, lookMs, signal)
      signal.throwIfAborted()
    }
  } finally {
    door.close()
  }
}

async function ask(door: Door): Promise<Answer> {
  return readAnswer(answer, await door.request('status', {}))
}

function isFollowing({ lan: { mode, on, address, problem } }: Answer, wished: LanMode): boolean {
  const isThere = on ? address !== null || problem !== undefined : address === null
  return mode === wished && isThere
}

function isWell({ follows, said }: Follower): boolean {
  return follows && said.lan.problem === undefined
}

function show(
  mode: LanMode,
  { followers, isNew }: { readonly followers: readonly Follower[]; readonly isNew: boolean },
  { print }: Surroundings,
): void {
  const { bold, dim, green, red, yellow } = print.style
  const isOn = followers.some(({ said }) => said.lan.address !== null)
  print.line(`${isNew ? green('✓') : '●'} ${bold(`LAN: ${mode}.`)} ${meaning[mode]}`)
  print.line()
  if (followers.length === 0) return print.line('  No session answers. Those that start follow it.')
  printTable(print, [
    { title: 'name', cells: followers.map(({ said }) => said.self.name), flexible: true },
    { title: 'on this machine', cells: followers.map(({ said }) => said.address) },
    {
      title: 'from other machines',
      cells: followers.map(({ said }) => said.lan.address ?? 'no'),
      paint: (text, row) => (followers[row]?.said.lan.address ? green(text) : dim(text)),
    },
  ])
  print.line()
  const reached = addresses()
  if (isOn && reached.length > 0) {
    print.line(dim(`  This machine is ${reached.join(', ')} on its networks.`))
  }
  for (const { said, follows } of followers) {
    const who = plain(said.self.name)
    if (said.lan.problem !== undefined) {
      const next = 'MESH_LINK_PORTS names others.'
      print.line(`${red('✗')} ${who}: ${plain(said.lan.problem)} ${next}`)
    } else if (!follows) {
      const late = `has not followed within ${count(followMs / 1_000, 'second')}`
      print.line(`${yellow('!')} ${who} ${late}. Run \`mesh doctor\`.`)
    }
  }
}

const meaning: Readonly<Record<LanMode, string>> = {
  auto: 'Sessions accept links from other machines once the mesh has a second device.',
  on: 'Sessions accept links from other machines that hold the mesh key.',
  off: 'Sessions accept links from this machine alone.',
}

/** Where others may reach this machine. */
function addresses(): string[] {
  return usableInterfaces(networkInterfaces(), '0.0.0.0').map(({ address }) => address)
}
