import type { Accepted, Account } from './account.ts'
import type { ApartPlan } from './apartPlan.ts'
import { act, type Stage, start } from './deeds.ts'
import type { Process, Seat } from './meshWorld.ts'
import type { Action } from './plan.ts'
import { endFaults, type Outcome, setUp, tally } from './storm.ts'

/** How long a team is up when all is calm. Enough to get what waits, and to tell what it read. */
const upMs = 8_000
/** Within this time a team has left. */
const downMs = 1_000
/** Every team is up this often: to hand over, to read, to hear that it was read. */
const rounds = 3
/** A place of a keeper is filled again after this time. */
const fillMs = 500

/**
 * Lets a storm happen in which sender and recipient are never up together, and then a few calm
 * shifts. What holds at the end:
 *
 * 1. What was accepted is with its recipient, was told of once, and was read.
 * 2. Its sender knows that, when it is next up.
 */
export async function runApart(plan: ApartPlan): Promise<Outcome> {
  const stage = watchful(setUp(plan))
  const { world } = stage
  const { scheduler } = world
  const team = (seat: Seat) => plan.teamOf[seat.index - plan.keepers]
  let now: number | undefined

  for (const { fromMs, toMs, team: next } of plan.shifts) {
    scheduler.after(fromMs, () => begin(next))
    scheduler.after(toMs + 1, () => {
      now = undefined
    })
  }
  for (const action of plan.actions) scheduler.after(action[0], () => happen(action))

  /** Whoever has not left by now is made to. A keeper that died is back. */
  function begin(next: number): void {
    now = next
    for (const seat of world.seats) {
      const other = team(seat)
      if (other === undefined && !seat.process) void start(stage, seat)
      if (other !== undefined && other !== next && seat.process) world.kill(seat, 'process')
    }
  }

  function happen(action: Action): void {
    const seat = world.seats[action[2]]
    const isUp = seat && (team(seat) === undefined || team(seat) === now)
    if (!isUp || (action[1] === 'start' && seat.process)) return
    act(stage, action)
  }

  const lastMs = Math.max(0, ...plan.shifts.map(({ toMs }) => toMs))
  await scheduler.run(lastMs + downMs)
  for (const seat of world.seats)
    if (seat.process && team(seat) !== undefined) void world.stop(seat)
  endFaults(world)
  for (const seat of world.seats) if (team(seat) === undefined) keep(stage, seat)
  await scheduler.run(downMs)
  for (let round = 1; round <= rounds; round += 1) {
    for (let next = 0; next < plan.teams; next += 1) {
      begin(next)
      const members = world.seats.filter((seat) => team(seat) === next)
      await calmShift(stage, members, round === rounds)
    }
  }
  judgeArrivals(stage)
  await tally(stage)
  return { faults: world.faults, counts: stage.counts }
}

/** Nobody may be accepted a message for who is up: that would prove nothing. */
function watchful(stage: Stage): Stage {
  const { world, account } = stage
  const accept: Account['accept'] = (message) => {
    const present = message.to.find(({ process }) => process !== undefined)
    if (present) world.fault(`${present.host} is up together with ${message.from.host}`)
    account.accept(message)
  }
  return { ...stage, account: { ...account, accept } }
}

function keep(stage: Stage, seat: Seat): void {
  if (!seat.process) void start(stage, seat)
  stage.world.scheduler.after(fillMs, () => keep(stage, seat))
}

/** A team comes, reads all, and leaves; the last time it is asked what it knows. */
async function calmShift(
  { world, account, count }: Stage,
  members: readonly Seat[],
  isLast: boolean,
): Promise<void> {
  for (const seat of members) void start({ world, count }, seat)
  await world.scheduler.run(upMs / 2)
  for (const seat of members) void readAll(seat, account)
  await world.scheduler.run(upMs / 2)
  for (const seat of members) {
    const { process } = seat
    if (!process?.isJoined) world.fault(`${seat.host} could not come`)
    else if (isLast)
      void judgeReceipts(
        process,
        account.accepted.filter(({ from }) => from === seat),
      )
  }
  await world.scheduler.run(downMs)
  for (const seat of members) void world.stop(seat)
  await world.scheduler.run(downMs)

  async function judgeReceipts({ mesh }: Process, sent: readonly Accepted[]): Promise<void> {
    for (const { id, from, to } of sent) {
      const receipts = await mesh.receipts({ message_id: id })
      for (const seat of to) {
        const state = receipts.find((receipt) => receipt.to.id === seat.peer)?.state
        count(`told ${state}`)
        if (state === 'seen' || state === 'acknowledged') continue
        world.fault(`${from.host} does not know that ${seat.host} has seen ${id}: ${state}`)
      }
    }
  }
}

async function readAll(seat: Seat, account: Account): Promise<void> {
  if (!seat.process?.isJoined) return
  const { inbox } = seat.process.mesh
  const ids = (await inbox.list(10_000)).map(({ id }) => id)
  account.listed(seat, ids)
  await inbox.markShown(ids)
  account.attemptSeen(seat, ids)
  await inbox.markSeen(ids)
  account.certainlySeen(seat, ids)
}

/** That it came or was read twice was complained about when it happened. */
function judgeArrivals({ world, account }: Stage): void {
  for (const { id, from, to } of account.accepted) {
    for (const seat of to) {
      if (account.of(seat).attempted.has(id)) continue
      world.fault(`${id} from ${from.host} was never shown at ${seat.host}`)
    }
  }
}
