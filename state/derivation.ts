import type { Desk } from './desk.ts'
import { isUuid, type ObjectId } from './ids.ts'
import type { Rec } from './records.ts'

/** What is needed of a desk to derive from it. */
type Source = Pick<Desk, 'list' | 'isOperator'>
/** How objects of one kind follow from records. */
interface Rules<Thing, Order> {
  /** One object from all its records; undefined when they make none. */
  derive(recs: readonly Rec[], isOperator: Desk['isOperator']): Thing | undefined
  /** What is kept over all of them, from what was kept before these changed. */
  arrange(
    things: ReadonlyMap<ObjectId, Thing>,
    changed: ReadonlySet<ObjectId>,
    last: Order | undefined,
  ): Order
}

/** All objects of a kind in one group. */
export interface Derived<Thing, Order> {
  readonly things: ReadonlyMap<ObjectId, Thing>
  readonly order: Order
}

/** What was derived last, and from what. */
interface Last<Thing, Order> extends Derived<Thing, Order> {
  readonly recs: readonly Rec[]
  readonly writers: ReadonlySet<Rec['by']>
  /** The operators among the writers: who is one is written elsewhere. */
  readonly operators: string
}

/** So many changed objects are looked up one by one; more are picked from the whole list. */
const fewMax = 50

/**
 * Derives the objects of a kind from the records under `kind/<id>/`, and again only those whose
 * records changed since: records are replaced, never changed, and stay where they are in the list.
 * The same answer comes back as long as nothing changed.
 */
export function createDerivation<Thing, Order>(
  kind: string,
  { derive, arrange }: Rules<Thing, Order>,
): (desk: Source) => Derived<Thing, Order> {
  /** By the first record, by which the lists of different groups differ. */
  const lastByRec = new WeakMap<Rec, Last<Thing, Order>>()

  return (desk) => {
    const recs = desk.list(`${kind}/`)
    const [first] = recs
    const known = first && lastByRec.get(first)
    const changes = changedRecords(known?.recs ?? [], recs)
    const writers = new Set([...(known?.writers ?? []), ...changes.map(({ by }) => by)])
    const operators = [...writers].filter(desk.isOperator).sort().join(' ')
    const last = known?.operators === operators ? known : undefined
    if (last && changes.length === 0) return last
    const ids = new Set((last ? changes : recs).flatMap((rec) => objectOf(rec) ?? []))
    const things = new Map(last?.things)
    const isFew = ids.size <= fewMax
    for (const [id, own] of isFew ? listEach(desk, kind, ids) : groupById(recs, ids)) {
      const thing = derive(own, desk.isOperator)
      if (thing === undefined) things.delete(id)
      else things.set(id, thing)
    }
    const next = { recs, writers, operators, things, order: arrange(things, ids, last?.order) }
    if (first) lastByRec.set(first, next)
    return next
  }
}

/** What stood where something else stands now, and what stands there. */
function changedRecords(before: readonly Rec[], after: readonly Rec[]): readonly Rec[] {
  const changes: Rec[] = []
  if (before === after) return changes
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    const old = before[index]
    const rec = after[index]
    if (old === rec) continue
    if (old) changes.push(old)
    if (rec) changes.push(rec)
  }
  return changes
}

function listEach(
  desk: Source,
  kind: string,
  ids: ReadonlySet<ObjectId>,
): ReadonlyMap<ObjectId, readonly Rec[]> {
  return new Map([...ids].map((id) => [id, desk.list(`${kind}/${id}/`)]))
}

/** The records of those objects; none for one that is gone. */
function groupById(
  recs: readonly Rec[],
  ids: ReadonlySet<ObjectId>,
): ReadonlyMap<ObjectId, readonly Rec[]> {
  const recsById = new Map<ObjectId, Rec[]>([...ids].map((id) => [id, []]))
  for (const rec of recs) {
    const id = objectOf(rec)
    if (id !== undefined) recsById.get(id)?.push(rec)
  }
  return recsById
}

/** The second part of a key, when it is an ID. */
function objectOf({ key }: Rec): ObjectId | undefined {
  const start = key.indexOf('/') + 1
  const id = key.slice(start, key.indexOf('/', start))
  return isUuid(id) ? (id as ObjectId) : undefined
}
