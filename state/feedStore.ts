import { z } from 'zod'
import { MeshError } from './errors.ts'
import { type Draft, type Entry, entry, type FeedKey, isGenuine, signEntry } from './feeds.ts'
import type { HybridClock, HybridTime } from './hybrid.ts'
import { idPrefixMin, type NodeId, type PeerId } from './ids.ts'
import type { Batch, Mirror } from './ledger.ts'
import { hashText, type Signer, type Verify } from './signatures.ts'
import { fromJson, prefixRange, putJson, type Store, type Stored, sortable } from './store.ts'

/** Sequence numbers by `<peer>/<node>`: how far each feed of a scope is known here. */
export type Heads = Readonly<Record<string, number>>

/** What became of an entry that a link brought. */
export type Acceptance = 'accepted' | 'known' | 'gap' | 'invalid'

/** How a foreign word is taken. */
export interface Accepting {
  /** What is verified is not verified again. */
  readonly verified?: ReadonlySet<Entry> | undefined
  /** Words between the last known one and this may be missing if this is older than that: they were let go. */
  readonly skipBefore?: HybridTime | undefined
}

/** What is needed to keep feeds. */
export interface FeedDeps {
  readonly store: Store
  readonly peer: PeerId
  readonly node: NodeId
  readonly signer: Signer
  readonly verify: Verify
  readonly hybrid: HybridClock
}

/** All feeds on this disk. Heads live in memory, entries on disk. */
export interface FeedStore extends Mirror {
  /** Says the next word of our own feed in that scope. */
  append(batch: Batch, draft: Draft): Entry
  /** Takes a foreign word if it is the next of its feed, or if what is between may be missing. */
  accept(batch: Batch, candidate: Entry, how?: Accepting): Acceptance
  /** Lets go of words. What is asked for later of their feeds begins behind them. */
  drop(batch: Batch, items: readonly Entry[]): void
  /** How many entries of a scope are here. */
  count(scope: string): number
  /** Entries of one scope by time, the oldest first, behind a place of this same index. */
  oldest(scope: string, query: { after?: string; limit: number }): Promise<Timeline>
  head(feed: FeedKey): number
  heads(scope: string): Heads
  scopes(): readonly string[]
  /** One hash over the heads of these scopes: equal on two nodes that know the same. */
  hash(scopes: readonly string[]): string
  /** Entries `from`..`to` of a feed, in order, until `bytesMax` of JSON are full. */
  range(feed: FeedKey, bounds: { from: number; to: number; bytesMax: number }): Promise<Entry[]>
  /** The entry whose ID begins with the text. Fails with UNKNOWN_MESSAGE or AMBIGUOUS_MESSAGE. */
  find(idPrefix: string): Promise<Entry>
  /** Entries of one scope by time, newest first, before a place of this same index. */
  timeline(scope: string, query: { before?: string; limit: number }): Promise<Timeline>
}

/** Entries and their places in the index; the last place leads to the next page. */
export type Timeline = readonly { readonly place: string; readonly entry: Entry }[]

/** Entries looked at that share the beginning of an ID. */
const idsMax = 8
/** Under this prefix stands how many entries of a feed are missing. */
export const missingPrefix = 'fm/'

const coordinate = z.tuple([z.string(), z.string(), z.string(), z.number()])

/** Opens the feeds: empty until `reload` has read the heads from disk. */
export function createFeedStore(deps: FeedDeps): FeedStore {
  const { store, signer, verify, hybrid } = deps
  let headsByScope = new Map<string, Map<string, number>>()
  /** How many entries of a feed are not here though its head is beyond them. */
  let missingByFeed = new Map<string, number>()

  function miss(batch: Batch, feed: string, count: number): void {
    const missing = (missingByFeed.get(feed) ?? 0) + count
    missingByFeed.set(feed, missing)
    batch.add([putJson(`${missingPrefix}${feed}`, missing)])
  }

  function headOf(scope: string, author: string): number {
    return headsByScope.get(scope)?.get(author) ?? 0
  }

  /** Puts an entry, its head and its two indexes (by ID, by time) into one batch. */
  function write(batch: Batch, item: Entry): void {
    const author = `${item.peer}/${item.node}`
    const heads = headsByScope.get(item.scope) ?? new Map<string, number>()
    headsByScope.set(item.scope, heads)
    heads.set(author, item.seq)
    const place = [item.scope, item.peer, item.node, item.seq]
    batch.add([
      putJson(entryKey(item, item.seq), item),
      putJson(`fh/${item.scope}/${author}`, item.seq),
      putJson(idKey(item), place),
      putJson(timeKey(item), place),
    ])
  }

  async function read(place: unknown): Promise<Entry | undefined> {
    const [scope, peer, node, seq] = coordinate.parse(place)
    const stored = await store.get(`f/${scope}/${peer}/${node}/${sortable(seq)}`)
    return stored && entry.parse(fromJson(stored))
  }

  async function entriesAt(prefix: string, rows: readonly Stored[]): Promise<Timeline> {
    const found = await Promise.all(rows.map(([, value]) => read(fromJson(value))))
    return rows.flatMap(([key], index) => {
      const item = found[index]
      return item ? [{ place: key.slice(prefix.length), entry: item }] : []
    })
  }

  return {
    async reload() {
      headsByScope = new Map()
      for (const [key, value] of await store.range(prefixRange('fh/'))) {
        const [, scope = '', peer = '', node = ''] = key.split('/')
        const heads = headsByScope.get(scope) ?? new Map<string, number>()
        headsByScope.set(scope, heads)
        heads.set(`${peer}/${node}`, Number(fromJson(value)))
      }
      const missing = await store.range(prefixRange(missingPrefix))
      missingByFeed = new Map(
        missing.map(([key, value]) => [key.slice(missingPrefix.length), Number(fromJson(value))]),
      )
    },

    append(batch, draft) {
      const { peer, node } = deps
      const seq = headOf(draft.scope, `${peer}/${node}`) + 1
      const item = signEntry(draft, { peer, node, seq, at: hybrid.next() }, signer)
      write(batch, item)
      return item
    },

    accept(batch, candidate, { verified, skipBefore = 0 } = {}) {
      const { scope, peer, node, seq } = candidate
      const head = headOf(scope, `${peer}/${node}`)
      if (seq <= head) return 'known'
      if (seq > head + 1 && candidate.at >= skipBefore) return 'gap'
      if (!verified?.has(candidate) && !isGenuine(candidate, verify)) return 'invalid'
      hybrid.witness(candidate.at)
      if (seq > head + 1) miss(batch, `${scope}/${peer}/${node}`, seq - head - 1)
      write(batch, candidate)
      return 'accepted'
    },

    drop(batch, items) {
      for (const item of items) {
        batch.add(keysOf(item).map((key) => ({ kind: 'delete', key })))
        miss(batch, `${item.scope}/${item.peer}/${item.node}`, 1)
      }
    },

    count(scope) {
      let count = 0
      for (const [author, head] of headsByScope.get(scope) ?? []) {
        count += head - (missingByFeed.get(`${scope}/${author}`) ?? 0)
      }
      return count
    },

    async oldest(scope, { after, limit }) {
      const prefix = `fs/${scope}/`
      // Behind the place itself and whatever could follow it.
      const from = after === undefined ? prefix : `${prefix}${after} `
      return entriesAt(prefix, await store.range({ from, to: `${prefix}~`, limit }))
    },

    head: ({ scope, peer, node }) => headOf(scope, `${peer}/${node}`),
    heads: (scope) => Object.fromEntries(headsByScope.get(scope) ?? []),
    scopes: () => [...headsByScope.keys()],

    hash(scopes) {
      const lines = scopes.flatMap((scope) =>
        [...(headsByScope.get(scope) ?? [])].map(([author, seq]) => `${scope}/${author}/${seq}`),
      )
      return hashText(lines.sort().join('\n')).slice(0, 22)
    },

    async range(feed, { from, to, bytesMax }) {
      const rows = await store.range({
        from: entryKey(feed, from),
        to: entryKey(feed, to + 1),
        limit: 500,
      })
      const entries: Entry[] = []
      let bytes = 0
      for (const [, value] of rows) {
        bytes += value.length
        if (entries.length > 0 && bytes > bytesMax) break
        entries.push(entry.parse(fromJson(value)))
      }
      return entries
    },

    async find(idPrefix) {
      const wanted = idPrefix.trim().toLowerCase()
      const found =
        wanted.length < idPrefixMin
          ? []
          : await store.range({ ...prefixRange(`fi/${wanted}`), limit: idsMax })
      if (new Set(found.map(([key]) => key.split('/')[1])).size > 1) {
        throw new MeshError('AMBIGUOUS_MESSAGE', 'More than one message ID begins like that.', {
          hint: 'Give more characters of the ID.',
        })
      }
      const items = await Promise.all(found.map(([, place]) => read(fromJson(place))))
      const isOurs = (item?: Entry) => item?.peer === deps.peer || item?.to.includes(deps.peer)
      const item = items.find(isOurs) ?? items[0]
      if (item) return item
      throw new MeshError('UNKNOWN_MESSAGE', 'No message with that ID is known here.', {
        hint: 'Take the ID from check_messages or message_history; 6 characters are enough.',
      })
    },

    async timeline(scope, { before, limit }) {
      const prefix = `fs/${scope}/`
      const range = { from: prefix, to: before ? prefix + before : `${prefix}~` }
      return entriesAt(prefix, await store.range({ ...range, reverse: true, limit }))
    },
  }
}

/** All keys under which an entry is found. */
function keysOf(item: Entry): string[] {
  return [entryKey(item, item.seq), idKey(item), timeKey(item)]
}

/** Nothing keeps two authors from one ID, so the author is part of the key. */
function idKey({ id, peer }: Entry): string {
  return `fi/${id}/${peer}`
}

function entryKey(feed: FeedKey, seq: number): string {
  return `f/${feed.scope}/${feed.peer}/${feed.node}/${sortable(seq)}`
}

function timeKey(item: Entry): string {
  return `fs/${item.scope}/${sortable(item.at)}/${item.id}/${item.peer}`
}
