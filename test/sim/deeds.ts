import { toMeshError } from '../../state/errors.ts'
import type { Account } from './account.ts'
import type { DiskCopy } from './memoryStore.ts'
import type { MeshWorld, Process, Seat } from './meshWorld.ts'
import type { Action, Kind } from './plan.ts'

/** What a flood carries. */
const flood = { messages: 14, characters: 45_000 } as const

/** What happened, by kind. Only what had an effect is counted. */
export type Counts = Record<string, number>

/** What the actions of one storm act on. */
export interface Stage {
  readonly world: MeshWorld
  readonly account: Account
  readonly counts: Counts
  /** What each disk held at some moments, the archives' too. */
  readonly copies: Map<Seat, DiskCopy[]>
  count(name: string, amount?: number): void
  nextText(): string
}

/** Does what a plan says, and counts it when it had an effect. */
export function act(stage: Stage, [, kind, seatIndex, otherIndex, amount]: Action): void {
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
    // A fault that was aimed at a lead has hit another seat of that machine than the one it names.
    const isFree = ({ device, process }: Seat) => device === seat.device && !process
    const free = seat.process ? stage.world.seats.find(isFree) : seat
    if (free) void start(stage, free)
    return free !== undefined
  },
  kill: ({ stage, seat }) => crash(stage, seat, 'process'),
  power: ({ stage, seat }) => crash(stage, seat, 'power'),
  stop: ({ stage, seat }) => {
    if (!seat.process?.isJoined) return false
    void stage.world.stop(seat)
    return true
  },
  copy: ({ stage, seat }) => {
    for (const each of [seat, seat.device.operator]) {
      stage.copies.set(each, [...(stage.copies.get(each) ?? []), each.disk.copy()])
    }
    return true
  },
  restore: ({ stage, seat, amount }) => {
    crash(stage, seat, 'process')
    restore(stage, seat, amount)
    return true
  },
  tear: ({ stage, seat, amount }) => {
    crash(stage, seat, 'power')
    tear(stage, seat, amount)
    return true
  },
  lead: ({ stage, seat, amount }) => {
    const { holder } = seat.device.operator
    return holder ? crash(stage, holder, amount < 0.5 ? 'process' : 'power') : false
  },
  forget: ({ stage, seat, amount }) => {
    const { operator } = seat.device
    const hadMail = operator.disk.range('f/', 'f/~').length > 0
    if (operator.holder) crash(stage, operator.holder, 'process')
    if (amount < 0.4) operator.disk.restore(new Map())
    else restore(stage, operator, (amount - 0.4) / 0.6)
    stage.account.wentBack(operator)
    return hadMail
  },
  rot: ({ stage, seat, amount }) => {
    const { operator } = seat.device
    if (operator.holder) crash(stage, operator.holder, 'power')
    tear(stage, operator, amount)
    return true
  },
  stuff: ({ seat }) => {
    seat.device.operator.disk.setFull(true)
    return true
  },
  unstuff: ({ seat }) => {
    seat.device.operator.disk.setFull(false)
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
  cable: ({ stage, seat }) => {
    const machine = stage.world.seats.filter(({ device }) => device === seat.device)
    stage.world.network.partition([machine.map(({ host }) => host)])
    return machine.length < stage.world.seats.length
  },
  part: ({ stage, seat, other }) => {
    stage.world.network.part(seat.host, other.host)
    return seat.process !== undefined && other.process !== undefined
  },
  shield: ({ stage, seat }) => {
    stage.world.network.shield(seat.device.name, true)
    return stage.world.operators.length > 1
  },
  unshield: ({ stage, seat, amount }) => {
    // Half of them last, so that calm has to do with them.
    if (amount < 0.5) stage.world.network.shield(seat.device.name, false)
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
  tell: (deed) => {
    tell(deed)
    return isJoined(deed.seat)
  },
  order: (deed) => deeds.send(operatorOf(deed)),
  announce: (deed) => deeds.broadcast(operatorOf(deed)),
  attend: (deed) => deeds.read(operatorOf(deed)),
  confirm: (deed) => deeds.acknowledge(operatorOf(deed)),
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

/** The same deed, done by the operator of the seat's device. */
function operatorOf(deed: Deed): Deed {
  return { ...deed, seat: deed.seat.device.operator }
}

function restore({ account, copies }: Stage, seat: Seat, amount: number): void {
  const kept = copies.get(seat) ?? [new Map()]
  seat.disk.restore(kept[Math.floor(amount * kept.length)] ?? new Map())
  account.wentBack(seat)
}

function tear({ account }: Stage, seat: Seat, amount: number): void {
  seat.disk.tear(1 + Math.floor(amount * 12))
  account.wentBack(seat)
}

function never(): boolean {
  return false
}

function isJoined(seat: Seat): boolean {
  return seat.process?.isJoined ?? false
}

/** Starts a process in a free seat. */
export async function start(
  { world, count }: Pick<Stage, 'world' | 'count'>,
  seat: Seat,
): Promise<void> {
  count((await world.start(seat)) ? 'joined' : 'starts refused')
}

function crash(stage: Stage, seat: Seat, cause: 'process' | 'power'): boolean {
  const { world, account } = stage
  if (!seat.process) return false
  if (seat.device.operator.holder === seat) stage.count('lead killed')
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
    accept(deed, id, [other])
    stage.count(seat === seat.device.operator ? 'accepted of operators' : 'accepted')
  })
}

function accept({ stage, seat }: Deed, id: string, to: readonly Seat[]): void {
  const audience = new Set([seat, ...to, ...stage.world.operators])
  stage.account.accept({ id, from: seat, to, audience: [...audience] })
}

/** Says something to an operator: mostly by the name that means that of the own device. */
function tell(deed: Deed): void {
  const { stage, seat, other, amount } = deed
  const text = stage.nextText()
  const to = amount < 0.7 ? 'operator' : other.device.operator.peer
  run(deed, async (mesh) => {
    const answer = await mesh.send({ to, message: text }).catch((thrown: unknown) => {
      stage.account.refuse(text)
      throw thrown
    })
    const recipients = stage.world.operators.filter(({ peer }) => peer === answer.to.id)
    if (to === 'operator' && recipients[0] !== seat.device.operator) {
      stage.world.fault(`${seat.host} meant its operator and told ${answer.to.id}`)
    }
    accept(deed, answer.message_id, recipients)
    stage.count('accepted for operators', recipients.length)
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
    const to = stage.world.all.filter(({ peer }) => ids.has(peer))
    const audience = stage.world.all
    stage.account.accept({ id: answer.message_id, from: seat, to, audience })
    stage.count(seat === seat.device.operator ? 'announced' : 'accepted broadcasts')
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
  stage.count(seat === seat.device.operator ? 'seen by operators' : 'seen', seen.length)
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
