import type { Desk, Operation, WorkDesk } from '../state/desk.ts'
import type { Document, Put } from '../state/document.ts'
import { MeshError } from '../state/errors.ts'
import { groupDocument } from '../state/groups.ts'
import type { PeerId } from '../state/ids.ts'
import type { Batch } from '../state/ledger.ts'
import type { Act } from './activity.ts'
import { pause } from './clock.ts'
import type { Core } from './core.ts'
import type { Link } from './link.ts'
import type { Names } from './names.ts'
import type { Peers } from './peers.ts'

/** Settling is counted in turns of so many milliseconds. */
const turnMs = 50
/** Turns in which nobody touched the same any more. */
const quietTurns = 3
/** However much others do, settling takes no longer than so many times what was asked. */
const longerMax = 3

/** What working needs. */
export interface WorkDeps {
  readonly peers: Peers
  readonly names: Names
  readonly act: Act
  readonly links: () => readonly Link[]
}

/** Looks at and changes the shared work of a group: ours, or for the operator any. */
export interface Work {
  /** Does one operation: its records and its entry in the group's log are on disk when it resolves. */
  work<Answer>(operation: Operation<Answer>, group?: string): Promise<Answer>
  /** Reads from the shared work as it is now. */
  look<Answer>(view: (desk: Desk) => Answer, group?: string): Answer
}

/** Makes the work of a node. */
export function createWork(core: Core, deps: WorkDeps): Work {
  const { peers, names, act, links } = deps

  function documentOf(group: string): Document {
    const document = core.document(groupDocument(group))
    if (document) return document
    throw new MeshError('UNKNOWN_GROUP', 'The work of that group is not here.', {
      hint: 'Only its members and the operator hold it: see mesh groups.',
    })
  }

  /** Whom a text means, of those who will see the work. */
  function resolveIn(group: string, text: string): PeerId {
    const peer = peers.resolve(text)
    if (core.isOperator(peer) || core.groupOf(peer) === group) return peer
    throw new MeshError('UNKNOWN_PEER', `${names.of(peer)} works in another group.`, {
      hint: 'Shared work reaches the peers of your own group; send_message reaches the others.',
    })
  }

  function deskOf(group: string): WorkDesk {
    const document = documentOf(group)
    const isMember = (peer: Desk['peer']) => !core.isOperator(peer) && core.groupOf(peer) === group
    return {
      ...{ peer: core.peer, group },
      now: () => core.clock.now(),
      list: document.list,
      get: document.get,
      isOperator: core.isOperator,
      online: () => [...new Set([core.peer, ...links().map(({ peer }) => peer)].filter(isMember))],
      lastSeenMs: (peer) => Date.parse(peers.view(peer).last_seen),
      nameOf: names.of,
      createId: core.createId,
      resolve: (text) => resolveIn(group, text),
    }
  }

  /**
   * Waits until what others did at the same time is here: at least so long, and longer while they
   * still touch the same objects. Time is counted in turns, each of which hears what has arrived,
   * so that a process that gets no processor waits longer.
   */
  async function settle(document: Document, records: readonly Put[], ms: number): Promise<void> {
    const prefixes = records.map(({ key }) => `${key.split('/', 2).join('/')}/`)
    let quiet = 0
    const stop = core.changed.listen((change) => {
      const isOurs = (key: string) => prefixes.some((prefix) => key.startsWith(prefix))
      if (change.document === document && change.keys.some(isOurs)) quiet = 0
    })
    const least = Math.ceil(ms / turnMs)
    for (let turns = 1; turns <= least * longerMax; turns += 1) {
      await pause(core.clock, turnMs)
      quiet += 1
      if (turns >= least && quiet >= quietTurns) break
    }
    stop()
  }

  return {
    look: (view, group = core.groupOf(core.peer)) => view(deskOf(group)),

    async work(operation, group = core.groupOf(core.peer)) {
      const desk = deskOf(group)
      const batch = await core.ledger.begin()
      const { records, activity, settleMs, answer } = operation(desk)
      put(documentOf(group), batch, records)
      act(batch, activity, group)
      await batch.commit()
      if (settleMs !== undefined) await settle(documentOf(group), records, settleMs)
      return answer(desk)
    },
  }
}

/** A record that is too large is refused before anything of the plan is in memory. */
function put(document: Document, batch: Batch, records: readonly Put[]): void {
  try {
    document.put(batch, records)
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown
    throw new MeshError('BAD_INPUT', 'That is too long to be kept in one piece.', {
      hint: 'Say it shorter, or put it into a file and name that.',
      cause: thrown,
    })
  }
}
