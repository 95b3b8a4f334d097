import { act } from './deeds.ts'
import type { Action, Kind } from './plan.ts'
import { groupUp, markedText, type SealedStage } from './sealedDeeds.ts'
import { judgeSealed } from './sealedJudge.ts'
import { createMarks } from './sealedMarks.ts'
import { isElsewhere, isGrouping, type SealedKind, type SealedPlan } from './sealedPlan.ts'
import { type Outcome, tally } from './storm.ts'
import { workOn } from './workDeeds.ts'
import { isOther, isWork, type WorkKind } from './workPlan.ts'
import { calmDown, setUpWork } from './workStorm.ts'

/** Lets a storm over sealed groups happen, waits for calm and judges what is left. */
export async function runSealed(plan: SealedPlan): Promise<Outcome> {
  const stage = setUpSealed(plan)
  const { world, counts } = stage
  for (const action of plan.actions) world.scheduler.after(action[0], () => happen(stage, action))
  const lastMs = plan.actions.reduce((last, [atMs]) => Math.max(last, atMs), 0)
  await world.scheduler.run(lastMs + 1)
  calmDown(stage)
  await judgeSealed(stage)
  await tally(stage)
  return { faults: world.faults, counts }
}

function setUpSealed(plan: SealedPlan): SealedStage {
  const work = setUpWork(plan)
  const stage: SealedStage = {
    ...work,
    marks: createMarks(work.world),
    wordOf: (seat) => markedText(stage, seat),
  }
  return stage
}

function happen(stage: SealedStage, action: Action<Kind | WorkKind | SealedKind>): void {
  if (isGrouping(action)) groupUp(stage, action)
  else if (isElsewhere(action)) {
    if (isWork(action)) workOn(stage, action)
    else if (isOther(action)) act(stage, action)
  }
}
