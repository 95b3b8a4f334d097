import type { z } from 'zod'
import type { Rec } from './records.ts'

/** Reads the values of records, each once: a record never changes, it is replaced. */
export type Reading<Value> = (rec: Rec) => Value | undefined

/** Makes a reading of values of one shape; what has another shape is not there. */
export function createReading<Value>(schema: z.ZodType<Value>): Reading<Value> {
  const known = new WeakMap<Rec, Value | undefined>()
  return (rec) => {
    const before = known.get(rec)
    if (before !== undefined || known.has(rec)) return before
    const { data } = schema.safeParse(rec.value)
    known.set(rec, data)
    return data
  }
}
