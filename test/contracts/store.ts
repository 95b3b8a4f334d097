import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MeshError } from '../../state/errors.ts'
import { fromJson, prefixRange, putJson, type Store, sortable } from '../../state/store.ts'

/** A disk that outlives the stores opened on it, and a way to let its time pass. */
export interface StoreRig {
  /** Opens what is on the disk. The store that was open before must be closed. */
  open(): Promise<Store>
  /** Waits for a promise while time passes. */
  settled<T>(promise: Promise<T>): Promise<T>
  stop(): Promise<void>
}

const bytes = (...values: number[]) => new Uint8Array(values)

/** The promises of a `Store`, whatever it is made of. */
export function storeContract(name: string, create: () => Promise<StoreRig>): void {
  describe(`the store contract, ${name}`, () => {
    let rig: StoreRig
    let store: Store

    beforeEach(async () => {
      rig = await create()
      store = await rig.settled(rig.open())
    })

    afterEach(async () => {
      await rig.settled(store.close())
      await rig.stop()
    })

    const commit: Store['commit'] = (writes, options) => rig.settled(store.commit(writes, options))

    async function reopen(): Promise<void> {
      await rig.settled(store.close())
      store = await rig.settled(rig.open())
    }

    async function keys(range: Parameters<Store['range']>[0]): Promise<string[]> {
      return (await rig.settled(store.range(range))).map(([key]) => key)
    }

    it('what was never written is undefined', async () => {
      expect(await rig.settled(store.get('nothing'))).toBeUndefined()
      expect(await keys(prefixRange('nothing/'))).toEqual([])
    })

    it('what was committed is read, as bytes, and after opening again', async () => {
      await commit([
        { kind: 'put', key: 'a', value: bytes(1, 2, 255) },
        { kind: 'put', key: 'empty', value: bytes() },
        putJson('json', { text: 'é😀' }),
      ])
      for (let round = 0; round < 2; round += 1) {
        expect(new Uint8Array((await rig.settled(store.get('a'))) ?? [])).toEqual(bytes(1, 2, 255))
        expect((await rig.settled(store.get('empty')))?.length).toBe(0)
        const json = await rig.settled(store.get('json'))
        expect(json && fromJson(json)).toEqual({ text: 'é😀' })
        await reopen()
      }
    })

    it('the writes of one commit take effect in their order', async () => {
      await commit([
        { kind: 'put', key: 'a', value: bytes(1) },
        { kind: 'delete', key: 'a' },
        { kind: 'put', key: 'b', value: bytes(1) },
        { kind: 'put', key: 'b', value: bytes(2) },
        { kind: 'delete', key: 'never there' },
      ])
      expect(await rig.settled(store.get('a'))).toBeUndefined()
      expect(new Uint8Array((await rig.settled(store.get('b'))) ?? [])).toEqual(bytes(2))
    })

    it('commits take effect in the order in which they were called', async () => {
      const commits = Array.from({ length: 200 }, (_, index) =>
        store.commit([putJson('last', index), putJson(`n/${sortable(index)}`, index)], {
          durable: index % 3 === 0,
        }),
      )
      await rig.settled(Promise.all(commits))
      const last = await rig.settled(store.get('last'))
      expect(last && fromJson(last)).toBe(199)
      expect(await keys(prefixRange('n/'))).toHaveLength(200)
    })

    it('a range begins with its start, ends before its end, and goes both ways', async () => {
      await commit(['a/1', 'a/2', 'a/3', 'b', 'a'].map((key) => putJson(key, key)))
      expect(await keys(prefixRange('a/'))).toEqual(['a/1', 'a/2', 'a/3'])
      expect(await keys({ from: 'a/2', to: 'b' })).toEqual(['a/2', 'a/3'])
      expect(await keys({ from: 'a', to: 'z', reverse: true })).toEqual([
        'b',
        'a/3',
        'a/2',
        'a/1',
        'a',
      ])
      expect(await keys({ from: 'a/', to: 'a/~', reverse: true, limit: 2 })).toEqual(['a/3', 'a/2'])
      expect(await keys({ from: 'a/', to: 'a/~', limit: 0 })).toEqual([])
    })

    it('counters sort like numbers', async () => {
      const numbers = [0, 1, 9, 10, 35, 36, 1_000, 46_656, Number.MAX_SAFE_INTEGER]
      await commit([...numbers].reverse().map((number) => putJson(`c/${sortable(number)}`, number)))
      const rows = await rig.settled(store.range(prefixRange('c/')))
      expect(rows.map(([, value]) => fromJson(value))).toEqual(numbers)
    })

    it('closing waits for what was accepted', async () => {
      const work = Array.from({ length: 50 }, (_, index) =>
        store.commit([putJson(`k/${index}`, 1)]),
      )
      await reopen()
      await rig.settled(Promise.all(work))
      expect(await keys(prefixRange('k/'))).toHaveLength(50)
    })

    it('closing twice is closing once, and a closed store says so', async () => {
      await rig.settled(Promise.all([store.close(), store.close()]))
      const refusals = await Promise.all(
        [store.commit([putJson('a', 1)]), store.get('a'), store.range(prefixRange('a'))].map(
          (promise) => rig.settled(promise.catch((thrown: unknown) => thrown)),
        ),
      )
      for (const refusal of refusals) {
        expect(refusal).toBeInstanceOf(MeshError)
        expect(refusal).toMatchObject({ code: 'STORE_CLOSED' })
      }
      store = await rig.settled(rig.open())
      expect(await rig.settled(store.get('a'))).toBeUndefined()
    })

    it('an empty commit is no error', async () => {
      await commit([])
      await commit([], { durable: false })
    })
  })
}
