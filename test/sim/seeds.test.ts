import { describe } from 'vitest'
import type { Action } from './plan.ts'
import { keptStorm } from './stormShard.ts'

describe('what a storm once broke', () => {
  keptStorm('nobody reads what a full disk has just refused', {
    ...{ seed: 62, seats: 4, devices: 2, brakes: false },
    actions: [
      [4_172, 'start', 3, 2, 0.289],
      [5_212, 'start', 2, 0, 0],
      [5_850, 'name', 3, 2, 0.244],
      [22_022, 'start', 1, 3, 0.424],
      [25_024, 'fill', 1, 2, 0.05],
      [25_036, 'send', 3, 1, 0.687],
      [26_192, 'read', 1, 0, 0.791],
    ],
  })

  keptStorm('mail that comes back in parts after a disk went back in time is all shown', {
    ...{ seed: 7, seats: 3, devices: 1, brakes: false },
    actions: [
      [0, 'start', 0, 0, 0],
      [100, 'start', 1, 0, 0],
      [5_000, 'flood', 0, 1, 0.5],
      [8_000, 'restore', 1, 0, 0],
      [8_300, 'start', 1, 0, 0],
      ...Array.from({ length: 300 }, (_, index): Action => [8_300 + index * 12, 'read', 1, 0, 0.1]),
    ],
  })

  keptStorm('what a full disk refused is asked for again, even if nothing else happens', {
    ...{ seed: 85, seats: 8, devices: 3, brakes: false },
    actions: [
      [91, 'start', 1, 0, 0],
      [389, 'start', 0, 0, 0],
      [905, 'start', 2, 0, 0],
      [986, 'start', 4, 0, 0],
      [1_454, 'start', 6, 0, 0],
      [2_853, 'start', 5, 0, 0],
      [3_944, 'start', 3, 0, 0],
      [7_674, 'start', 7, 0, 0],
      [46_044, 'fill', 7, 5, 0.356],
      [47_482, 'broadcast', 6, 1, 0.13],
      [62_207, 'free', 4, 3, 0.418],
    ],
  })
})
