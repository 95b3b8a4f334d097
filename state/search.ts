import { type Entry, entry } from './feeds.ts'
import type { PeerId } from './ids.ts'
import { fromJson, type Store, sortable } from './store.ts'

/** Entries read from disk in one go, so that reading many stops nobody for long. */
const pageEntries = 250
/** Characters of a message that are kept in memory; the rest is read when it matters. */
const keptCharacters = 4_000
/** Characters kept in memory altogether; the oldest messages give way and are read from disk. */
const charactersMax = 48_000_000

/** What is looked for: messages that hold every word, newest first. */
export interface SearchQuery {
  /** In lower case; each is found anywhere, within other words too. */
  readonly words: readonly string[]
  /** Only what this peer wrote or got. */
  readonly peer?: PeerId
  /** Only what is older than this place, see `placeOf`. */
  readonly before?: string
  readonly limit: number
}

/** What was found, newest first. When too few were, what stands before `unread` was not looked at. */
export interface Found {
  readonly entries: readonly Entry[]
  readonly unread?: string
}

/** Finds words in all messages of a store. It reads the store when it is first asked. */
export interface Search {
  find(query: SearchQuery): Promise<Found>
  /** A message has come to disk. */
  add(item: Entry): void
  /** Forgets what was read; the next question reads it again. */
  release(): void
}

/** A message as far as it is kept in memory. */
interface Row {
  readonly place: string
  readonly key: string
  readonly from: PeerId
  readonly to: readonly PeerId[]
  /** Lower case, at most `keptCharacters`. */
  readonly text: string
  readonly isCut: boolean
}

/** Where a message stands among all others, by time. */
export function placeOf(item: Pick<Entry, 'at' | 'id'>): string {
  return `${sortable(item.at)}/${item.id}`
}

/** Makes the search of one store. */
export function createSearch(store: Store): Search {
  /** The oldest first; undefined while nobody has asked. */
  let rows: Row[] | undefined
  let reading: Promise<Row[]> | undefined
  let characters = 0
  let hasDropped = false

  /** The index of the first row whose place is not before the given one. */
  function indexOf(list: readonly Row[], place: string): number {
    let [low, high] = [0, list.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((list[middle]?.place ?? '') < place) low = middle + 1
      else high = middle
    }
    return low
  }

  function insert(list: Row[], row: Row): void {
    const index = indexOf(list, row.place)
    for (let same = index; list[same]?.place === row.place; same += 1) {
      if (list[same]?.key === row.key) return
    }
    list.splice(index, 0, row)
    characters += row.text.length
    while (characters > charactersMax && list.length > 1) {
      characters -= list.shift()?.text.length ?? 0
      hasDropped = true
    }
  }

  async function read(): Promise<Row[]> {
    const all: Row[] = []
    rows = all
    for (let from = 'f/'; ; ) {
      const page = await store.range({ from, to: 'f/~', limit: pageEntries })
      for (const [, value] of page) {
        const row = rowOf(entry.parse(fromJson(value)))
        if (row) insert(all, row)
      }
      const last = page.at(-1)
      if (!last || page.length < pageEntries) return all
      from = `${last[0]} `
    }
  }

  async function whole(row: Row): Promise<Entry | undefined> {
    const stored = await store.get(row.key)
    return stored && entry.parse(fromJson(stored))
  }

  /** One reading for all who ask meanwhile; after a failure the next one reads anew. */
  function readAll(): Promise<Row[]> {
    return read()
      .catch((thrown: unknown) => {
        rows = undefined
        throw thrown
      })
      .finally(() => {
        reading = undefined
      })
  }

  return {
    async find({ words, peer, before, limit }) {
      if (!rows) reading ??= readAll()
      const list = (await reading) ?? rows ?? []
      const entries: Entry[] = []
      let index = before === undefined ? list.length : indexOf(list, before)
      for (index -= 1; index >= 0 && entries.length < limit; index -= 1) {
        const row = list[index]
        if (!row || !mayHold(row, { words, peer })) continue
        const item = await whole(row)
        if (item && holds(item, words)) entries.push(item)
      }
      const oldest = list[0]?.place
      const isCovered = !hasDropped || oldest === undefined || entries.length >= limit
      return isCovered ? { entries } : { entries, unread: earlier(oldest, before) }
    },

    add(item) {
      const row = rowOf(item)
      if (rows && row) insert(rows, row)
    },

    release() {
      rows = undefined
      characters = 0
      hasDropped = false
    },
  }
}

/** Whether a message has to be read to know: its end is not in memory. */
function mayHold(
  row: Row,
  { words, peer }: { readonly words: readonly string[]; readonly peer: PeerId | undefined },
): boolean {
  if (peer !== undefined && row.from !== peer && !row.to.includes(peer)) return false
  return row.isCut || words.every((word) => row.text.includes(word))
}

function holds(item: Entry, words: readonly string[]): boolean {
  const text = textOf(item).toLowerCase()
  return words.every((word) => text.includes(word))
}

function earlier(one: string, other: string | undefined): string {
  return other !== undefined && other < one ? other : one
}

function rowOf(item: Entry): Row | undefined {
  if (item.kind !== 'message') return undefined
  const text = textOf(item)
  return {
    place: placeOf(item),
    key: keyOf(item),
    from: item.peer,
    to: item.to,
    text: text.slice(0, keptCharacters).toLowerCase(),
    isCut: text.length > keptCharacters,
  }
}

function textOf(item: Entry | undefined): string {
  return item?.body && 'text' in item.body ? item.body.text : ''
}

function keyOf({ scope, peer, node, seq }: Entry): string {
  return `f/${scope}/${peer}/${node}/${sortable(seq)}`
}
