import { describe, expect, it } from 'vitest'
import type { WorkPlan } from './workPlan.ts'
import { runWork } from './workStorm.ts'

/** A storm that was kept because it once failed. */
function keptWork(promise: string, plan: WorkPlan): void {
  it(`${promise} (seed ${plan.seed})`, async () => {
    expect((await runWork(plan)).faults).toEqual([])
  })
}

describe('what a storm over shared work once broke', () => {
  keptWork('what an operator did is told although it is known as one only later', {
    ...{ seed: 33, seats: 3, devices: 1, brakes: false },
    actions: [
      [199, 'start', 0, 0, 0],
      [288, 'start', 1, 0, 0],
      [1_897, 'start', 2, 0, 0],
      [2_526, 'read', 2, 1, 0.994],
      [2_701, 'propose', 1, 0, 0.67],
      [3_024, 'create', 2, 1, 0.422],
      [3_070, 'part', 2, 0, 0.113],
      [3_174, 'restore', 2, 1, 0.749],
      [3_471, 'read', 1, 2, 0.527],
      [3_813, 'unruly', 0, 2, 0.98],
      [4_078, 'read', 0, 1, 0.626],
      [4_237, 'ask', 1, 2, 0.035],
      [4_734, 'vote', 0, 1, 0.215],
      [6_163, 'assign', 0, 1, 0.138],
      [6_237, 'vote', 0, 2, 0.359],
      [6_562, 'withdraw', 1, 0, 0.751],
      [7_034, 'complete', 1, 2, 0.169],
      [7_230, 'decide', 0, 1, 0.802],
      [7_489, 'lead', 1, 2, 0.185],
      [7_878, 'read', 1, 2, 0.275],
      [8_026, 'release', 0, 1, 0.462],
      [8_061, 'complete', 1, 0, 0.902],
      [8_349, 'start', 2, 1, 0.071],
      [8_666, 'start', 1, 2, 0.267],
    ],
  })

  keptWork('who died before its claim was answered learns that it lost', {
    ...{ seed: 220, seats: 3, devices: 1, brakes: false },
    actions: [
      [8_740, 'start', 1, 0, 0.83],
      [9_801, 'start', 2, 0, 0.918],
      [10_329, 'create', 1, 2, 0.714],
      [10_477, 'race', 2, 0, 0.414],
      [10_561, 'kill', 1, 2, 0.156],
    ],
  })

  keptWork('a claim yields to a completion that came while it settled', {
    ...{ seed: 1_127, seats: 4, devices: 2, brakes: false },
    actions: [
      [212, 'start', 0, 0, 0],
      [274, 'start', 1, 0, 0],
      [481, 'start', 2, 0, 0],
      [2_808, 'create', 2, 0, 0.666],
      [3_319, 'claim', 0, 3, 0.854],
      [3_332, 'complete', 0, 3, 0.054],
    ],
  })

  keptWork('a deadline is noticed although the clock was set meanwhile', {
    ...{ seed: 146, seats: 4, devices: 2, brakes: false },
    actions: [
      [9_119, 'start', 3, 0, 0.205],
      [11_648, 'propose', 3, 2, 0.867],
      [15_886, 'jump', 1, 0, 0.466],
      [19_656, 'heal', 3, 2, 0.483],
    ],
  })

  keptWork('who works on what is done is told so although its clock was set back', {
    ...{ seed: 45, seats: 4, devices: 1, brakes: false },
    actions: [
      [250, 'start', 0, 0, 0],
      [1_552, 'start', 2, 0, 0],
      [3_690, 'create', 0, 3, 0.505],
      [3_862, 'claim', 2, 3, 0.813],
      [11_473, 'jump', 0, 3, 0.066],
      [13_255, 'complete', 0, 2, 0.154],
      [15_016, 'stop', 0, 3, 0.939],
    ],
  })
})
