import { type Action, ends, type Kind, type Plan } from './plan.ts'
import { createChance } from './world.ts'

/**
 * What is done to the shared work of a group, by a seat or the operator of its device, and how
 * often each is drawn. In a `race`, a `clash` and a `ballot` several do it at the same moment; an
 * `answer` is one of those too.
 */
const works = {
  create: 10,
  claim: 6,
  race: 7,
  release: 3,
  assign: 4,
  complete: 9,
  decide: 5,
  clash: 4,
  revoke: 3,
  propose: 7,
  vote: 6,
  ballot: 7,
  withdraw: 3,
  verify: 4,
  verdict: 5,
  ask: 5,
  answer: 6,
  react: 3,
  pin: 2,
} as const
/** What is done to the shared work of a group. */
export type WorkKind = keyof typeof works

/** Whether an action is one of these. */
export function isWork(action: Action<Kind | WorkKind>): action is Action<WorkKind> {
  return action[1] in works
}

/** Whether an action is one of those that happen in every storm. */
export function isOther(action: Action<Kind | WorkKind>): action is Action<Kind> {
  return !isWork(action)
}

/** What else happens, and how often it is drawn. */
const others: Partial<Record<Kind, number>> = {
  ...{ send: 3, read: 6 },
  ...{ kill: 4, power: 3, stop: 2, copy: 3, restore: 2, tear: 1, jump: 4, fill: 1, cut: 2 },
  ...{ partition: 4, part: 5, unruly: 3, lead: 3, forget: 1, rot: 1, cable: 1 },
}

/** A storm over the shared work of one group. */
export type WorkPlan = Plan<Kind | WorkKind>

/** Makes the storm of a seed: a small world, so that there can be many. */
export function planWork(seed: number): WorkPlan {
  const chance = createChance(seed * 9_173 + 41)
  const whole = (below: number) => Math.floor(chance() * below)
  const seats = 3 + (chance() < 0.12 ? whole(4) : whole(2))
  const devices = 1 + Math.floor(chance() ** 1.4 * 3)
  const weights = { ...works, ...others }
  const actions = drawActions<WorkKind>(chance, { seats, weights, count: 22 + whole(24) })
  if (chance() < 0.6) actions.push(...drawSchism(chance, seats))
  actions.sort((left, right) => left[0] - right[0])
  return { seed, seats, devices, brakes: false, actions }
}

/** Two sides that do not hear each other vote on the same, and claim and decide the same. */
function drawSchism(chance: () => number, seats: number): Action<Kind | WorkKind>[] {
  const whole = (below: number) => Math.floor(chance() * below)
  const amount = () => Math.round((0.2 + chance() * 0.8) * 1_000) / 1_000
  const atMs = 4_000 + whole(6_000)
  const seat = whole(seats)
  const kinds: readonly WorkKind[] = ['ballot', 'ballot', 'race', 'clash', 'verdict', 'answer']
  return [
    [atMs, 'propose', seat, 0, amount()],
    [atMs + 20, 'ask', seat, (seat + 1) % seats, amount()],
    [atMs + 300, 'partition', whole(seats), 0, chance()],
    ...kinds.map((kind): Action<WorkKind> => {
      return [atMs + 350 + whole(1_500), kind, whole(seats), seat, amount()]
    }),
    [atMs + 2_000 + whole(1_500), 'heal', seat, 0, 0],
  ]
}

/** What a storm is drawn from. */
export interface Drawing<What extends string> {
  readonly seats: number
  readonly count: number
  readonly weights: Readonly<Partial<Record<Kind | What, number>>>
}

/** Draws a storm in which everybody comes within two seconds, and faults last for seconds. */
export function drawActions<What extends string>(
  chance: () => number,
  { seats, count, weights }: Drawing<What>,
): Action<Kind | What>[] {
  const whole = (below: number) => Math.floor(chance() * below)
  const amount = () => Math.round(chance() * 1_000) / 1_000
  const lastMs = 6_000 + whole(9_000)
  const pairs = Object.entries(weights) as [Kind | What, number][]
  const kinds = pairs.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind))
  const actions: Action<Kind | What>[] = Array.from({ length: seats }, (_, seat) => [
    whole(seat < 2 ? 300 : 2_000),
    'start',
    seat,
    0,
    0,
  ])
  for (let left = count; left > 0; left -= 1) {
    const kind = kinds[whole(kinds.length)] ?? 'send'
    const atMs = 2_500 + whole(lastMs)
    const seat = whole(seats)
    const other = (seat + 1 + whole(seats - 1)) % seats
    actions.push([atMs, kind, seat, other, amount()])
    const end = endOf(kind)
    if (!end) continue
    actions.push([atMs + Math.floor(50 + chance() ** 2 * 9_000), end, seat, other, amount()])
  }
  return actions.sort((left, right) => left[0] - right[0])
}

function endOf(kind: string): Kind | undefined {
  return Object.entries(ends).find(([name]) => name === kind)?.[1]
}
