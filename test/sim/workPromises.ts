import * as Y from 'yjs'
import { canonicalJson } from '../../state/canonical.ts'
import { groupDocument } from '../../state/groups.ts'
import { type Rec, readRecord } from '../../state/records.ts'
import type { MeshWorld, Seat } from './meshWorld.ts'

/** A record whose writer was told that it is kept. */
export interface Promised {
  readonly seat: Seat
  readonly group: string
  readonly rec: Rec
  /** The disk of its writer went back in time since. */
  isAtRisk: boolean
  /** No other disk held it then: it may be gone, and nobody could do anything about it. */
  isExcused: boolean
}

/** Keeps what was answered to those who changed shared work. */
export interface Promises {
  readonly all: readonly Promised[]
  keep(promised: Pick<Promised, 'seat' | 'group' | 'rec'>): void
  /** A disk has just gone back in time. */
  wentBack(seat: Seat): void
  /** The power went: what only disks held that lost it is weighed again. */
  reckon(): void
  /** Whether the disk of a seat ever went back in time. */
  hasGoneBack(seat: Seat): boolean
}

/** Keeps promises for a world. */
export function createPromises({ all: seats }: MeshWorld): Promises {
  const all: Promised[] = []
  const gone = new Set<Seat>()

  function reckon(): void {
    const risky = all.filter(({ isAtRisk, isExcused }) => isAtRisk && !isExcused)
    for (const group of new Set(risky.map((promised) => promised.group))) {
      const replicas = seats.map((seat) => recordsOnDisk(seat, groupDocument(group)))
      for (const promised of risky) {
        if (promised.group !== group) continue
        const { key, at } = promised.rec
        promised.isExcused = !replicas.some((records) => (records.get(key)?.at ?? -1) >= at)
      }
    }
  }

  return {
    all,
    reckon,
    keep: (promised) => void all.push({ ...promised, isAtRisk: false, isExcused: false }),
    hasGoneBack: (seat) => gone.has(seat),
    wentBack(seat) {
      gone.add(seat)
      for (const promised of all) if (promised.seat === seat) promised.isAtRisk = true
      reckon()
    },
  }
}

/** What the disk of a seat holds of a document, by key; nothing where it holds none. */
export function recordsOnDisk({ disk }: Seat, document: string): ReadonlyMap<string, Rec> {
  const place = `d/${document}/`
  const doc = new Y.Doc()
  const snapshot = disk.get(`${place}s`)
  if (snapshot) Y.applyUpdate(doc, snapshot)
  for (const [, update] of disk.range(`${place}u/`, `${place}u/~`)) Y.applyUpdate(doc, update)
  const found = [...doc.getMap('records')].flatMap(([key, stored]) => readRecord(key, stored) ?? [])
  return new Map(found.map((rec) => [rec.key, rec]))
}

/** Records as one text: equal when they are. */
export function textOfRecords(records: Iterable<Rec>): string {
  return [...records]
    .map(({ key, at, value }) => `${key} ${at} ${canonicalJson(value)}`)
    .sort()
    .join('\n')
}
