import type { ObjectId } from '../../state/ids.ts'
import { act } from './deeds.ts'
import type { Seat } from './meshWorld.ts'
import type { Action, Kind } from './plan.ts'
import { calm, type Outcome, setUp, tally } from './storm.ts'
import { type Owning, type WorkStage, workOn } from './workDeeds.ts'
import { judgeWork } from './workJudge.ts'
import { watchNotices } from './workNotices.ts'
import { isOther, isWork, type WorkKind, type WorkPlan } from './workPlan.ts'
import { createPromises } from './workPromises.ts'

/** Lets a storm over shared work happen, waits for calm and judges what is left. */
export async function runWork(plan: WorkPlan): Promise<Outcome> {
  const stage = setUpWork(plan)
  const { world, counts } = stage
  watchNotices(stage)
  for (const action of plan.actions) world.scheduler.after(action[0], () => happen(stage, action))
  const lastMs = plan.actions.reduce((last, [atMs]) => Math.max(last, atMs), 0)
  await world.scheduler.run(lastMs + 1)
  calmDown(stage)
  await judgeWork(stage)
  await tally(stage)
  return { faults: world.faults, counts }
}

/** Makes the world of a plan, with an account of what is done to shared work. */
export function setUpWork(plan: Omit<WorkPlan, 'actions'>): WorkStage {
  const stage = setUp(plan)
  const promises = createPromises(stage.world)
  const { account } = stage
  return {
    ...stage,
    promises,
    owning: createOwning(),
    account: {
      ...account,
      wentBack(seat) {
        account.wentBack(seat)
        promises.wentBack(seat)
      },
      reckon() {
        account.reckon()
        promises.reckon()
      },
    },
    wordOf: () => stage.nextText(),
  }
}

/** Ends all faults, and sets all clocks right. */
export function calmDown(stage: WorkStage): void {
  calm(stage)
  for (const { device } of stage.world.all) device.skewMs = 0
}

function happen(stage: WorkStage, action: Action<Kind | WorkKind>): void {
  if (isWork(action)) workOn(stage, action)
  else if (isOther(action)) act(stage, action)
}

function createOwning(): Owning {
  const tasksBySeat = new Map<Seat, Set<ObjectId>>()
  return {
    all: () => [...tasksBySeat].flatMap(([seat, tasks]) => [...tasks].map((id) => [seat, id])),
    begin: (seat, task) =>
      void tasksBySeat.set(seat, (tasksBySeat.get(seat) ?? new Set()).add(task)),
    end: (seat, task) => void tasksBySeat.get(seat)?.delete(task),
  }
}
