import { describe, expect, it } from 'vitest'
import { directScope, type Entry, groupScope, signEntry } from '../../../state/feeds.ts'
import { createObjectId } from '../../../state/ids.ts'
import { createSearch } from '../../../state/search.ts'
import { putJson, type Store, sortable } from '../../../state/store.ts'
import { createMemoryDisk } from './memory.ts'
import { noonMs, person } from './people.ts'

const ada = person(1)
const bob = person(2)
const eve = person(3)

/** The `number`th message of a story; later ones are later. */
function said(number: number, text: string, { from = ada, to = bob } = {}): Entry {
  const draft = {
    scope: directScope(from.peer, to.peer),
    id: createObjectId(noonMs + number, new Uint8Array(10).fill(1)),
    group: 'lobby',
    kind: 'message' as const,
    to: [to.peer],
    body: { text, hops: 0 },
  }
  const place = { peer: from.peer, node: from.node, seq: number, at: number }
  return signEntry(draft, place, from.signer)
}

function textsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ body }) => (body && 'text' in body ? body.text.slice(0, 20) : ''))
}

async function stored(entries: readonly Entry[]): Promise<Store> {
  const store = createMemoryDisk().open()
  await store.commit(
    entries.map((item) =>
      putJson(`f/${item.scope}/${item.peer}/${item.node}/${sortable(item.seq)}`, item),
    ),
  )
  return store
}

describe('the search of an archive', () => {
  it('finds messages that hold every word, in whatever case, the newest first', async () => {
    const store = await stored([
      said(1, 'The Parser is green'),
      said(2, 'the lexer is green'),
      said(3, 'parsers want green tests'),
    ])
    const { entries } = await createSearch(store).find({ words: ['parser', 'green'], limit: 10 })
    expect(textsOf(entries)).toEqual(['parsers want green t', 'The Parser is green'])
  })

  it('finds a word behind the part that is kept in memory', async () => {
    const store = await stored([
      said(1, `${'x '.repeat(4_000)}needle`),
      said(2, 'y '.repeat(4_000)),
    ])
    const { entries } = await createSearch(store).find({ words: ['needle'], limit: 10 })
    expect(entries).toHaveLength(1)
  })

  it('pages backwards without a gap and without a repeat', async () => {
    const all = Array.from({ length: 700 }, (_, index) => said(index + 1, `word ${index + 1}`))
    const search = createSearch(await stored(all))
    const found: string[] = []
    for (let before: string | undefined; ; ) {
      const query = { words: ['word'], limit: 90, ...(before === undefined ? {} : { before }) }
      const { entries } = await search.find(query)
      const last = entries.at(-1)
      if (!last) break
      found.push(...textsOf(entries))
      before = `${sortable(last.at)}/${last.id}`
    }
    expect(found).toEqual(all.map((_, index) => `word ${700 - index}`))
  })

  it('narrows to one peer, and leaves activities out', async () => {
    const joined: Entry = {
      ...said(1, ''),
      kind: 'activity',
      scope: groupScope('lobby'),
      body: { action: 'joined', detail: 'word' },
    }
    const store = await stored([
      joined,
      said(2, 'word to bob'),
      said(3, 'word to ada', { from: eve, to: ada }),
    ])
    const search = createSearch(store)
    const { entries } = await search.find({ words: ['word'], peer: eve.peer, limit: 10 })
    expect(textsOf(entries)).toEqual(['word to ada'])
    expect((await search.find({ words: ['word'], limit: 10 })).entries).toHaveLength(2)
  })

  it('knows what came after it had read, once, and what came while it read', async () => {
    const store = await stored([said(1, 'word one')])
    const search = createSearch(store)
    const first = search.find({ words: ['word'], limit: 10 })
    const second = said(2, 'word two')
    await store.commit([
      putJson(`f/${second.scope}/${second.peer}/${second.node}/${sortable(2)}`, second),
    ])
    search.add(second)
    search.add(second)
    await first
    const { entries } = await search.find({ words: ['word'], limit: 10 })
    expect(textsOf(entries)).toEqual(['word two', 'word one'])
  })

  it('reads anew after it was released, and after the disk had refused', async () => {
    const disk = createMemoryDisk()
    const store = disk.open()
    const search = createSearch({
      ...store,
      range: (range) => (isRefusing ? Promise.reject(new Error('refused')) : store.range(range)),
    })
    let isRefusing = true
    await expect(search.find({ words: ['word'], limit: 1 })).rejects.toThrow('refused')
    isRefusing = false
    expect((await search.find({ words: ['word'], limit: 1 })).entries).toEqual([])
    const item = said(1, 'word one')
    await store.commit([putJson(`f/${item.scope}/${item.peer}/${item.node}/${sortable(1)}`, item)])
    search.release()
    expect((await search.find({ words: ['word'], limit: 1 })).entries).toHaveLength(1)
  })
})
