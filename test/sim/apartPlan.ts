import type { Action, Kind, Plan } from './plan.ts'
import { createChance } from './world.ts'

/** How often each kind of action is drawn within a shift, in proportion. */
const weights = {
  send: 12,
  flood: 1,
  read: 8,
  acknowledge: 2,
  kill: 2,
  power: 2,
  cut: 2,
  unruly: 2,
  lead: 1,
  forget: 1,
  rot: 1,
  stuff: 1,
} as const
/** What ends a fault within the shift. */
const ends: Partial<Record<Kind, Kind>> = { kill: 'start', power: 'start', unruly: 'quiet' }
/** How the members of a team leave, in proportion. */
const goodbyes = ['stop', 'stop', 'stop', 'kill', 'power'] as const

/** While it lasts, one team is up, and no other. */
export interface Shift {
  readonly fromMs: number
  readonly toMs: number
  readonly team: number
}

/**
 * A storm of teams of which at most one is up at any time. All that is said goes from one team to
 * another, so that nothing can arrive but through an archive.
 */
export interface ApartPlan extends Plan {
  /** The first seats, one on each device or none at all, are up all the time and say nothing. */
  readonly keepers: number
  readonly teams: number
  /** The team of each seat that is no keeper, by its index less the number of keepers. */
  readonly teamOf: readonly number[]
  readonly shifts: readonly Shift[]
}

/** Makes the storm of a seed. On one device there may be nobody at all between two shifts. */
export function planApart(seed: number): ApartPlan {
  const chance = createChance(seed * 6_007 + 29)
  const whole = (below: number) => Math.floor(chance() * below)
  const isAlone = chance() < 0.4
  const devices = isAlone ? 1 : 1 + whole(3)
  const keepers = isAlone ? 0 : devices
  const teams = 2 + whole(2)
  const teamOf = Array.from({ length: teams + whole(3) }, (_, index) => index % teams)
  const seats = keepers + teamOf.length
  const shifts = planShifts(chance, teams)
  const actions: Action[] = Array.from({ length: keepers }, (_, seat) => [0, 'start', seat, 0, 0])
  for (const shift of shifts) actions.push(...planActions(chance, shift, { keepers, teamOf }))
  actions.sort((left, right) => left[0] - right[0])
  return { seed, seats, devices, brakes: false, keepers, teams, teamOf, shifts, actions }
}

/** First each team once, so that all know of all, and then whoever comes. */
function planShifts(chance: () => number, teams: number): Shift[] {
  const shifts: Shift[] = []
  const count = teams + 2 + Math.floor(chance() * 4)
  let fromMs = 1_000
  for (let index = 0; index < count; index += 1) {
    const before = shifts.at(-1)?.team ?? 0
    const next = (before + 1 + Math.floor(chance() * (teams - 1))) % teams
    const team = index < teams ? index : next
    const toMs = fromMs + 2_500 + Math.floor(chance() * 7_000)
    shifts.push({ fromMs, toMs, team })
    fromMs = toMs + 300 + Math.floor(chance() ** 2 * 4_000)
  }
  return shifts
}

function planActions(
  chance: () => number,
  { fromMs, toMs, team }: Shift,
  { keepers, teamOf }: Pick<ApartPlan, 'keepers' | 'teamOf'>,
): Action[] {
  const whole = (below: number) => Math.floor(chance() * below)
  const kinds = Object.entries(weights).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as keyof typeof weights),
  )
  const seatsOf = (isWanted: (one: number) => boolean) =>
    teamOf.flatMap((one, index) => (isWanted(one) ? [keepers + index] : []))
  const [ours, others] = [seatsOf((one) => one === team), seatsOf((one) => one !== team)]
  const draw = (from: readonly number[]) => from[whole(from.length)] ?? 0
  const actions: Action[] = ours.map((seat) => [fromMs + whole(300), 'start', seat, 0, 0])
  for (let left = 4 + whole(7); left > 0; left -= 1) {
    const kind = kinds[whole(kinds.length)] ?? 'send'
    const end = ends[kind]
    const seat = end && whole(3) === 0 && keepers > 0 ? whole(keepers) : draw(ours)
    const other = kind === 'cut' ? whole(keepers + teamOf.length) : draw(others)
    const atMs = fromMs + 300 + whole(toMs - fromMs - 300)
    actions.push([atMs, kind, seat, other, Math.round(chance() * 1_000) / 1_000])
    if (end) actions.push([atMs + 20 + whole(3_000), end, seat, 0, 0])
  }
  // A last word, which may have no time to get further than to the disk of its sender.
  actions.push([toMs - whole(400), 'send', draw(ours), draw(others), chance() / 2])
  for (const seat of ours) actions.push([toMs, goodbyes[whole(5)] ?? 'stop', seat, 0, 0])
  return actions
}
