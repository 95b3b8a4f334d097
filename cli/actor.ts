import { type ReadAncestors, readAncestors } from '../mesh/ancestors.ts'
import { pause, systemClock } from '../mesh/clock.ts'
import type { Environment } from '../mesh/environment.ts'
import type { RendezvousEntry } from '../mesh/rendezvous.ts'
import { MeshError, toMeshError } from '../state/errors.ts'
import type { Surroundings } from './command.ts'
import { findNodes, knockAt, type Nodes, type OpenDoor } from './nodes.ts'

/** A new lead takes the operator's seat within this time. */
const electionMs = 2_000
/** How often is looked for it. */
const lookMs = 50
/** Processes above ours that are looked at: shells, launchers and scripts, then the client. */
const ancestorsMax = 16

/** As whom a command speaks and reads: a session, or the operator, who is the human. */
export interface Actor extends OpenDoor {
  readonly kind: 'session' | 'operator'
  readonly nodes: Nodes
}

/**
 * Does something as whoever types. Under a Claude session that is the session's peer, else the
 * operator. A hint, never a proof: two processes of one user cannot be told apart. Fails with
 * NO_MESH, REFUSED (an agent without a session) or UNREACHABLE.
 */
export async function act<Result>(
  { environment, signal }: Pick<Surroundings, 'environment' | 'signal'>,
  work: (actor: Actor) => Promise<Result>,
): Promise<Result> {
  const actor = await openActor(environment, signal)
  try {
    return await work(actor)
  } finally {
    actor.door.close()
  }
}

async function openActor(environment: Environment, signal: AbortSignal): Promise<Actor> {
  const nodes = await findNodes(environment)
  const session = await findSession(environment, nodes.entries)
  if (session) {
    return { kind: 'session', nodes, ...(await knockAt(nodes.home, session, signal)) }
  }
  if (isAgent(environment)) {
    throw new MeshError('REFUSED', 'An agent speaks as its own session, and that is not here.', {
      hint: 'Use the tools of the mesh server; reconnect it with /mcp when it is gone.',
    })
  }
  return openOperator(environment, nodes, signal)
}

/** Whether an AI types, as those clients say of what they start. */
export function isAgent({ variables }: Pick<Environment, 'variables'>): boolean {
  return Boolean(variables['CLAUDECODE'] || variables['AI_AGENT'])
}

/**
 * The session under which a command runs: the one whose ID the client handed down, else the one
 * whose client is the nearest process above ours. Of several the newest, since a client that
 * reconnects may have left an older node.
 */
export async function findSession(
  environment: Pick<Environment, 'variables' | 'parentPid' | 'platform'>,
  entries: readonly RendezvousEntry[],
  read: ReadAncestors = readAncestors,
): Promise<RendezvousEntry | undefined> {
  const wanted = environment.variables['CLAUDE_CODE_SESSION_ID']
  const named = entries.findLast(({ session }) => session === wanted)
  if (wanted && named && isAgent(environment)) return named
  for (const { pid } of await read(environment, ancestorsMax)) {
    const above = entries.findLast(({ parentPid }) => parentPid === pid)
    if (above) return above
  }
  return undefined
}

/** Opens the operator's node, waiting for it while a lead is being elected. */
async function openOperator(
  environment: Environment,
  first: Nodes,
  signal: AbortSignal,
): Promise<Actor> {
  const since = systemClock.elapsed()
  let last: MeshError | undefined
  for (let nodes = first; ; nodes = await findNodes(environment)) {
    for (const entry of nodes.operators) {
      try {
        return { kind: 'operator', nodes, ...(await knockAt(nodes.home, entry, signal)) }
      } catch (thrown) {
        last = toMeshError(thrown)
      }
    }
    if (systemClock.elapsed() - since > electionMs) break
    await pause(systemClock, lookMs, signal)
    signal.throwIfAborted()
  }
  throw new MeshError('NO_MESH', 'Sessions run here, but none of them leads for the operator.', {
    hint: 'Restart those of an older version, then run `mesh doctor`.',
    cause: last,
  })
}
