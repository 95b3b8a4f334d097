import { describe, expect, it } from 'vitest'
import { createDocumentLog } from '../../../state/documentLog.ts'
import { type Batch, createLedger } from '../../../state/ledger.ts'
import { createMemoryDisk, type MemoryDisk } from './memory.ts'
import { person } from './people.ts'
import { openReplica, readingOf, reopen } from './replica.ts'

const name = 'group:lobby@1'
const ada = person(1)
const half = 40_000

function createRig(disk: MemoryDisk = createMemoryDisk()) {
  const store = disk.open()
  const ledger = createLedger(store)
  const log = createDocumentLog(name, store)
  ledger.mirror({ reload: async () => void (await log.load()) })
  return {
    disk,
    ledger,
    log,
    async write(change: (batch: Batch) => void) {
      const batch = await ledger.begin()
      change(batch)
      await batch.commit()
    },
  }
}

/** An update that is told apart by its first byte and has this many. */
function update(number: number, length = 1): Uint8Array {
  return new Uint8Array(length).fill(number)
}

const firstBytes = (updates: readonly Uint8Array[]) => updates.map(([byte]) => byte)
const kindsOf = (disk: MemoryDisk) => [...disk.contents.keys()].map((key) => key.slice(16, 17))

describe('the log of a document', () => {
  it('is empty at first', async () => {
    const { updates, skipped } = await createRig().log.load()
    expect(updates).toEqual([])
    expect(skipped.size).toBe(0)
  })

  it('gives back every update in the order in which it was written', async () => {
    const { disk, log, write } = createRig()
    const numbers = Array.from({ length: 200 }, (_, index) => index)
    for (const number of numbers) await write((batch) => log.append(batch, update(number)))
    expect(firstBytes((await createRig(disk).log.load()).updates)).toEqual(numbers)
  })

  it('goes on where it ended after a new start', async () => {
    const first = createRig()
    await first.write((batch) => first.log.append(batch, update(1)))
    const second = createRig(first.disk)
    await second.log.load()
    await second.write((batch) => second.log.append(batch, update(2)))
    expect(firstBytes((await createRig(first.disk).log.load()).updates)).toEqual([1, 2])
  })

  it('keeps documents apart whose names begin alike', async () => {
    const { disk, log, write } = createRig()
    await write((batch) => log.append(batch, update(1)))
    const other = createDocumentLog('group:lobby@10', disk.open())
    expect((await other.load()).updates).toEqual([])
  })

  it('tells that an update is on disk, and only then', async () => {
    const { disk, log, write } = createRig()
    const told: string[] = []
    await write((batch) => log.append(batch, update(1), () => told.push('first')))
    disk.failNext()
    const lost = write((batch) => log.append(batch, update(2), () => told.push('second')))
    await expect(lost).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(told).toEqual(['first'])
  })

  it('is left alone while it is short', async () => {
    const { log, write } = createRig()
    await write((batch) => {
      log.append(batch, update(1, 65_536))
      log.compactIfDue(batch, () => {
        throw new Error('not due')
      })
    })
  })

  it('gives way to one snapshot when it has grown, in one commit', async () => {
    const { disk, log, write } = createRig()
    await write((batch) => log.append(batch, update(1, half)))
    await write((batch) => {
      log.append(batch, update(2, half))
      log.compactIfDue(batch, () => update(9, 100))
    })
    expect(disk.commits).toHaveLength(2)
    expect(kindsOf(disk)).toEqual(['s'])
    await write((batch) => log.append(batch, update(3)))
    expect(firstBytes((await createRig(disk).log.load()).updates)).toEqual([9, 3])
  })

  it('waits until it is as long as the snapshot that it follows, also after a new start', async () => {
    const first = createRig()
    await first.write((batch) => {
      first.log.append(batch, update(1, 70_000))
      first.log.compactIfDue(batch, () => update(9, 200_000))
    })
    const { log, write } = createRig(first.disk)
    await log.load()
    const snapshots: number[] = []
    for (let number = 1; number <= 3; number += 1) {
      await write((batch) => {
        log.append(batch, update(number, 70_000))
        log.compactIfDue(batch, () => {
          snapshots.push(number)
          return update(9, 200_000)
        })
      })
    }
    expect(snapshots).toEqual([3])
    expect(kindsOf(first.disk)).toEqual(['s'])
  })

  it('a snapshot that fails to be written costs nothing that was there', async () => {
    const { disk, ledger, log, write } = createRig()
    await write((batch) => log.append(batch, update(1, half)))
    disk.failNext()
    const failed = write((batch) => {
      log.append(batch, update(2, half))
      log.compactIfDue(batch, () => update(9))
    })
    await expect(failed).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await ledger.settled()
    expect(firstBytes((await log.load()).updates)).toEqual([1])
    await write((batch) => {
      log.append(batch, update(3, half))
      log.compactIfDue(batch, () => update(8))
    })
    expect(firstBytes((await log.load()).updates)).toEqual([8])
    expect(kindsOf(disk)).toEqual(['s'])
  })

  it('remembers what was skipped, under whatever key', async () => {
    const { disk, log, write } = createRig()
    const keys = ['a/b', '__proto__', 'é😀\n', '', '~', '\ufeffmark']
    await write((batch) =>
      log.markSkipped(batch, new Map(keys.map((key) => [key, `hash of ${key}`]))),
    )
    const { updates, skipped } = await createRig(disk).log.load()
    expect(updates).toEqual([])
    expect([...skipped.keys()].sort()).toEqual([...keys].sort())
    expect(skipped.get('__proto__')).toBe('hash of __proto__')
  })

  it('a document that is rewritten all day stays small, and reads the same after a new start', async () => {
    const replica = await openReplica(ada)
    const key = `card/${ada.peer}`
    for (let number = 0; number < 100; number += 1) {
      await replica.put(key, { number, filling: 'x'.repeat(10_000) })
    }
    const bytes = [...replica.disk.contents.values()].reduce((sum, { length }) => sum + length, 0)
    expect(bytes).toBeLessThan(200_000)
    const again = await reopen(replica)
    expect(readingOf(again)).toEqual(readingOf(replica))
    expect(again.document.hash()).toBe(replica.document.hash())
    expect(again.document.get(key)?.value).toMatchObject({ number: 99 })
  })

  it('a document whose snapshot fails to be written is whole after it, and shrinks later', async () => {
    const replica = await openReplica(ada)
    const key = (number: number) => `card${number}/${ada.peer}`
    for (const number of [1, 2]) await replica.put(key(number), 'x'.repeat(30_000))
    replica.disk.failNext()
    await expect(replica.put(key(3), 'x'.repeat(30_000))).rejects.toThrow()
    await replica.ledger.settled()
    expect(Object.keys(readingOf(replica)).sort()).toEqual([key(1), key(2)])
    await replica.put(key(4), 'x'.repeat(30_000))
    const again = await reopen(replica)
    expect(Object.keys(readingOf(again)).sort()).toEqual([key(1), key(2), key(4)])
  })
})
