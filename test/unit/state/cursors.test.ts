import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cursor, type CursorMove, createCursorStore, cursor } from '../../../state/cursors.ts'
import { directScope, groupScope } from '../../../state/feeds.ts'
import { createLedger } from '../../../state/ledger.ts'
import { createMemoryDisk, type MemoryDisk } from './memory.ts'
import { nodeOf, noonMs, person, sibling } from './people.ts'

const [ada, bob, eve] = [person(1), person(2), person(3)]
const feed = { scope: directScope(ada.peer, bob.peer), peer: ada.peer, node: ada.node }

async function openCursors(disk: MemoryDisk = createMemoryDisk()) {
  const store = disk.open()
  const ledger = createLedger(store)
  const cursors = createCursorStore(store)
  ledger.mirror(cursors)
  await cursors.reload()
  return {
    disk,
    ledger,
    cursors,
    async move(move: CursorMove, now = noonMs, by = bob.peer, of = feed) {
      const batch = await ledger.begin()
      const after = cursors.advance(batch, { feed: of, by, now }, move)
      await batch.commit()
      return after
    },
    state: (seq: number) => cursors.stateOf({ ...feed, seq }, bob.peer),
    get: () => cursors.get(feed, bob.peer),
  }
}

const anyMove = fc.record(
  {
    delivered: fc.nat(20),
    shown: fc.nat(20),
    seen: fc.nat(20),
    acknowledged: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 5 }),
  },
  { requiredKeys: [] },
)

/** The cursor after all these moves, on a disk of its own. */
async function reached(...moves: readonly CursorMove[]): Promise<Cursor> {
  const store = await openCursors()
  for (const move of moves) await store.move(move)
  return store.get()
}

describe('cursors', () => {
  it('begin with nothing: what was said is queued', async () => {
    const { get, state, cursors } = await openCursors()
    expect(get()).toEqual({
      ...feed,
      by: bob.peer,
      delivered: 0,
      shown: 0,
      seen: 0,
      acknowledged: [],
    })
    expect(state(1)).toEqual({ state: 'queued' })
    expect(cursors.list(feed.scope, ada.peer)).toEqual([])
  })

  it('a later state carries the earlier ones', async () => {
    expect(await reached({ seen: 3 })).toMatchObject({ delivered: 3, shown: 3, seen: 3 })
    expect(await reached({ shown: 3 })).toMatchObject({ delivered: 3, shown: 3, seen: 0 })
  })

  it('never go back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMove, { maxLength: 10 }), async (moves) => {
        const store = await openCursors()
        let before = store.get()
        for (const move of moves) {
          await store.move(move)
          const now = store.get()
          for (const stage of ['delivered', 'shown', 'seen'] as const) {
            expect(now[stage]).toBeGreaterThanOrEqual(Math.max(before[stage], move[stage] ?? 0))
          }
          expect(now.delivered >= now.shown && now.shown >= now.seen).toBe(true)
          expect(now.acknowledged).toEqual(expect.arrayContaining(before.acknowledged))
          before = now
        }
      }),
      { numRuns: 50 },
    )
  })

  it('are where their moves led, whatever the order of these and how often they came', async () => {
    const moves = fc.array(anyMove, { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(moves, async (some) => {
        const expected = await reached(...some)
        expect(await reached(...[...some].reverse())).toEqual(expected)
        expect(await reached(...some, ...some)).toEqual(expected)
        expect(await reached(expected)).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  it('answer when they moved, and write nothing when they did not', async () => {
    const { disk, move, get } = await openCursors()
    expect(await move({ delivered: 2 })).toEqual(get())
    const commits = disk.commits.length
    const others = [{ delivered: 2 }, { delivered: 1 }, { acknowledged: [] }, {}, { seen: 0 }]
    for (const other of others) expect(await move(other)).toBeUndefined()
    expect(disk.commits).toHaveLength(commits)
    expect(await move({ acknowledged: [2] })).toMatchObject({ acknowledged: [2] })
  })

  it('tell the state of each message, and when it got there', async () => {
    const { move, state } = await openCursors()
    await move({ delivered: 3 }, noonMs + 1)
    await move({ shown: 2 }, noonMs + 2)
    await move({ seen: 1 }, noonMs + 3)
    expect(state(1)).toEqual({ state: 'seen', at: noonMs + 3 })
    expect(state(2)).toEqual({ state: 'shown', at: noonMs + 2 })
    expect(state(3)).toEqual({ state: 'delivered', at: noonMs + 1 })
    expect(state(4)).toEqual({ state: 'queued' })
    await move({ acknowledged: [1, 3] }, noonMs + 4)
    expect([1, 2, 3].map((seq) => state(seq).state)).toEqual([
      'acknowledged',
      'shown',
      'acknowledged',
    ])
  })

  it('an earlier message keeps the time at which it got there', async () => {
    const { move, state } = await openCursors()
    await move({ delivered: 1 }, noonMs + 1)
    await move({ delivered: 2 }, noonMs + 2)
    await move({ delivered: 5 }, noonMs + 5)
    expect([1, 2, 3, 5].map((seq) => state(seq).at)).toEqual([1, 2, 5, 5].map((ms) => noonMs + ms))
  })

  it('know after a new start what they knew, times included', async () => {
    const first = await openCursors()
    await first.move({ delivered: 3 }, noonMs + 1)
    await first.move({ seen: 2, acknowledged: [2] }, noonMs + 2)
    const again = await openCursors(first.disk)
    expect(again.get()).toEqual(first.get())
    for (const seq of [1, 2, 3, 4]) expect(again.state(seq)).toEqual(first.state(seq))
    expect(again.cursors.list(feed.scope, ada.peer)).toEqual([first.get()])
  })

  it('a move that failed to be written did not happen', async () => {
    const { disk, ledger, move, state, get } = await openCursors()
    await move({ delivered: 1 }, noonMs + 1)
    disk.failNext()
    await expect(move({ seen: 1 }, noonMs + 2)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await ledger.settled()
    expect(get()).toMatchObject({ delivered: 1, shown: 0, seen: 0 })
    expect(state(1)).toEqual({ state: 'delivered', at: noonMs + 1 })
    await move({ seen: 1 }, noonMs + 3)
    expect(state(1)).toEqual({ state: 'seen', at: noonMs + 3 })
  })

  it('keep a bounded number of steps, on disk too', async () => {
    const first = await openCursors()
    for (let seq = 1; seq <= 500; seq += 1) await first.move({ seen: seq }, noonMs + seq)
    expect(first.disk.contents.size).toBeLessThan(350)
    expect(first.state(500)).toEqual({ state: 'seen', at: noonMs + 500 })
    expect(first.state(1).state).toBe('seen')
    const again = await openCursors(first.disk)
    for (const seq of [1, 400, 450, 500]) expect(again.state(seq)).toEqual(first.state(seq))
  })

  it('are listed for those they concern: who moved them and whose feed it is', async () => {
    const { cursors, move } = await openCursors()
    const lobby = { ...feed, scope: groupScope('lobby') }
    const restarted = { ...lobby, node: nodeOf(9) }
    await move({ delivered: 1 }, noonMs, bob.peer, lobby)
    await move({ delivered: 2 }, noonMs, eve.peer, lobby)
    await move({ delivered: 3 }, noonMs, eve.peer, restarted)
    await move({ delivered: 4 }, noonMs, bob.peer, feed)
    const numbers = (scope: string, concerning: typeof ada.peer) =>
      cursors.list(scope, concerning).map(({ delivered }) => delivered)
    expect(numbers(lobby.scope, ada.peer).sort()).toEqual([1, 2, 3])
    expect(numbers(lobby.scope, eve.peer).sort()).toEqual([2, 3])
    expect(numbers(lobby.scope, bob.peer)).toEqual([1])
    expect(numbers(feed.scope, bob.peer)).toEqual([4])
    expect(numbers(feed.scope, sibling(bob, 9).peer)).toEqual([])
    expect(numbers('unknown', ada.peer)).toEqual([])
  })

  it.each<[string, object]>([
    ['a place before the beginning', { delivered: -1 }],
    ['a place that no number holds', { seen: Number.MAX_SAFE_INTEGER }],
    ['half a place', { shown: 0.5 }],
    ['an endless place', { delivered: Number.POSITIVE_INFINITY }],
    ['endless acknowledgements', { acknowledged: Array(2_001).fill(1) }],
    ['a recipient that is none', { by: '__proto__' }],
    ['no scope', { scope: undefined }],
  ])('a cursor with %s is refused at the door', async (_name, different) => {
    const { get } = await openCursors()
    expect(cursor.safeParse(get()).success).toBe(true)
    expect(cursor.safeParse({ ...get(), ...different }).success).toBe(false)
  })

  it('the newest acknowledgement is kept when there are too many', async () => {
    const { move, get } = await openCursors()
    const many = Array.from({ length: 2_000 }, (_, index) => index + 1)
    await move({ acknowledged: many })
    expect((await move({ acknowledged: [2_001] }))?.acknowledged.at(-1)).toBe(2_001)
    expect(get().acknowledged).toHaveLength(2_000)
    expect(await move({ acknowledged: [2_001] })).toBeUndefined()
  })

  it('an acknowledgement has a time of its own, also after a restart', async () => {
    const { disk, move, state } = await openCursors()
    await move({ seen: 3 }, noonMs)
    await move({ acknowledged: [2] }, noonMs + 5)
    expect(state(2)).toEqual({ state: 'acknowledged', at: noonMs + 5 })
    expect(state(3)).toEqual({ state: 'seen', at: noonMs })
    const again = await openCursors(disk)
    expect(again.state(2)).toEqual({ state: 'acknowledged', at: noonMs + 5 })
  })
})
