import { type CursorStore, createCursorStore } from '../state/cursors.ts'
import { createDocument, type Document } from '../state/document.ts'
import { invariant } from '../state/errors.ts'
import { createFeedStore, type FeedStore } from '../state/feedStore.ts'
import { type Entry, genuineOf } from '../state/feeds.ts'
import { groupDocument } from '../state/groups.ts'
import { createHybridClock, type HybridClock } from '../state/hybrid.ts'
import {
  createObjectId,
  type DeviceId,
  type NodeId,
  type ObjectId,
  type PeerId,
} from '../state/ids.ts'
import { createInboxStore, type InboxStore } from '../state/inbox.ts'
import { createLedger, type Ledger } from '../state/ledger.ts'
import { migrate } from '../state/migration.ts'
import type { Signer, Verify, VerifyAll } from '../state/signatures.ts'
import type { Store } from '../state/store.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { createSignal, type Signal } from './signal.ts'
import { createStanding, type Standing } from './standing.ts'

/** Fewer entries than this are verified sooner than other threads would have begun. */
const aheadMin = 4

/** Things that happened, counted for `mesh status` and `mesh doctor`. */
export interface Counters {
  add(name: string, amount?: number): void
  all(): Readonly<Record<string, number>>
}

/** What all parts of a node stand on: its seat, its clock, and what is true on its disk. */
export interface Core extends Omit<Standing, 'stand' | 'follow'> {
  readonly node: NodeId
  readonly peer: PeerId
  readonly clock: Clock
  readonly log: Log
  readonly hybrid: HybridClock
  readonly signer: Signer
  readonly ledger: Ledger
  readonly feeds: FeedStore
  readonly cursors: CursorStore
  readonly inbox: InboxStore
  readonly counters: Counters
  /** The document of the group that this peer works in. */
  readonly group: Document
  /** The document in which the cards and names stand of everybody whom this peer sees. */
  readonly faces: Document
  /** Our own update is on disk. */
  readonly updateCommitted: Signal<{ readonly document: Document; readonly update: Uint8Array }>
  /** Records read differently, by our hand or another's. */
  readonly changed: Signal<{ readonly document: Document; readonly keys: readonly string[] }>
  createId(): ObjectId
  /**
   * Checks signatures of what a device brings. What a process of our own device brings of our own
   * device needs no proof: that process proved in its hello that it has the key which would make one.
   */
  verifierFor(device: DeviceId): Verify
  /** Verifies entries ahead of their acceptance, when there are enough of them to gain by it. */
  verifyAhead(entries: readonly Entry[]): Promise<ReadonlySet<Entry> | undefined>
  /** Reads everything from disk. */
  load(): Promise<void>
}

/** What a core is made of. */
export interface CoreDeps {
  readonly node: NodeId
  readonly peer: PeerId
  readonly clock: Clock
  readonly log: Log
  readonly signer: Signer
  readonly verify: Verify
  /** Where other cores may help. */
  readonly verifyAll?: VerifyAll
  readonly store: Store
  /** This is the operator's seat: it has part in everything, before the directory says so. */
  readonly isOperator?: boolean
}

/** Opens a node's state over its store; `load` reads it. */
export function createCore(deps: CoreDeps): Core {
  const { node, peer, clock, log, signer, verify, store } = deps
  const hybrid = createHybridClock(() => clock.now())
  const ledger = createLedger(store)
  const counters = createCounters()
  const updateCommitted: Core['updateCommitted'] = createSignal()
  const changed: Core['changed'] = createSignal()
  const trusting: Verify = (key, text, signature) =>
    key === signer.key || verify(key, text, signature)
  const createClientId = () => new DataView(clock.random(4).buffer).getUint32(0)
  const writer = { peer, node, signer, verify, hybrid, createClientId }

  function make(name: string): Document {
    const document: Document = createDocument(name, {
      store,
      ledger,
      writer,
      onCommitted: (update) => updateCommitted.emit({ document, update }),
      onChanged: (keys) => changed.emit({ document, keys }),
      onSkipped: (count) => counters.add('records_skipped', count),
    })
    ledger.mirror(document)
    return document
  }

  const standing = createStanding({
    ...{ peer, make, isOperator: deps.isOperator ?? false },
    migrate: (document) => migrate(document, { ledger, peer }),
    failed: (thrown) => log.warn('group_not_opened', { thrown }),
  })
  changed.listen(({ document }) => document === standing.directory && standing.follow())

  function documentOf(group: string): Document {
    const document = standing.document(groupDocument(group))
    invariant(document, 'the documents of the place where we stand are open')
    return document
  }

  const feeds = createFeedStore({ store, peer, node, signer, verify, hybrid })
  const cursors = createCursorStore(store)
  const inbox = createInboxStore(store)
  const mirrors = [feeds, cursors, inbox]
  for (const mirror of mirrors) ledger.mirror(mirror)

  const { stand, follow: _, ...places } = standing
  return {
    ...places,
    ...{ node, peer, clock, log, hybrid, signer, ledger, feeds, cursors, inbox, counters },
    ...{ updateCommitted, changed },
    get group() {
      return documentOf(stand().group)
    },
    get faces() {
      return documentOf(stand().circle)
    },
    createId: () => createObjectId(clock.now(), clock.random(10)),
    verifierFor: (device) => (device === signer.device ? trusting : verify),
    async verifyAhead(entries) {
      const fresh = entries.filter((item) => item.seq > feeds.head(item))
      if (!deps.verifyAll || fresh.length < aheadMin) return undefined
      return genuineOf(fresh, deps.verifyAll)
    },
    async load() {
      await standing.load()
      for (const mirror of mirrors) await mirror.reload()
    },
  }
}

function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    add: (name, amount = 1) => void counts.set(name, (counts.get(name) ?? 0) + amount),
    all: () => Object.fromEntries([...counts].sort()),
  }
}
