import { pause, systemClock } from '../../mesh/clock.ts'
import { isProcessAlive, type RendezvousEntry } from '../../mesh/rendezvous.ts'
import { MeshError } from '../../state/errors.ts'
import { idPrefixMin } from '../../state/ids.ts'
import { type PeerAnswer, peersAnswer, readAnswer } from '../answers.ts'
import type { Command } from '../command.ts'
import { exits } from '../exits.ts'
import { findNodes, knockAt, type Nodes, openFirst } from '../nodes.ts'
import { plain } from '../print.ts'

/** A node that was asked to leave may take this long. */
const leavingMs = 3_000
/** How often is looked whether it has left. */
const lookMs = 20
/** Candidates that a refusal names. */
const candidatesMax = 8

/** Ends the node of one session of this device. */
export const stop: Command = async ({ json, words }, { environment, signal, print }) => {
  const wanted = words[0] ?? ''
  const nodes = await findNodes(environment)
  refuseOperator(wanted, nodes)
  const target = choose(wanted, await seatsOf(nodes, signal))
  const { door } = await knockAt(nodes.home, target.entry, signal)
  await door.request('stop', {})
  await untilGone(target, signal)
  door.close()
  const { id, name } = target
  if (json) print.json({ stopped: { id, name, pid: target.entry.pid } })
  else
    print.line(`${print.style.green('✓')} ${plain(name)} ${print.style.dim(`(${id})`)} has left.`)
  return exits.ok
}

/** A session that a word may mean; without an entry it does not run on this device. */
interface Seat {
  readonly id: string
  readonly name: string
  readonly entry?: RendezvousEntry
}
type RunningSeat = Seat & { readonly entry: RendezvousEntry }

/** Everybody in the mesh, by name, and which of them run here. */
async function seatsOf(nodes: Nodes, signal: AbortSignal): Promise<Seat[]> {
  const { door } = await openFirst(nodes, signal)
  const answer = await door.request('peers', { offline: true }).finally(() => door.close())
  const { self, peers } = readAnswer(peersAnswer, answer)
  const known = new Map<string, PeerAnswer>([self, ...peers].map((peer) => [peer.id, peer]))
  const running = nodes.entries.map((entry) => ({
    id: entry.peer,
    name: known.get(entry.peer)?.name ?? entry.peer,
    entry,
  }))
  const runs = new Set<string>(running.map(({ id }) => id))
  return [...running, ...[...known.values()].filter(({ id }) => !runs.has(id))]
}

/** The operator's node lives in a session's process and goes with it. */
function refuseOperator(wanted: string, { entries, operators }: Nodes): void {
  const word = wanted.trim().toLowerCase()
  const isMeant = ({ peer }: RendezvousEntry) => word.length >= idPrefixMin && peer.startsWith(word)
  const isNamed = word === 'operator' || (operators.some(isMeant) && !entries.some(isMeant))
  if (!isNamed) return
  throw new MeshError('REFUSED', 'The operator is no session and cannot be stopped.', {
    hint: 'One of the sessions holds its seat; when that one is stopped, another takes it.',
  })
}

function choose(wanted: string, seats: readonly Seat[]): RunningSeat {
  const word = wanted.trim().toLowerCase()
  const named = seats.filter(({ name }) => name.toLowerCase() === word)
  const begun = seats.filter(({ id }) => word.length >= idPrefixMin && id.startsWith(word))
  const meant = named.length > 0 ? named : begun
  const running = meant.filter(isRunning)
  const [only, ...others] = running
  if (only && others.length === 0) return only
  const quoted = JSON.stringify(wanted.slice(0, 64))
  const list = (running.length > 0 ? running : seats.filter(isRunning))
    .slice(0, candidatesMax)
    .map(({ id, name }) => `${name} (${id})`)
    .join(', ')
  if (only) {
    throw new MeshError('AMBIGUOUS_PEER', `${quoted} could mean more than one session.`, {
      hint: `Use the ID: ${list}.`,
    })
  }
  const why =
    meant.length > 0 ? `${quoted} does not run on this device.` : `No session is called ${quoted}.`
  throw new MeshError('UNKNOWN_PEER', why, { hint: `Running here: ${list}.` })
}

function isRunning(seat: Seat): seat is RunningSeat {
  return seat.entry !== undefined
}

async function untilGone({ name, entry }: RunningSeat, signal: AbortSignal): Promise<void> {
  const since = systemClock.elapsed()
  while (isProcessAlive(entry.pid)) {
    if (systemClock.elapsed() - since > leavingMs) {
      throw new MeshError('INTERNAL', `${name} was asked to leave and is still there.`, {
        hint: `Run: kill ${entry.pid}`,
      })
    }
    await pause(systemClock, lookMs, signal)
    signal.throwIfAborted()
  }
}
