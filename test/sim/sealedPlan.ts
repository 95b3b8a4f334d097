import type { Action, Kind, Plan } from './plan.ts'
import { drawActions, type WorkKind } from './workPlan.ts'
import { createChance } from './world.ts'

/**
 * What operators do with groups, and what is said in them: a group is made, another seat is moved
 * to one, a group is sealed or opened, or deleted; a seat talks to somebody whom it sees, or shouts
 * to its group; the operator orders something in a group.
 */
const groupings = { found: 4, move: 26, seal: 4, remove: 1, talk: 22, shout: 8, order: 5 } as const
/** What operators do with groups, and what is said in them. */
export type SealedKind = keyof typeof groupings

/** What else happens, and how often it is drawn. */
const others: Partial<Record<Kind | WorkKind, number>> = {
  ...{ create: 6, claim: 3, complete: 3, decide: 5, propose: 3, vote: 3, ask: 3, answer: 3 },
  ...{ verify: 2, verdict: 2, react: 1, pin: 1, name: 3, read: 5 },
  ...{ kill: 4, power: 3, stop: 2, jump: 1, cut: 2, part: 4, partition: 4, cable: 1 },
  ...{ unruly: 4, lead: 4 },
}

/** A storm over several groups. */
export type SealedPlan = Plan<Kind | WorkKind | SealedKind>

/** Makes the storm of a seed. It begins with two groups, and most of the seats in them. */
export function planSealed(seed: number): SealedPlan {
  const chance = createChance(seed * 8_087 + 53)
  const whole = (below: number) => Math.floor(chance() * below)
  const seats = 3 + (chance() < 0.2 ? 1 + whole(3) : whole(2))
  const devices = 1 + Math.floor(chance() ** 1.4 * 3)
  const weights = { ...groupings, ...others }
  const drawing = { seats, weights, count: 26 + whole(26) }
  const drawn = drawActions<WorkKind | SealedKind>(chance, drawing)
  const first: Action<SealedKind>[] = [
    [2_600, 'found', 0, 1, 0.1],
    [2_700, 'found', 0, 1, 0.6],
    ...Array.from({ length: seats }, (_, seat): Action<SealedKind> => {
      return [3_200 + whole(2_000), 'move', 0, seat, Math.round(chance() * 1_000) / 1_000]
    }),
  ]
  const actions = [...first, ...drawn].sort((left, right) => left[0] - right[0])
  return { seed, seats, devices, brakes: false, actions }
}

/** Whether an action is one of these. */
export function isGrouping(
  action: Action<Kind | WorkKind | SealedKind>,
): action is Action<SealedKind> {
  return action[1] in groupings
}

/** Whether an action is one of those that happen in other storms too. */
export function isElsewhere(
  action: Action<Kind | WorkKind | SealedKind>,
): action is Action<Kind | WorkKind> {
  return !isGrouping(action)
}
