import { type Clock, systemClock } from '../../mesh/clock.ts'
import { createScheduler, type Scheduler } from '../sim/world.ts'
import { clockContract } from './clock.ts'

const seed = 5

/** The clock that nodes of a simulated world are handed. */
function simulatedClock(world: Scheduler): Clock {
  return {
    now: () => Date.UTC(2026, 0) + world.elapsed(),
    elapsed: world.elapsed,
    after: world.after,
    random: (count) => Uint8Array.from({ length: count }, () => 256 * world.chance()),
  }
}

clockContract('of the machine', () => ({
  clock: systemClock,
  run: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 1)),
}))

clockContract(`simulated, seed ${seed}`, () => {
  const world = createScheduler(seed)
  return { clock: simulatedClock(world), run: world.run }
})
