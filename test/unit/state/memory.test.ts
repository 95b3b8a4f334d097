import { describe, expect, it } from 'vitest'
import { putJson } from '../../../state/store.ts'
import { storeContract } from '../../contracts/store.ts'
import { createMemoryDisk } from './memory.ts'

storeContract('the memory of these tests', async () => {
  const disk = createMemoryDisk()
  return {
    open: async () => disk.open(),
    settled: (promise) => promise,
    stop: async () => {},
  }
})

describe('the memory of these tests', () => {
  it('fails a commit and all behind it, writes none of them, and then goes on', async () => {
    const disk = createMemoryDisk()
    const store = disk.open()
    disk.hold()
    disk.failNext()
    const work = Promise.allSettled(['a', 'b'].map((key) => store.commit([putJson(key, 1)])))
    disk.release()
    expect((await work).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await store.commit([putJson('c', 1)])
    expect([...disk.contents.keys()]).toEqual(['c'])
  })

  it('refuses a key that is not ASCII, as keys of a disk sort by bytes', async () => {
    const store = createMemoryDisk().open()
    await expect(store.commit([putJson('é', 1)])).rejects.toThrow('ASCII')
  })
})
