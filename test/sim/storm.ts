import { toMeshError } from '../../state/errors.ts'
import { type Account, createAccount } from './account.ts'
import { judge } from './judge.ts'
import type { DiskCopy } from './memoryStore.ts'
import { createMeshWorld, type MeshWorld, type Process, type Seat } from './meshWorld.ts'
import type { Action, Kind, Plan } from './plan.ts'

/** How long after the storm everything is as it should be. */
const calmMs = 180_000
/** What a flood carries. */
const flood = { messages: 14, characters: 45_000 } as const

/** What happened, by kind. Only what had an effect is counted. */
export type Counts = Record<string, number>

/** How a storm ended: nothing in `faults` means that every promise was kept. */
export interface Outcome {
  readonly faults: readonly string[]
  readonly counts: Counts
}

/** What the actions of one storm act on. */
interface Stage {
  readonly world: MeshWorld
  readonly account: Account
  readonly counts: Counts
  readonly copies: Map<Seat, DiskCopy[]>
  count(name: string, amount?: number): void
  nextText(): string
}

/** Lets a storm happen, waits for calm and judges what is left. */
export async function runStorm(plan: Plan): Promise<Outcome> {
  const world = createMeshWorld(plan)
  const account = createAccount(world)
  world.onArrival(account.arrived)
  const counts: Counts = {}
  let texts = 0
  const stage: Stage = {
    ...{ world, account, counts, copies: new Map() },
    count(name, amount = 1) {
      counts[name] = (counts[name] ?? 0) + amount
    },
    nextText() {
      texts += 1
      return `word ${texts} of storm ${plan.seed}`
    },
  }
  for (const action of plan.actions) {
    world.scheduler.after(action[0], () => act(stage, action))
  }
  const lastMs = plan.actions.reduce((last, [atMs]) => Math.max(last, atMs), 0)
  await world.scheduler.run(lastMs + 1)
  calm(stage)
  await judge(world, account, calmMs)
  tally(stage)
  return { faults: world.faults, counts }
}

/** Ends all faults and fills all seats. */
function calm({ world, count }: Stage): void {
  world.unruly.set(false)
  world.network.heal()
  for (const seat of world.seats) seat.disk.setFull(false)
  for (const seat of world.seats) fill(seat)

  /** A process that could not join, or is leaving, makes room for the next. */
  function fill(seat: Seat): void {
    if (!seat.process) void start({ world, count }, seat)
    world.scheduler.after(1_000, () => fill(seat))
  }
}

function tally({ world, account, count }: Stage): void {
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
}

function act(stage: Stage, [, kind, seatIndex, otherIndex, amount]: Action): void {
  const seat = stage.world.seats[seatIndex]
  const other = stage.world.seats[otherIndex]
  if (!seat || !other) return
  const isDone = (deeds[kind] ?? never)({ stage, seat, other, amount })
  if (isDone) stage.count(kind)
}

interface Deed {
  readonly stage: Stage
  readonly seat: Seat
  readonly other: Seat
  readonly amount: number
}

/** What each kind does; answers whether it did anything. */
const deeds: Record<Kind, (deed: Deed) => boolean> = {
  start: ({ stage, seat }) => {
    if (seat.process) return false
    void start(stage, seat)
    return true
  },
  kill: ({ stage, seat }) => crash(stage, seat, 'process'),
  power: ({ stage, seat }) => crash(stage, seat, 'power'),
  stop: ({ stage, seat }) => {
    if (!seat.process?.isJoined) return false
    void stage.world.stop(seat)
    return true
  },
  copy: ({ stage, seat }) => {
    stage.copies.set(seat, [...(stage.copies.get(seat) ?? []), seat.disk.copy()])
    return true
  },
  restore: ({ stage, seat, amount }) => {
    crash(stage, seat, 'process')
    const copies = stage.copies.get(seat) ?? [new Map()]
    seat.disk.restore(copies[Math.floor(amount * copies.length)] ?? new Map())
    stage.account.wentBack(seat)
    return true
  },
  tear: ({ stage, seat, amount }) => {
    crash(stage, seat, 'power')
    seat.disk.tear(1 + Math.floor(amount * 12))
    stage.account.wentBack(seat)
    return true
  },
  jump: ({ seat, amount }) => {
    seat.device.skewMs += Math.floor((amount - 0.5) * 2 * 3_600_000)
    return true
  },
  fill: ({ seat }) => {
    seat.disk.setFull(true)
    return true
  },
  free: ({ seat }) => {
    seat.disk.setFull(false)
    return true
  },
  cut: ({ stage, seat, other }) => {
    stage.world.network.cut(seat.host, other.host)
    return seat.process !== undefined && other.process !== undefined
  },
  partition: ({ stage, seat, amount }) => {
    const apart = stage.world.seats.filter(
      ({ index }) => (index + seat.index) % 3 < 1 + Math.floor(amount * 2),
    )
    stage.world.network.partition([apart.map(({ host }) => host)])
    return true
  },
  heal: ({ stage }) => {
    stage.world.network.heal()
    return true
  },
  unruly: ({ stage }) => {
    stage.world.unruly.set(true)
    return true
  },
  quiet: ({ stage }) => {
    stage.world.unruly.set(false)
    return true
  },
  send: (deed) => {
    const count = 1 + Math.floor(deed.amount * 4)
    for (let index = 0; index < count; index += 1) {
      speak(
        deed,
        async (mesh, text) => (await mesh.send({ to: deed.other.peer, message: text })).message_id,
      )
    }
    return isJoined(deed.seat)
  },
  flood: (deed) => {
    for (let index = 0; index < flood.messages; index += 1) {
      speak(deed, async (mesh, text) => {
        const message = text.padEnd(flood.characters, '.')
        return (await mesh.send({ to: deed.other.peer, message })).message_id
      })
    }
    return isJoined(deed.seat)
  },
  broadcast: (deed) => {
    broadcast(deed)
    return isJoined(deed.seat)
  },
  read: (deed) => {
    run(deed, (mesh) => read(deed, mesh))
    return isJoined(deed.seat)
  },
  acknowledge: (deed) => {
    run(deed, (mesh) => acknowledge(deed, mesh))
    return isJoined(deed.seat)
  },
  name: (deed) => {
    const name = `name${Math.floor(deed.amount * 4)}`
    run(deed, async (mesh) => void (await mesh.setName(name)))
    return isJoined(deed.seat)
  },
  summary: (deed) => {
    run(deed, (mesh) => mesh.setSummary(`about ${deed.amount}`))
    return isJoined(deed.seat)
  },
}

function never(): boolean {
  return false
}

function isJoined(seat: Seat): boolean {
  return seat.process?.isJoined ?? false
}

async function start({ world, count }: Pick<Stage, 'world' | 'count'>, seat: Seat): Promise<void> {
  count((await world.start(seat)) ? 'joined' : 'starts refused')
}

function crash({ world, account }: Stage, seat: Seat, cause: 'process' | 'power'): boolean {
  if (!seat.process) return false
  world.kill(seat, cause)
  if (cause === 'power') account.reckon()
  return true
}

/** Runs one operation of a user; only a refusal may come of it. */
function run(deed: Deed, operation: (mesh: Process['mesh']) => Promise<void>): void {
  const { seat } = deed
  const mesh = seat.process?.isJoined ? seat.process.mesh : undefined
  if (!mesh) return
  operation(mesh).catch((thrown: unknown) => refusal(deed, thrown))
}

function refusal({ stage, seat }: Deed, thrown: unknown): void {
  const error = toMeshError(thrown)
  stage.count(`refused ${error.code}`)
  if (error.code !== 'INTERNAL') return
  const { cause } = error
  stage.world.fault(`${seat.host}: ${cause instanceof Error ? cause.stack : String(cause)}`)
}

function speak(deed: Deed, say: (mesh: Process['mesh'], text: string) => Promise<string>): void {
  const { stage, seat, other } = deed
  const text = stage.nextText()
  run(deed, async (mesh) => {
    const id = await say(mesh, text).catch((thrown: unknown) => {
      stage.account.refuse(text)
      throw thrown
    })
    stage.account.accept({ id, from: seat, to: [other], audience: [seat, other] })
    stage.count('accepted')
  })
}

function broadcast(deed: Deed): void {
  const { stage, seat } = deed
  const text = stage.nextText()
  run(deed, async (mesh) => {
    const answer = await mesh.broadcast({ scope: 'mesh', message: text }).catch((thrown) => {
      stage.account.refuse(text)
      throw thrown
    })
    if (answer.to.length === 0) return
    const ids = new Set(answer.to.map(({ id }) => id))
    const to = stage.world.seats.filter(({ peer }) => ids.has(peer))
    const { message_id: id } = answer
    stage.account.accept({ id, from: seat, to, audience: stage.world.seats })
    stage.count('accepted broadcasts')
  })
}

/** Reads some of what waits, as a session does: listed, shown, and after a while seen, or not. */
async function read({ stage, seat, amount }: Deed, mesh: Process['mesh']): Promise<void> {
  const items = await mesh.inbox.list(1 + Math.floor(amount * 30))
  const ids = items.map(({ id }) => id)
  stage.account.listed(seat, ids)
  stage.count('listed', ids.length)
  stage.count('repeats', items.filter(({ repeat }) => repeat).length)
  await mesh.inbox.markShown(ids)
  const seen = ids.filter((_, index) => amount < 0.5 || (index + Math.floor(amount * 100)) % 3 > 0)
  if (amount > 0.85) return
  stage.account.attemptSeen(seat, seen)
  await mesh.inbox.markSeen(seen)
  stage.account.certainlySeen(seat, seen)
  stage.count('seen', seen.length)
}

async function acknowledge({ stage, seat, amount }: Deed, mesh: Process['mesh']): Promise<void> {
  const { messages } = await mesh.history({ limit: 20 })
  const received = messages.filter(({ to }) => to.includes(seat.peer))
  const message = received[Math.floor(amount * received.length)]
  if (!message) return
  await mesh.acknowledge(message.id)
  stage.account.acknowledged(seat, message.id)
  stage.count('acknowledged')
}
