import { createChance } from './world.ts'

/**
 * How often each kind of action is drawn, in proportion. The operator of a device is told things,
 * orders, announces, attends to what waits and confirms it; the process that leads a device dies
 * (`lead`), its archive is lost or old (`forget`), torn (`rot`) or full (`stuff`). A `cable` is that
 * of a whole machine; two seats that are in `part` reach each other only through others; a machine
 * behind a `shield` dials and cannot be dialled.
 */
const weights = {
  send: 30,
  flood: 2,
  broadcast: 7,
  read: 16,
  acknowledge: 8,
  name: 3,
  summary: 2,
  kill: 5,
  power: 4,
  stop: 4,
  copy: 4,
  restore: 3,
  tear: 2,
  jump: 3,
  fill: 3,
  cut: 4,
  partition: 4,
  unruly: 4,
  tell: 8,
  order: 6,
  announce: 2,
  attend: 5,
  confirm: 2,
  lead: 4,
  forget: 3,
  rot: 2,
  stuff: 2,
  cable: 2,
  part: 5,
  shield: 1,
} as const

/** What ends a fault; each fault draws its own end. */
export const ends = {
  kill: 'start',
  power: 'start',
  stop: 'start',
  restore: 'start',
  tear: 'start',
  fill: 'free',
  partition: 'heal',
  unruly: 'quiet',
  lead: 'start',
  forget: 'start',
  rot: 'start',
  stuff: 'unstuff',
  cable: 'heal',
  part: 'heal',
  shield: 'unshield',
} as const

/** What ends a process. */
const endings: ReadonlySet<string> = new Set(['kill', 'power', 'stop', 'restore', 'lead'])

/** What happens in a storm. */
export type Kind = keyof typeof weights | (typeof ends)[keyof typeof ends]

/** One thing that happens: when, what, to which seat, with which other seat, and how much (0 to 1). */
export type Action<What extends string = Kind> = readonly [
  atMs: number,
  kind: What,
  seat: number,
  other: number,
  amount: number,
]

/** A whole storm, which a seed makes or a person has kept. */
export interface Plan<What extends string = Kind> {
  readonly seed: number
  readonly seats: number
  readonly devices: number
  readonly brakes: boolean
  readonly actions: readonly Action<What>[]
}

/** Makes the storm of a seed. */
export function planStorm(seed: number): Plan {
  const chance = createChance(seed * 7_919 + 17)
  const whole = (below: number) => Math.floor(chance() * below)
  // Every link costs time: most worlds are small, and some are as large as a crowded project.
  const seats = 3 + (chance() < 0.15 ? whole(6) : whole(3))
  const devices = 1 + Math.floor(chance() ** 1.4 * 3)
  const lastMs = 12_000 + whole(36_000)
  const amount = () => Math.round(chance() * 1_000) / 1_000
  const actions: Action[] = Array.from({ length: seats }, (_, seat) => [
    whole(seat < 2 ? 500 : 8_000),
    'start',
    seat,
    0,
    0,
  ])
  // Two machines that only dial never meet, and have the third between them.
  if (devices === 3 && chance() < 0.25) {
    for (const seat of [0, 1]) actions.push([0, 'shield', seat, 0, 0])
  }
  const kinds = Object.entries(weights).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as keyof typeof weights),
  )
  for (let left = 25 + whole(45); left > 0; left -= 1) {
    const kind = kinds[whole(kinds.length)] ?? 'send'
    const atMs = 500 + whole(lastMs)
    const seat = whole(seats)
    const other = (seat + 1 + whole(seats - 1)) % seats
    actions.push([atMs, kind, seat, other, amount()])
    // A word that is hardly out of its mouth is what the end of a process puts at risk.
    if (endings.has(kind)) actions.push([atMs - whole(60), 'send', seat, other, amount()])
    const end = ends[kind as keyof typeof ends]
    const laterMs = Math.floor(50 + chance() ** 2 * 20_000)
    if (end) actions.push([atMs + laterMs, end, seat, other, amount()])
  }
  actions.sort((left, right) => left[0] - right[0])
  return { seed, seats, devices, brakes: chance() < 0.25, actions }
}

/** The plan as text that can be kept as a named test. */
export function writePlan({ actions, ...plan }: Plan<string>): string {
  const lines = actions.map((action) => `    ${JSON.stringify(action)},`)
  const head = JSON.stringify(plan).slice(1, -1)
  return `  {${head}, "actions": [\n${lines.join('\n')}\n  ]}`
}

/**
 * Drops actions while the storm still fails: halves first, then ever smaller parts, at most `runs`
 * times.
 */
export async function shrink<Some extends Plan<string>>(
  plan: Some,
  fails: (plan: Some) => Promise<boolean>,
  runs: number,
): Promise<Some> {
  let best = plan
  let left = runs
  for (let size = best.actions.length >> 1; size >= 1 && left > 0; ) {
    let dropped = false
    for (let start = 0; start < best.actions.length && left > 0; ) {
      const actions = best.actions.filter((_, index) => index < start || index >= start + size)
      left -= 1
      if (await fails({ ...best, actions })) {
        best = { ...best, actions }
        dropped = true
      } else start += size
    }
    if (!dropped || size > 1) size = size === 1 ? (dropped ? 1 : 0) : size >> 1
  }
  return best
}
