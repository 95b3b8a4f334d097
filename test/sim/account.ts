import { fromJson } from '../../state/store.ts'
import type { MeshWorld, Seat } from './meshWorld.ts'

/** A message whose sender was told that it is kept. */
export interface Accepted {
  readonly id: string
  readonly from: Seat
  readonly to: readonly Seat[]
  /** Who may hold it: the pair, or everybody, and the operators in any case. */
  readonly audience: readonly Seat[]
  /** The disk of its sender went back in time since. */
  isAtRisk: boolean
  /**
   * Its sender's disk went back to a time before it, and no other disk held it then: it may be
   * gone, and nobody could do anything about it.
   */
  isExcused: boolean
}

/** What one seat has shown to its user. */
interface Shown {
  /** How often each message was announced. */
  readonly arrivals: Map<string, number>
  /** The last sequence number that was announced, by feed. */
  readonly lastByFeed: Map<string, number>
  /** What was marked as seen, and what is known to have been. */
  readonly attempted: Set<string>
  readonly certain: Set<string>
  readonly acknowledged: Set<string>
  /** Its disk went back in time at least once. */
  hasGoneBack: boolean
}

/** Keeps what users were promised, and complains at once when a promise is broken in passing. */
export interface Account {
  readonly accepted: readonly Accepted[]
  /** Texts whose sender was told that nothing was kept. */
  readonly refused: ReadonlySet<string>
  accept(message: Omit<Accepted, 'isAtRisk' | 'isExcused'>): void
  refuse(text: string): void
  /** An arrival was announced. */
  arrived(seat: Seat, id: string): void
  /** An inbox showed these, in this order. */
  listed(seat: Seat, ids: readonly string[]): void
  attemptSeen(seat: Seat, ids: readonly string[]): void
  certainlySeen(seat: Seat, ids: readonly string[]): void
  acknowledged(seat: Seat, id: string): void
  /** A disk has just gone back in time: what was promised of it is weighed again. */
  wentBack(seat: Seat): void
  /** The power went: what only disks held that lost it is weighed again. */
  reckon(): void
  of(seat: Seat): Readonly<Shown>
}

/** Opens an account for a world. */
export function createAccount(world: MeshWorld): Account {
  const accepted: Accepted[] = []
  const refused = new Set<string>()
  const shownBySeat = new Map(world.all.map((seat) => [seat, blank()]))

  function of(seat: Seat): Shown {
    return shownBySeat.get(seat) ?? blank()
  }

  function reckon(): void {
    for (const message of accepted) {
      if (message.isExcused || !message.isAtRisk) continue
      message.isExcused = !message.audience.some((seat) => holds(seat, message.id))
    }
  }

  return {
    accepted,
    refused,
    of,
    reckon,
    accept: (message) => void accepted.push({ ...message, isAtRisk: false, isExcused: false }),
    refuse: (text) => void refused.add(text),

    arrived(seat, id) {
      const { arrivals, lastByFeed } = of(seat)
      const count = (arrivals.get(id) ?? 0) + 1
      arrivals.set(id, count)
      if (count > 1) world.fault(`${seat.host} was told ${count} times of ${id}`)
      const place = placeOf(seat, id)
      if (!place) return world.fault(`${seat.host} was told of ${id}, which it does not hold`)
      const last = lastByFeed.get(place.feed) ?? 0
      if (place.seq <= last) world.fault(`${seat.host} was told of ${id} after a later one`)
      lastByFeed.set(place.feed, place.seq)
    },

    listed(seat, ids) {
      if (new Set(ids).size < ids.length) world.fault(`${seat.host} lists a message twice`)
      const lastByFeed = new Map<string, number>()
      for (const id of ids) {
        if (of(seat).certain.has(id)) world.fault(`${seat.host} lists ${id}, which was seen`)
        const place = placeOf(seat, id)
        if (!place) continue
        if (place.seq < (lastByFeed.get(place.feed) ?? 0)) {
          world.fault(`${seat.host} lists ${id} after a later one`)
        }
        lastByFeed.set(place.feed, place.seq)
      }
    },

    attemptSeen: (seat, ids) => addAll(of(seat).attempted, ids),
    certainlySeen: (seat, ids) => addAll(of(seat).certain, ids),
    acknowledged: (seat, id) => void of(seat).acknowledged.add(id),

    wentBack(seat) {
      const shown = of(seat)
      shown.hasGoneBack = true
      shown.arrivals.clear()
      shown.lastByFeed.clear()
      shown.certain.clear()
      for (const message of accepted) if (message.from === seat) message.isAtRisk = true
      reckon()
    },
  }
}

/** Whether a message is on the disk of a seat. */
export function holds(seat: Seat, id: string): boolean {
  return placeOf(seat, id) !== undefined
}

/** Where a message stands on the disk of a seat. Undefined for a notice. */
function placeOf(seat: Seat, id: string): { feed: string; seq: number } | undefined {
  const [stored] = seat.disk.range(`fi/${id}`, `fi/${id}~`)
  const place = stored && fromJson(stored[1])
  if (!Array.isArray(place)) return undefined
  return { feed: place.slice(0, 3).join('/'), seq: Number(place[3]) }
}

function addAll(set: Set<string>, ids: readonly string[]): void {
  for (const id of ids) set.add(id)
}

function blank(): Shown {
  return {
    arrivals: new Map(),
    lastByFeed: new Map(),
    attempted: new Set(),
    certain: new Set(),
    acknowledged: new Set(),
    hasGoneBack: false,
  }
}
