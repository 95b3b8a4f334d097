import { systemClock } from '../../mesh/clock.ts'
import type { Keyring } from '../../mesh/keyring.ts'
import { silentLog } from '../../mesh/log.ts'
import { createWebSocketNetwork } from '../../mesh/websocket.ts'
import { createMemoryNetwork } from '../sim/memoryNetwork.ts'
import { createScheduler } from '../sim/world.ts'
import { networkContract } from './network.ts'

const seed = 7

networkContract('real sockets', () => {
  const key = systemClock.random(32)
  const ring: Keyring = { mesh: 'mesh', epoch: 1, key: (epoch) => (epoch === 1 ? key : undefined) }
  const deps = { keyring: () => ring, clock: systemClock, log: silentLog }
  return {
    here: createWebSocketNetwork(deps),
    there: createWebSocketNetwork(deps),
    async until(isTrue) {
      for (const endMs = performance.now() + 20_000; performance.now() < endMs; ) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (isTrue()) return true
      }
      return false
    },
    stop: async () => {},
  }
})

networkContract(`simulated, seed ${seed}`, () => {
  const world = createScheduler(seed)
  const network = createMemoryNetwork({ after: world.after, random: world.chance })
  return {
    here: network.host('here', { machine: 'one' }),
    there: network.host('there', { machine: 'one' }),
    until: (isTrue) => world.until(isTrue, 60_000),
    stop: async () => {},
  }
})
