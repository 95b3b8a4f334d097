import type { Batch } from './ledger.ts'
import { fromJson, prefixRange, putJson, type Store, sortable, type Write } from './store.ts'

/** A log shorter than this is never worth a snapshot. */
const compactBytesMin = 65_536

/** How a document lies on disk: a snapshot, the updates since, and what was skipped in them. */
export interface DocumentLog {
  /** Reads everything: the snapshot first, then the updates; hashes of skipped entries by key. */
  load(): Promise<{ updates: readonly Uint8Array[]; skipped: ReadonlyMap<string, string> }>
  append(batch: Batch, update: Uint8Array, committed?: () => void): void
  /** Remembers that what now stands under these keys is not its writer's word. */
  markSkipped(batch: Batch, hashesByKey: ReadonlyMap<string, string>): void
  /** Replaces snapshot and log by one new snapshot when the log has outgrown the last one. */
  compactIfDue(batch: Batch, encode: () => Uint8Array): void
}

/** Makes the log of one document. */
export function createDocumentLog(name: string, store: Store): DocumentLog {
  const snapshotKey = `d/${name}/s`
  const updatePrefix = `d/${name}/u/`
  const skipPrefix = `d/${name}/x/`
  /** Numbers of the updates in the log: [first, next). */
  let first = 0
  let next = 0
  let logBytes = 0
  let snapshotBytes = 0

  return {
    async load() {
      const snapshot = await store.get(snapshotKey)
      const log = await store.range(prefixRange(updatePrefix))
      const skips = await store.range(prefixRange(skipPrefix))
      first = numberOf(log[0]?.[0], updatePrefix)
      next = log.length === 0 ? first : numberOf(log.at(-1)?.[0], updatePrefix) + 1
      logBytes = log.reduce((sum, [, update]) => sum + update.length, 0)
      snapshotBytes = snapshot?.length ?? 0
      const updates = log.map(([, update]) => update)
      return {
        updates: snapshot ? [snapshot, ...updates] : updates,
        skipped: new Map(
          skips.map(([key, hash]) => [
            Buffer.from(key.slice(skipPrefix.length), 'hex').toString(),
            String(fromJson(hash)),
          ]),
        ),
      }
    },

    append(batch, update, committed) {
      const key = updatePrefix + sortable(next)
      next += 1
      logBytes += update.length
      batch.add([{ kind: 'put', key, value: update }], committed)
    },

    markSkipped(batch, hashesByKey) {
      const writes = [...hashesByKey].map(([key, hash]) =>
        putJson(skipPrefix + Buffer.from(key).toString('hex'), hash),
      )
      batch.add(writes)
    },

    compactIfDue(batch, encode) {
      if (logBytes <= compactBytesMin || logBytes < snapshotBytes) return
      const snapshot = encode()
      const writes: Write[] = [{ kind: 'put', key: snapshotKey, value: snapshot }]
      for (let number = first; number < next; number += 1) {
        writes.push({ kind: 'delete', key: updatePrefix + sortable(number) })
      }
      batch.add(writes)
      first = next
      logBytes = 0
      snapshotBytes = snapshot.length
    },
  }
}

function numberOf(key: string | undefined, prefix: string): number {
  return key === undefined ? 0 : Number.parseInt(key.slice(prefix.length), 36)
}
