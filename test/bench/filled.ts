import { systemClock } from '../../mesh/clock.ts'
import { environmentOf } from '../../mesh/environment.ts'
import { openHome } from '../../mesh/home.ts'
import { findProject } from '../../mesh/project.ts'
import { type Seat, takeOperatorSeat, takeSeat } from '../../mesh/seats.ts'
import { type VoteRecord, voteKey } from '../../state/ballots.ts'
import { stepKey as decisionStepKey } from '../../state/decisionTopics.ts'
import { createDocument, type Document } from '../../state/document.ts'
import { groupDocument, lobby } from '../../state/groups.ts'
import { createHybridClock } from '../../state/hybrid.ts'
import { createObjectId, createPeerId, type NodeId, type PeerId, uuidV7 } from '../../state/ids.ts'
import { createLedger, type Ledger } from '../../state/ledger.ts'
import { type ProposalRecord, proposalKey } from '../../state/proposals.ts'
import type { Signer } from '../../state/signatures.ts'
import { putJson, type Store } from '../../state/store.ts'
import { type MadeTask, madeKey, stepKey, type TaskStep } from '../../state/taskHistory.ts'
import { createChance } from '../sim/world.ts'
import { createMemoryDisk } from '../unit/state/memory.ts'

/** What a group has done together that has worked for a month. */
export const filled = { tasks: 10_000, decisions: 2_000, votes: 5_000 } as const

const writers = 10
/** Time between two tasks. */
const paceMs = 240_000
/** Updates that go to disk together. */
const updatesPerBatch = 500
const words = 'the build of this part waits for what was decided about its parser'.split(' ')

/** A document in the hands of one peer. */
interface Holder {
  readonly peer: PeerId
  readonly ledger: Ledger
  readonly document: Document
}

/** What a document is opened with. */
interface Opening {
  readonly peer: PeerId
  readonly store: Store
  readonly signer: Signer
  readonly now: () => number
  readonly committed?: (update: Uint8Array) => void
}

/**
 * Fills the document of the lobby in the stores of the first seat of a project and of the operator,
 * as ten peers of this device would have: every record is signed and is an update of its own.
 */
export async function fillGroup(directory: string, project: string): Promise<void> {
  const home = await openHome(directory, environmentOf(process), systemClock)
  const { key } = await findProject(project)
  const seat = await takeSeat(home, { project: key, session: undefined }, systemClock)
  const operator = await takeOperatorSeat(home, systemClock)
  if (!operator) throw new Error('nobody has that seat')
  const { signer } = home
  const story = createStory(signer, seat.peer)
  const keepers = await Promise.all(
    [seat, operator].map(({ store, peer }) => hold({ store, peer, signer, now: story.now })),
  )
  await seat.store.commit([putJson(`joined/${lobby}`, story.now())])
  for await (const updates of inBatches(story.tell())) {
    for (const { ledger, document } of keepers) {
      const batch = await ledger.begin({ durable: false })
      for (const update of updates) document.apply(batch, update)
      await batch.commit()
    }
  }
  await closeAll([seat, operator])
}

async function closeAll(seats: readonly Seat[]): Promise<void> {
  for (const { store } of seats) await store.close()
}

async function hold({ peer, store, signer, now, committed }: Opening): Promise<Holder> {
  const ledger = createLedger(store)
  const random = (length: number) => systemClock.random(length)
  const document = createDocument(groupDocument(lobby), {
    ...{ store, ledger },
    writer: {
      ...{ peer, signer, node: uuidV7(now(), random(10)) as NodeId },
      // What was signed a line before needs no check.
      verify: () => true,
      hybrid: createHybridClock(now),
      createClientId: () => new DataView(random(4).buffer).getUint32(0),
    },
    onCommitted: (update) => committed?.(update),
    onChanged: () => {},
    onSkipped: (count) => {
      throw new Error(`${count} records are no records`)
    },
  })
  await document.reload()
  return { peer, ledger, document }
}

/** Gathers updates until there are enough for a batch. */
async function* inBatches(
  updates: AsyncIterable<readonly Uint8Array[]>,
): AsyncGenerator<readonly Uint8Array[]> {
  let waiting: Uint8Array[] = []
  for await (const some of updates) {
    waiting.push(...some)
    if (waiting.length < updatesPerBatch) continue
    yield waiting
    waiting = []
  }
  yield waiting
}

/** A month of work, told record by record. `first` is one of those who work. */
function createStory(signer: Signer, first: PeerId) {
  const chance = createChance(1)
  let nowMs = Date.now() - filled.tasks * paceMs
  let updates: Uint8Array[] = []
  const made: ReturnType<typeof id>[] = []
  const now = () => nowMs

  function id() {
    return createObjectId(nowMs, systemClock.random(10))
  }

  function gather(): Promise<Holder[]> {
    const peers = Array.from({ length: writers }, (_, index) =>
      index === 0 ? first : createPeerId(signer.device, systemClock.random(5)),
    )
    const committed = (update: Uint8Array) => void updates.push(update)
    return Promise.all(
      peers.map((peer) => hold({ peer, store: createMemoryDisk().open(), signer, now, committed })),
    )
  }

  async function write({ ledger, document }: Holder, key: string, value: unknown): Promise<void> {
    nowMs += 1_000
    const batch = await ledger.begin()
    document.put(batch, [{ key, value }])
    await batch.commit()
  }

  function text(length: number): string {
    return Array.from({ length }, () => words[Math.floor(chance() * words.length)]).join(' ')
  }

  function one<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(chance() * items.length)]
    if (item === undefined) throw new Error('there is at least one')
    return item
  }

  /** A task: two of five are claimed, and most of those completed; some wait for an earlier one. */
  async function task(holders: readonly Holder[]): Promise<void> {
    const [creator, claimer] = [one(holders), one(holders)]
    const [task, waits, isClaimed, isDone] = [id(), chance() < 0.2, chance() < 0.4, chance() < 0.7]
    const value: MadeTask = {
      ...{ title: text(6), description: text(40) },
      priority: one(['urgent', 'high', 'normal', 'normal', 'normal', 'low']),
      depends_on: waits && made.length > 0 ? [one(made.slice(-50))] : [],
      assignee: chance() < 0.1 ? one(holders).peer : null,
    }
    made.push(task)
    await write(creator, madeKey(task, creator.peer), value)
    const step = (taken: TaskStep) => write(claimer, stepKey(task, id(), claimer.peer), taken)
    if (isClaimed) await step({ kind: 'claim', over: null })
    if (isClaimed && isDone) await step({ kind: 'complete', result: text(20) })
  }

  async function decision(holders: readonly Holder[], number: number): Promise<void> {
    const { peer, ...holder } = one(holders)
    const [key, category] = [`${text(2)} ${number}`, one(['code', 'tests', 'documents'])]
    const said = { kind: 'posted', key, category, value: text(20), rationale: text(20) }
    const place = decisionStepKey(key, id(), peer)
    await write({ peer, ...holder }, place, { ...said, supersedes: [] })
  }

  /** A proposal on which everybody votes. */
  async function proposal(holders: readonly Holder[]): Promise<void> {
    const [author, proposal] = [one(holders), id()]
    const electorate = holders.map(({ peer }) => peer)
    const value: ProposalRecord = {
      ...{ title: text(6), description: text(40), electorate },
      ...{ required: Math.floor(writers / 2) + 1, deadlineMs: null },
    }
    await write(author, proposalKey(proposal, author.peer), value)
    const of = author.document.get(proposalKey(proposal, author.peer))?.at ?? 0
    for (const holder of holders) {
      const vote = chance() < 0.6 ? 'approve' : 'reject'
      const cast: VoteRecord = { of, vote, reason: text(10), earlier: [] }
      await write(holder, voteKey(proposal, holder.peer), cast)
    }
  }

  return {
    now,
    async *tell(): AsyncGenerator<readonly Uint8Array[]> {
      const holders = await gather()
      const begunMs = nowMs
      const { tasks, decisions, votes } = filled
      for (let number = 0; number < tasks; number += 1) {
        nowMs = begunMs + number * paceMs
        await task(holders)
        if (number % (tasks / decisions) === 0) await decision(holders, number)
        if (number % ((tasks * writers) / votes) === 0) await proposal(holders)
        yield updates
        updates = []
      }
    },
  }
}
