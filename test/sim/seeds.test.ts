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
})
