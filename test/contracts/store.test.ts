import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelStore } from '../../state/levelStore.ts'
import { storeContract } from './store.ts'

storeContract('LevelDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-store-'))
  return {
    open: async () => (await openLevelStore(join(directory, 'db'))).store,
    settled: (promise) => promise,
    stop: () => rm(directory, { recursive: true, force: true }),
  }
})
