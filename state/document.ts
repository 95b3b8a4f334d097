import * as Y from 'yjs'
import { createDocumentLog } from './documentLog.ts'
import type { HybridClock, HybridTime } from './hybrid.ts'
import type { NodeId, PeerId } from './ids.ts'
import type { Batch, Ledger, Mirror } from './ledger.ts'
import { createRecordIndex } from './recordIndex.ts'
import { contentHash, type Rec, readRecord, signRecord, verifyRecord, writerOf } from './records.ts'
import { createSharing } from './sharing.ts'
import type { Signer, Verify } from './signatures.ts'
import type { Store } from './store.ts'

/** Who writes, and with what. */
export interface Writer {
  readonly peer: PeerId
  readonly node: NodeId
  readonly signer: Signer
  readonly verify: Verify
  readonly hybrid: HybridClock
  /** A fresh 32-bit number for a Y.Doc: never reused, or two replicas could diverge for ever. */
  readonly createClientId: () => number
}

/** What a document needs from its node. */
export interface DocumentDeps {
  readonly store: Store
  readonly ledger: Ledger
  readonly writer: Writer
  /** Our own update is on disk: time to broadcast it. */
  readonly onCommitted: (update: Uint8Array) => void
  /** These keys now read differently, by our hand or another's. */
  readonly onChanged: (keys: readonly string[]) => void
  /** Records that do not carry their writer's signature were skipped. */
  readonly onSkipped: (count: number) => void
}

/** A record of ours to be written: later than `after`, or `at` the time that it had in another form. */
export interface Put {
  readonly key: string
  readonly value: unknown
  readonly after?: HybridTime
  readonly at?: HybridTime
}

/** A replicated document: one Y.Map of signed records. */
export interface Document extends Mirror {
  readonly name: string
  /** Writes records of ours into memory and the batch; each gets a time after all of its `after`. */
  put(batch: Batch, records: readonly Put[]): void
  /**
   * Applies a foreign update. Whether anything is missing before it: then ask for the state.
   * Throws when it is malformed; what could be read of it is applied, and in the batch, even so.
   * `verify` checks what came with it, where somebody vouches for a part of that.
   */
  apply(batch: Batch, update: Uint8Array, verify?: Verify): { readonly gap: boolean }
  /** A valid record, or undefined. */
  get(key: string): Rec | undefined
  /** All valid records whose key begins with `prefix`. */
  list(prefix: string): readonly Rec[]
  /** 16 bytes, base64url: equal when and (but for chance) only when all entries are equal. */
  hash(): string
  /** What we have, for the other end to compute what we lack. Yjs state vector, V1. */
  vector(): Uint8Array
  /** What the holder of `vector` lacks: Yjs update, V1. */
  difference(vector?: Uint8Array): Uint8Array
}

const rootName = 'records'
/** Fields of what is stored whose texts are few. */
const sharedFields = ['by', 'node', 'key'] as const
const localOrigin = 'local'
const diskOrigin = 'disk'

/** Opens a document: empty until `reload` has read it from disk. */
export function createDocument(name: string, deps: DocumentDeps): Document {
  const { writer } = deps
  const log = createDocumentLog(name, deps.store)
  const share = createSharing()
  let doc = new Y.Doc()
  let map = doc.getMap<unknown>(rootName)
  let records = createRecordIndex()
  /** The newest valid record of ours under each of our keys, wherever it came from. */
  let own = new Map<string, { rec: Rec; stored: object }>()
  /** 16 bytes each, as so many characters: a buffer for each would take four times as much. */
  let hashesByKey = new Map<string, string>()
  let total = Buffer.alloc(16)
  /** Keys that were read from disk and are not hashed yet: a start need not wait for that. */
  let unhashed = new Set<string>()

  function openDoc(): void {
    doc = new Y.Doc({ gc: true })
    doc.clientID = writer.createClientId()
    map = doc.getMap(rootName)
    records = createRecordIndex()
    own = new Map()
    hashesByKey = new Map()
    total = Buffer.alloc(16)
    unhashed = new Set()
  }

  /** Applies a change and answers the Yjs update it made and the keys it touched. */
  function change(origin: string, make: () => void): { update: Uint8Array | null; keys: string[] } {
    let update: Uint8Array | null = null
    const keys: string[] = []
    const onUpdate = (bytes: Uint8Array) => {
      update = update ? Y.mergeUpdates([update, bytes]) : bytes
    }
    const onEvent = (event: Y.YMapEvent<unknown>) => void keys.push(...event.keysChanged)
    // Reading from disk makes no update: encoding the whole document again would be for nothing.
    if (origin !== diskOrigin) doc.on('update', onUpdate)
    map.observe(onEvent)
    try {
      doc.transact(make, origin)
    } finally {
      doc.off('update', onUpdate)
      map.unobserve(onEvent)
    }
    return { update, keys }
  }

  /** What stands under a key. Writers, nodes and device keys are few: each is kept once, not with each record. */
  function storedAt(key: string): unknown {
    const stored: unknown = map.get(key)
    if (!isObject(stored)) return stored
    const content = map._map.get(key)?.content
    // Yjs lets the list of one value grow, which makes room for a dozen more.
    if (content instanceof Y.ContentAny) content.arr = content.arr.slice()
    for (const field of sharedFields) {
      const text: unknown = Reflect.get(stored, field)
      if (typeof text === 'string') Reflect.set(stored, field, share(text))
    }
    return stored
  }

  function rehash(key: string): void {
    unhashed.delete(key)
    const before = hashesByKey.get(key)
    if (before) fold(before)
    if (!map.has(key)) return void hashesByKey.delete(key)
    const after = Buffer.from(contentHash(key, map.get(key)), 'base64url').toString('latin1', 0, 16)
    fold(after)
    hashesByKey.set(key, after)
  }

  function fold(hash: string): void {
    for (let index = 0; index < hash.length; index += 1) {
      total[index] = (total[index] ?? 0) ^ hash.charCodeAt(index)
    }
  }

  /** Takes a record into what we read, and answers whether the map holds less than we know of our own. */
  function take(key: string, rec: Rec | undefined): boolean {
    if (rec) records.set(key, rec)
    else records.delete(key)
    if (rec) writer.hybrid.witness(rec.at)
    if (writerOf(key) !== writer.peer) return false
    const known = own.get(key)
    const stored: unknown = map.get(key)
    if (rec && (!known || rec.at >= known.rec.at) && isObject(stored)) {
      own.set(key, { rec, stored })
      return false
    }
    return known !== undefined
  }

  /** Writes our newest again where somebody's older or broken value won by chance (DESIGN 7.3). */
  function reassert(batch: Batch, keys: readonly string[]): void {
    const { update } = change(localOrigin, () => {
      for (const key of keys) map.set(key, own.get(key)?.stored)
    })
    for (const key of keys) {
      rehash(key)
      take(key, own.get(key)?.rec)
    }
    if (update) log.append(batch, update, () => deps.onCommitted(update))
  }

  return {
    name,

    async reload() {
      openDoc()
      const { updates, skipped } = await log.load()
      const { keys } = change(diskOrigin, () => {
        for (const update of updates) Y.applyUpdate(doc, update, diskOrigin)
      })
      for (const key of keys) {
        const stored = storedAt(key)
        // Yjs does not keep every strange value as it came, so a hash would not know it again.
        const rec = skipped.has(key)
          ? verifyRecord(name, [key, stored], writer.verify)
          : readRecord(key, stored)
        take(key, rec)
      }
      unhashed = new Set(keys)
      deps.onChanged(keys)
    },

    put(batch, entries) {
      const made = entries.map(({ key, value, after = 0, at }) => {
        const later = () => writer.hybrid.next(Math.max(after, own.get(key)?.rec.at ?? 0))
        const rec = { key, value, by: writer.peer, node: writer.node, at: at ?? later() }
        return { key, stored: signRecord(name, rec, writer.signer) }
      })
      const { update } = change(localOrigin, () => {
        for (const { key, stored } of made) map.set(key, stored)
      })
      for (const { key, stored } of made) {
        rehash(key)
        take(key, readRecord(key, stored))
      }
      if (!update) return
      log.append(batch, update, () => deps.onCommitted(update))
      log.compactIfDue(batch, () => Y.encodeStateAsUpdate(doc))
      deps.onChanged(made.map(({ key }) => key))
    },

    apply(batch, foreign, verify = writer.verify) {
      let malformed: { readonly thrown: unknown } | undefined
      const { update, keys } = change('link', () => {
        try {
          Y.applyUpdate(doc, foreign, 'link')
        } catch (thrown) {
          malformed = { thrown }
        }
      })
      const skipped = new Map<string, string>()
      const lost: string[] = []
      for (const key of new Set(keys)) {
        const stored = storedAt(key)
        const rec = verifyRecord(name, [key, stored], verify)
        // An entry is gone for a while when an update came before the one that it follows.
        if (!rec && map.has(key)) skipped.set(key, contentHash(key, stored))
        rehash(key)
        if (take(key, rec)) lost.push(key)
      }
      if (update) log.append(batch, update)
      log.markSkipped(batch, skipped)
      if (lost.length > 0) reassert(batch, lost)
      log.compactIfDue(batch, () => Y.encodeStateAsUpdate(doc))
      if (skipped.size > 0) deps.onSkipped(skipped.size)
      if (keys.length > 0) deps.onChanged(keys)
      const gap = doc.store.pendingStructs !== null
      // What waits for something else would come to disk, and be read from there, unverified. It
      // would also stay for ever if that never came. Whoever asks for the state gets it again.
      doc.store.pendingStructs = null
      doc.store.pendingDs = null
      if (malformed) throw malformed.thrown
      return { gap }
    },

    get: (key) => records.get(key),
    list: (prefix) => records.list(prefix),
    hash() {
      for (const key of unhashed) rehash(key)
      return total.toString('base64url')
    },
    vector: () => Y.encodeStateVector(doc),
    difference: (vector) => Y.encodeStateAsUpdate(doc, vector),
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
