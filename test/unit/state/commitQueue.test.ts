import { describe, expect, it } from 'vitest'
import { createCommitQueue } from '../../../state/commitQueue.ts'
import { MeshError } from '../../../state/errors.ts'
import { putJson } from '../../../state/store.ts'

/** A disk whose writes end when the test says so. */
function createSlowDisk() {
  const waiting: { resolve(): void; reject(thrown: unknown): void }[] = []
  const groups: { keys: string[]; durable: boolean }[] = []
  const queue = createCommitQueue((writes, durable) => {
    groups.push({ keys: writes.map(({ key }) => key), durable })
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  })
  return { queue, groups, next: () => waiting.shift() }
}

const put = (key: string) => [putJson(key, 1)]
const full = new MeshError('STORE_FAILED', 'The disk is full.')

describe('the commit queue', () => {
  it('starts at once when idle, and gathers what arrives while the disk is at work', async () => {
    const { queue, groups, next } = createSlowDisk()
    const work = ['a', 'b', 'c'].map((key) => queue.commit(put(key)))
    expect(groups.map(({ keys }) => keys)).toEqual([['a']])
    next()?.resolve()
    await work[0]
    expect(groups.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c']])
    next()?.resolve()
    await Promise.all(work)
  })

  it('a group is durable when one of its commits is', async () => {
    const { queue, groups, next } = createSlowDisk()
    const work = [false, false, true].map((durable, index) =>
      queue.commit(put(`${index}`), { durable }),
    )
    next()?.resolve()
    await work[0]
    next()?.resolve()
    await Promise.all(work)
    expect(groups.map(({ durable }) => durable)).toEqual([false, true])
  })

  it('a failure fails everything behind it, and nothing after that', async () => {
    const { queue, groups, next } = createSlowDisk()
    const work = ['a', 'b', 'c'].map((key) => queue.commit(put(key)))
    const outcomes = Promise.allSettled(work)
    next()?.reject(full)
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
    ])
    expect(groups.map(({ keys }) => keys)).toEqual([['a']])
    const again = queue.commit(put('d'))
    next()?.resolve()
    await again
    expect(groups.map(({ keys }) => keys)).toEqual([['a'], ['d']])
  })

  it('what is queued before the failure is heard of fails with it', async () => {
    const { queue, groups, next } = createSlowDisk()
    const work = queue.commit(put('a'))
    let late: Promise<void> | undefined
    void Promise.resolve().then(() => {
      late = queue.commit(put('b'))
    })
    next()?.reject(full)
    await expect(work).rejects.toBe(full)
    await expect(late).rejects.toBe(full)
    expect(groups.map(({ keys }) => keys)).toEqual([['a']])
  })

  it('whatever a disk throws becomes a refusal', async () => {
    const { queue, next } = createSlowDisk()
    const work = queue.commit(put('a'))
    next()?.reject(new Error('a cable fell out'))
    await expect(work).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('closing waits for the queue, and nothing is accepted after it', async () => {
    const { queue, next } = createSlowDisk()
    const work = [queue.commit(put('a')), queue.commit(put('b'))]
    let isClosed = false
    const closing = queue.close().then(() => {
      isClosed = true
    })
    await expect(queue.commit(put('late'))).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    next()?.resolve()
    await work[0]
    expect(isClosed).toBe(false)
    next()?.resolve()
    await closing
    await work[1]
  })

  it('a group ends where it would hold the others too long', async () => {
    const { queue, groups, next } = createSlowDisk()
    const many = Array.from({ length: 15_000 }, (_, index) => putJson(`${index}`, 1))
    const work = [
      queue.commit(put('a')),
      queue.commit(many),
      queue.commit(many),
      queue.commit(many),
    ]
    for (let turn = 0; turn < 4; turn += 1) {
      next()?.resolve()
      await work[turn]
    }
    expect(groups.map(({ keys }) => keys.length)).toEqual([1, 15_000, 15_000, 15_000])
  })
})
