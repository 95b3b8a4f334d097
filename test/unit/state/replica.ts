import { createDocument, type Document } from '../../../state/document.ts'
import type { HybridTime } from '../../../state/hybrid.ts'
import { createLedger, type Ledger } from '../../../state/ledger.ts'
import type { Verify } from '../../../state/signatures.ts'
import { createMemoryDisk, type MemoryDisk } from './memory.ts'
import { type Person, stillClock, verify } from './people.ts'

/** One holder of a document, with its disk and everything it was told. */
export interface Replica {
  readonly person: Person
  readonly disk: MemoryDisk
  readonly ledger: Ledger
  readonly document: Document
  /** Updates of our own that are on disk. */
  readonly committed: Uint8Array[]
  readonly changed: string[]
  readonly told: { skipped: number; verified: number }
  move(ms: number): void
  put(key: string, value: unknown, after?: HybridTime): Promise<void>
  /** Takes what a link brought. Answers whether something is missing before it. */
  receive(update: Uint8Array): Promise<boolean>
}

/** Where replicas get what would be random; never the same number twice. */
let clientIds = 0

/** Opens a document for somebody, on a disk that may hold it already. */
export async function openReplica(
  person: Person,
  options: { readonly disk?: MemoryDisk; readonly name?: string } = {},
): Promise<Replica> {
  const { disk = createMemoryDisk(), name = 'group:lobby@1' } = options
  const store = disk.open()
  const ledger = createLedger(store)
  const { hybrid, move } = stillClock()
  const committed: Uint8Array[] = []
  const changed: string[] = []
  const told = { skipped: 0, verified: 0 }
  const counting: Verify = (key, text, signature) => {
    told.verified += 1
    return verify(key, text, signature)
  }
  const createClientId = () => {
    clientIds += 1
    return clientIds
  }
  const document = createDocument(name, {
    store,
    ledger,
    writer: { ...person, verify: counting, hybrid, createClientId },
    onCommitted: (update) => void committed.push(update),
    onChanged: (keys) => void changed.push(...keys),
    onSkipped: (count) => {
      told.skipped += count
    },
  })
  ledger.mirror(document)
  await document.reload()
  return {
    person,
    disk,
    ledger,
    document,
    committed,
    changed,
    told,
    move,
    async put(key, value, after) {
      const batch = await ledger.begin()
      document.put(batch, [{ key, value, ...(after === undefined ? {} : { after }) }])
      await batch.commit()
    },
    async receive(update) {
      const batch = await ledger.begin()
      try {
        return document.apply(batch, update).gap
      } finally {
        await batch.commit()
      }
    },
  }
}

/** What a replica reads: values by key. */
export function readingOf({ document }: Replica): Record<string, unknown> {
  return Object.fromEntries(document.list('').map(({ key, value }) => [key, value]))
}

/** Brings everybody everything, as the comparison every 30 seconds does. */
export async function exchange(...replicas: readonly Replica[]): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    for (const from of replicas) {
      for (const to of replicas) {
        if (from !== to) await to.receive(from.document.difference(to.document.vector()))
      }
    }
  }
}

/** The same person on the same disk after a new start. */
export function reopen({ person, disk }: Replica): Promise<Replica> {
  return openReplica(person, { disk })
}
