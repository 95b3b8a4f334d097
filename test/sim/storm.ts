import { createAccount } from './account.ts'
import { act, type Counts, type Stage, start } from './deeds.ts'
import { judge } from './judge.ts'
import { createMeshWorld, type MeshWorld, type Seat } from './meshWorld.ts'
import type { Plan } from './plan.ts'

export type { Counts } from './deeds.ts'

/** How long after the storm everything is as it should be. */
const calmMs = 180_000

/** How a storm ended: nothing in `faults` means that every promise was kept. */
export interface Outcome {
  readonly faults: readonly string[]
  readonly counts: Counts
}

/** Lets a storm happen, waits for calm and judges what is left. */
export async function runStorm(plan: Plan): Promise<Outcome> {
  const stage = setUp(plan)
  const { world, account, counts } = stage
  for (const action of plan.actions) {
    world.scheduler.after(action[0], () => act(stage, action))
  }
  const lastMs = plan.actions.reduce((last, [atMs]) => Math.max(last, atMs), 0)
  await world.scheduler.run(lastMs + 1)
  calm(stage)
  await judge(world, account, calmMs)
  await tally(stage)
  return { faults: world.faults, counts }
}

/** Makes the world of a plan, with nobody in it yet. */
export function setUp(plan: Omit<Plan, 'actions'>): Stage {
  const world = createMeshWorld(plan)
  const account = createAccount(world)
  world.onArrival(account.arrived)
  const counts: Counts = {}
  let texts = 0
  return {
    ...{ world, account, counts, copies: new Map() },
    count(name, amount = 1) {
      counts[name] = (counts[name] ?? 0) + amount
    },
    nextText() {
      texts += 1
      return `word ${texts} of storm ${plan.seed}`
    },
  }
}

/** Ends all faults and fills all seats. */
export function calm({ world, count }: Stage): void {
  endFaults(world)
  for (const seat of world.seats) fill(seat)

  /** A process that could not join, or is leaving, makes room for the next. */
  function fill(seat: Seat): void {
    if (!seat.process) void start({ world, count }, seat)
    world.scheduler.after(1_000, () => fill(seat))
  }
}

/**
 * Ends all faults but the shields, as long as one machine can be dialled: those behind shields
 * never meet each other, and have to do with what the lead of that one passes on.
 */
export function endFaults({ unruly, network, all, operators }: MeshWorld): void {
  unruly.set(false)
  network.heal()
  for (const { device } of operators.slice(-1)) network.shield(device.name, false)
  for (const { disk } of all) disk.setFull(false)
}

/** Counts what the parts of the world counted themselves. */
export async function tally({ world, account, count }: Stage): Promise<void> {
  count('excused', account.accepted.filter(({ isExcused }) => isExcused).length)
  for (const [name, amount] of Object.entries(world.unruly.counters)) count(name, amount)
  const { flushed, broken, lost } = world.network.counters
  count('held', flushed + broken)
  count('frames lost', lost)
  for (const { disk } of world.seats) {
    count('refused writes', disk.counters.refused)
    count('lost commits', disk.counters.lost)
    count('torn commits', disk.counters.torn)
  }
  for (const { disk } of world.operators) {
    count('refused writes of archives', disk.counters.refused)
    count('lost commits of archives', disk.counters.lost)
    count('torn commits of archives', disk.counters.torn)
  }
  count('leads', world.leads.length)
  for (const lead of world.leads) {
    count('forwarded', (await lead.status()).counters['entries_forwarded'] ?? 0)
  }
}
