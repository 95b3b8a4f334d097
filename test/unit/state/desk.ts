import type { Desk, Notices, Operation, Plan, WorkDesk } from '../../../state/desk.ts'
import { MeshError } from '../../../state/errors.ts'
import { createHybridClock, type HybridTime } from '../../../state/hybrid.ts'
import { createObjectId, type PeerId } from '../../../state/ids.ts'
import type { Notice } from '../../../state/inbox.ts'
import { createRecordIndex, type RecordIndex } from '../../../state/recordIndex.ts'
import type { Rec } from '../../../state/records.ts'
import { noonMs, type Person } from './people.ts'

/** Who sits at a desk. Operators may do what a human may, and are no members. */
export interface Sitting {
  readonly person: Person
  readonly name: string
  readonly isOperator?: boolean
}

/** One peer with a replica of the group's records of its own. */
export interface Seat {
  readonly peer: PeerId
  readonly name: string
  readonly desk: WorkDesk
  /** Does an operation and reads its answer at once. */
  act<Answer>(operation: Operation<Answer>): Answer
  /** Writes what an operation plans; its answer is read later, as after settling. */
  begin<Answer>(operation: Operation<Answer>): Begun<Answer>
  look<View>(view: (desk: Desk) => View): View
  /** What would be told, if all keys had changed just now, or only these. */
  notices(source: Notices, touched?: readonly string[]): readonly Notice[]
  /** Writes a record as this peer, whatever is in it; the key may be another's. */
  plant(key: string, value: unknown, at?: HybridTime): Rec
  /** Takes records as a link brings them, in any order and as often as you like. */
  take(...recs: readonly Rec[]): void
  records(): readonly Rec[]
}

/** Several peers of one group, each with its own replica; nothing passes until it is exchanged. */
export interface Desks {
  readonly seats: readonly Seat[]
  /** The seat of that name. */
  seat(name: string): Seat
  /** Brings everybody, or those named, what the others of them have. */
  exchange(...names: readonly string[]): void
  move(ms: number): void
  now(): number
  /** A peer is offline from now on, in everybody's eyes. */
  leave(name: string): void
  return(name: string): void
}

/**
 * Makes desks in memory. They follow the rules of a document without its cost: one writer for each
 * key, its later word wins, and a new record is later than everything its writer has seen.
 */
export function createDesk(setting: {
  readonly people: readonly Sitting[]
  readonly now?: number
}): Desks {
  const { people } = setting
  let nowMs = setting.now ?? noonMs
  let ids = 0
  const leftAtMs = new Map<PeerId, number>()

  function openSeat({ person, name }: Sitting): Seat {
    const index = createRecordIndex()
    const hybrid = createHybridClock(() => nowMs)
    const { peer, node, signer } = person

    const write = (key: string, value: unknown, at: HybridTime): Rec => {
      const rec = { key, value: asJson(value), by: peer, node, at, device: signer.key }
      take(rec)
      return rec
    }
    const take = (...recs: readonly Rec[]) => {
      for (const rec of recs) {
        keep(index, rec)
        hybrid.witness(rec.at)
      }
    }
    const desk = createView(peer, index)
    const begin = <Answer>(operation: Operation<Answer>): Begun<Answer> => {
      const plan = operation(desk)
      for (const { key, value, after = 0 } of plan.records) {
        write(key, value, hybrid.next(Math.max(after, index.get(key)?.at ?? 0)))
      }
      return { plan, answer: () => plan.answer(desk) }
    }

    return {
      ...{ peer, name, desk, begin, take },
      act: (operation) => begin(operation).answer(),
      look: (view) => view(desk),
      notices: (source, touched = index.list('').map(({ key }) => key)) => source(desk, touched),
      plant: (key, value, at = hybrid.next()) => write(key, value, at),
      records: () => index.list(''),
    }
  }

  function createView(peer: PeerId, index: RecordIndex): WorkDesk {
    return {
      ...{ peer, group: 'lobby', list: index.list, get: index.get },
      now: () => nowMs,
      isOperator: (other) => sittingOf(other)?.isOperator === true,
      online: () =>
        people
          .filter(({ person, isOperator }) => !isOperator && !leftAtMs.has(person.peer))
          .map(({ person }) => person.peer),
      lastSeenMs: (other) => leftAtMs.get(other) ?? nowMs,
      nameOf: (other) => sittingOf(other)?.name ?? other,
      createId() {
        ids += 1
        const random = new Uint8Array(10)
        new DataView(random.buffer).setUint32(6, ids)
        return createObjectId(nowMs, random)
      },
      resolve(text) {
        const found = people.find(({ person, name }) => name === text || person.peer === text)
        if (found) return found.person.peer
        throw new MeshError('UNKNOWN_PEER', `There is no peer ${JSON.stringify(text)}.`, {
          hint: 'See list_peers.',
        })
      },
    }
  }

  function sittingOf(peer: PeerId): Sitting | undefined {
    return people.find(({ person }) => person.peer === peer)
  }

  const seats = people.map(openSeat)

  function seat(name: string): Seat {
    const found = seats.find((each) => each.name === name)
    if (!found) throw new Error(`Nobody is called ${name}.`)
    return found
  }

  return {
    seats,
    seat,
    exchange(...names) {
      const between = names.length === 0 ? seats : names.map(seat)
      const all = between.flatMap((each) => each.records())
      for (const each of between) each.take(...all)
    },
    move(ms) {
      nowMs += ms
    },
    now: () => nowMs,
    leave: (name) => void leftAtMs.set(seat(name).peer, nowMs),
    return: (name) => void leftAtMs.delete(seat(name).peer),
  }
}

/** An operation whose records are written and whose answer is still to be read. */
export interface Begun<Answer> {
  readonly plan: Plan<Answer>
  answer(): Answer
}

/** The later word of a key's writer stays; a copy of what is there changes nothing. */
function keep(index: RecordIndex, rec: Rec): void {
  const before = index.get(rec.key)
  if (!before || rec.at > before.at) index.set(rec.key, rec)
}

/** A record carries what JSON can carry, and none of our objects. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
