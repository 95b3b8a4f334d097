import { z } from 'zod'
import type { Document } from './document.ts'
import type { PeerId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import { createReading } from './reading.ts'

/** What a peer says under `format/<peer>`: the version in which its records of the document are. */
const readFormat = createReading(z.object({ version: z.number().int().positive() }))

/** The form of records before any step. A peer that says nothing writes in this one. */
const firstVersion = 1

/**
 * Brings the value of one record to the next version: the new value, or the same one when the record
 * is of another kind or in the new form already.
 */
export type MigrationStep = (key: string, value: unknown) => unknown

/** The steps so far, the first from version 1 to 2. Readings go on to understand what absent peers wrote. */
const migrationSteps: readonly MigrationStep[] = []

/** What migrating needs. */
export interface MigrationDeps {
  readonly ledger: Pick<Ledger, 'begin'>
  readonly peer: PeerId
  readonly steps?: readonly MigrationStep[]
}

/**
 * Writes this peer's own records of a document in the newest form; nobody else may. They keep their
 * times, since they say the same as before. A document of a later release is left as it is. Answers
 * how many records were written anew.
 */
export async function migrate(
  document: Document,
  { ledger, peer, steps = migrationSteps }: MigrationDeps,
): Promise<number> {
  const key = `format/${peer}`
  const stored = document.get(key)
  const version = (stored && readFormat(stored)?.version) ?? firstVersion
  const newest = firstVersion + steps.length
  if (version >= newest) return 0
  const batch = await ledger.begin()
  const changed = document.list('').flatMap((rec) => {
    if (rec.by !== peer || rec.key === key) return []
    const value = steps
      .slice(version - firstVersion)
      .reduce((before, step) => step(rec.key, before), rec.value)
    return value === rec.value ? [] : [{ key: rec.key, value, at: rec.at }]
  })
  document.put(batch, [...changed, { key, value: { version: newest } }])
  await batch.commit()
  return changed.length
}
