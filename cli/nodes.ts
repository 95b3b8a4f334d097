import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../mesh/clock.ts'
import type { Door } from '../mesh/door.ts'
import type { Environment } from '../mesh/environment.ts'
import { type Home, openHome } from '../mesh/home.ts'
import { knock } from '../mesh/knock.ts'
import { isProcessAlive, type RendezvousEntry, readRendezvous } from '../mesh/rendezvous.ts'
import { readSettings } from '../mesh/settings.ts'
import { MeshError, toMeshError } from '../state/errors.ts'

/** A node that does not open its door within this time is passed over. */
const knockMs = 3_000

/** The nodes that run on this device, the oldest first. */
export interface Nodes {
  readonly home: Home
  /** Those of sessions. */
  readonly entries: readonly RendezvousEntry[]
  /** Those of the operator: one, except while a lead follows another. */
  readonly operators: readonly RendezvousEntry[]
}

/** A door that is open, and whose it is. */
export interface OpenDoor {
  readonly door: Door
  readonly entry: RendezvousEntry
}

/** Finds the running nodes of this device. Fails with NO_MESH when there is none; makes nothing. */
export async function findNodes(environment: Environment): Promise<Nodes> {
  const { home } = readSettings(environment)
  const entries = await liveEntries(join(home, 'run'))
  if (entries.length === 0) throw noMesh()
  // Without its keys nobody could open a door, and opening the home would make others.
  await access(join(home, 'device.key')).catch(() => {
    throw noMesh()
  })
  return {
    home: await openHome(home, environment, systemClock),
    entries: entries.filter((entry) => !isOperator(entry)),
    operators: entries.filter(isOperator),
  }
}

/** Whether an entry is that of the operator's node rather than of a session. */
export function isOperator(entry: RendezvousEntry): boolean {
  return entry.role === 'operator'
}

/** The entries of the rendezvous directory whose process lives. */
export async function liveEntries(runDirectory: string): Promise<readonly RendezvousEntry[]> {
  const entries = await readRendezvous(runDirectory).catch(() => [])
  return entries.filter(({ pid }) => isProcessAlive(pid))
}

/** Opens the door of one node. Fails with UNREACHABLE or REFUSED. */
export async function knockAt(
  home: Home,
  entry: RendezvousEntry,
  signal: AbortSignal,
): Promise<OpenDoor> {
  const limit = deadline(systemClock, knockMs, signal)
  try {
    const door = await knock(home, entry, limit.signal)
    signal.addEventListener('abort', () => door.close(), { once: true })
    return { door, entry }
  } finally {
    limit.cancel()
  }
}

/** Opens the door of the oldest session that answers. Fails with NO_MESH when none does. */
export async function openFirst(nodes: Nodes, signal: AbortSignal): Promise<OpenDoor> {
  let last: MeshError | undefined
  for (const entry of nodes.entries) {
    try {
      return await knockAt(nodes.home, entry, signal)
    } catch (thrown) {
      last = toMeshError(thrown)
      if (signal.aborted) break
    }
  }
  throw new MeshError('NO_MESH', 'Sessions run on this device, but none of them answers.', {
    hint: 'Run `mesh doctor`.',
    cause: last,
  })
}

/** Asks the oldest session that answers one thing. */
export async function askFirst(
  environment: Environment,
  signal: AbortSignal,
  ask: (door: Door, nodes: Nodes) => Promise<unknown>,
): Promise<unknown> {
  const nodes = await findNodes(environment)
  const { door } = await openFirst(nodes, signal)
  try {
    return await ask(door, nodes)
  } finally {
    door.close()
  }
}

function noMesh(): MeshError {
  return new MeshError('NO_MESH', 'No session of the mesh runs on this device.', {
    hint: 'Start Claude Code with the mesh server, or see it work with `mesh demo`.',
  })
}

function deadline(clock: Clock, ms: number, signal: AbortSignal) {
  const controller = new AbortController()
  const cancel = clock.after(ms, () =>
    controller.abort(new MeshError('UNREACHABLE', 'The node did not open its door in time.')),
  )
  return { signal: AbortSignal.any([signal, controller.signal]), cancel }
}
