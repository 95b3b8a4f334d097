import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelStore } from '../../state/levelStore.ts'
import { createMemoryDisk } from '../sim/memoryStore.ts'
import { createScheduler } from '../sim/world.ts'
import { storeContract } from './store.ts'

storeContract('LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-store-'))
  return {
    open: async () => (await openLevelStore(join(directory, 'db'))).store,
    settled: (promise) => promise,
    stop: () => rm(directory, { recursive: true, force: true }),
  }
})

const seed = 7

storeContract(`simulated, seed ${seed}`, async () => {
  const world = createScheduler(seed)
  const disk = createMemoryDisk({ after: world.after, random: world.chance })
  return {
    open: disk.open,
    async settled(promise) {
      let isSettled = false
      const settle = () => {
        isSettled = true
      }
      promise.then(settle, settle)
      await world.until(() => isSettled, 60_000)
      return promise
    },
    stop: async () => {},
  }
})
