import { systemClock } from '../../mesh/clock.ts'
import { createSimulatedClock } from '../sim/clock.ts'
import { createScheduler } from '../sim/world.ts'
import { clockContract } from './clock.ts'

const seed = 5

clockContract('of the machine', () => ({
  clock: systemClock,
  run: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 1)),
}))

clockContract(`simulated, seed ${seed}`, () => {
  const world = createScheduler(seed)
  return { clock: createSimulatedClock(world), run: world.run }
})
