import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Batch, createLedger, type Ledger } from '../../../state/ledger.ts'
import { fromJson, putJson, type Store } from '../../../state/store.ts'
import { createMemoryDisk, type MemoryDisk } from './memory.ts'

/** A number that is counted up: in memory, mirrored on disk, one row for each step. */
function createCounter(store: Store, ledger: Ledger) {
  const reloads: number[] = []
  let count = 0
  const counter = {
    reloads,
    read: () => count,
    /** The synchronous half of counting up. */
    step(batch: Batch, committed?: () => void) {
      count += 1
      batch.add([putJson(`row/${count}`, count), putJson('count', count)], committed)
      return count
    },
    async up(committed?: () => void) {
      const batch = await ledger.begin()
      const step = counter.step(batch, committed)
      await batch.commit()
      return step
    },
  }
  ledger.mirror({
    async reload() {
      const stored = await store.get('count')
      count = stored ? Number(fromJson(stored)) : 0
      reloads.push(count)
    },
  })
  return counter
}

function createRig() {
  const disk = createMemoryDisk()
  const store = disk.open()
  const ledger = createLedger(store)
  return { disk, ledger, counter: createCounter(store, ledger) }
}

/** Whether the rows on disk are those of a counter that never skipped a step. */
function rowsOf(disk: MemoryDisk): number[] {
  return [...disk.contents]
    .filter(([key]) => key.startsWith('row/'))
    .map(([, value]) => Number(fromJson(value)))
    .sort((left, right) => left - right)
}

async function ticks(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await Promise.resolve()
}

/** Lets the disk and everybody who waits for it come this far. */
async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('the ledger', () => {
  it('a change is on disk whole, in one commit, before anybody is told of it', async () => {
    const { disk, ledger } = createRig()
    const batch = await ledger.begin()
    const told: string[] = []
    const tell = (name: string) => () => {
      expect(disk.contents.has('a') && disk.contents.has('b')).toBe(true)
      told.push(name)
    }
    batch.add([putJson('a', 1)], tell('first'))
    batch.add([], tell('second'))
    batch.add([putJson('b', 1)], tell('third'))
    expect(disk.contents.size).toBe(0)
    const work = batch.commit()
    expect(told).toEqual([])
    await work
    expect(told).toEqual(['first', 'second', 'third'])
    expect(disk.commits).toHaveLength(1)
  })

  it('a change that writes nothing does not trouble the disk, and still tells', async () => {
    const { disk, ledger } = createRig()
    const batch = await ledger.begin()
    let isTold = false
    batch.add([], () => {
      isTold = true
    })
    await batch.commit()
    expect(isTold).toBe(true)
    expect(disk.commits).toHaveLength(0)
  })

  it('a failed change is refused, told to nobody and gone from memory before the next', async () => {
    const { disk, ledger, counter } = createRig()
    await counter.up()
    disk.failNext()
    const told: number[] = []
    await expect(counter.up(() => told.push(2))).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await ledger.begin()
    expect(counter.read()).toBe(1)
    expect(told).toEqual([])
    expect(await counter.up(() => told.push(2))).toBe(2)
    expect(told).toEqual([2])
    expect(rowsOf(disk)).toEqual([1, 2])
  })

  it('whatever was queued behind a failure fails with it', async () => {
    const { disk, counter, ledger } = createRig()
    disk.hold()
    disk.failNext()
    const work = Promise.allSettled([counter.up(), counter.up(), counter.up()])
    disk.release()
    expect((await work).map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
    await ledger.settled()
    expect(counter.read()).toBe(0)
    expect(rowsOf(disk)).toEqual([])
  })

  it('everybody who waits after a failure shares one reload, of every mirror', async () => {
    const { disk, ledger, counter } = createRig()
    let others = 0
    ledger.mirror({
      async reload() {
        others += 1
      },
    })
    disk.failNext()
    await expect(counter.up()).rejects.toThrow()
    await Promise.all([ledger.begin(), ledger.begin(), ledger.settled()])
    expect(counter.reloads).toEqual([0])
    expect(others).toBe(1)
    await counter.up()
    expect(counter.reloads).toEqual([0])
  })

  it('a reload that fails is tried again by whoever comes next', async () => {
    const { disk, ledger, counter } = createRig()
    let isReadable = false
    ledger.mirror({
      async reload() {
        if (!isReadable) throw new Error('the disk cannot be read')
      },
    })
    disk.failNext()
    await expect(counter.up()).rejects.toThrow()
    await expect(ledger.begin()).rejects.toThrow('cannot be read')
    isReadable = true
    expect(await counter.up()).toBe(1)
    expect(rowsOf(disk)).toEqual([1])
  })

  it('a problem is known until a change succeeds', async () => {
    const { disk, ledger, counter } = createRig()
    expect(ledger.problem()).toBeUndefined()
    disk.failNext()
    await expect(counter.up()).rejects.toThrow()
    expect(ledger.problem()).toMatchObject({ code: 'STORE_FAILED' })
    await ledger.settled()
    expect(ledger.problem()).toMatchObject({ code: 'STORE_FAILED' })
    await counter.up()
    expect(ledger.problem()).toBeUndefined()
  })

  it('is settled when nothing is being written', async () => {
    const { disk, ledger, counter } = createRig()
    disk.hold()
    const work = counter.up()
    await turns(2)
    let isSettled = false
    const settled = ledger.settled().then(() => {
      isSettled = true
    })
    await turns(5)
    expect(isSettled).toBe(false)
    disk.release()
    await Promise.all([work, settled])
    expect(rowsOf(disk)).toEqual([1])
  })

  it('a change that began before a failure and is written after it is refused', async () => {
    const { disk, ledger, counter } = createRig()
    const first = await ledger.begin()
    const second = await ledger.begin()
    disk.failNext()
    counter.step(first)
    await expect(first.commit()).rejects.toMatchObject({ code: 'STORE_FAILED' })
    counter.step(second)
    await expect(second.commit()).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await ledger.settled()
    expect(counter.read()).toBe(0)
    expect(rowsOf(disk)).toEqual([])
  })

  it('no storm of failures makes a hole, or a difference between memory and disk', async () => {
    const action = fc.record({
      kind: fc.constantFrom('up', 'up', 'up', 'fail'),
      turns: fc.nat(2),
      ticks: fc.nat(8),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const { disk, ledger, counter } = createRig()
        const work: Promise<unknown>[] = []
        for (const item of actions) {
          if (item.kind === 'fail') disk.failNext()
          else work.push(counter.up().catch(() => undefined))
          await turns(item.turns)
          await ticks(item.ticks)
        }
        await Promise.all(work)
        await ledger.settled()
        const rows = rowsOf(disk)
        expect(rows).toEqual(rows.map((_row, index) => index + 1))
        expect(counter.read()).toBe(rows.length)
      }),
      { numRuns: 500 },
    )
  })
})
