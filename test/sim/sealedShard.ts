import { planSealed } from './sealedPlan.ts'
import { runSealed } from './sealedStorm.ts'
import { storms } from './stormShard.ts'

/** What happens in every hundred of these storms, or they prove nothing. */
const expected = [
  ...['founded', 'moved', 'sealed', 'opened', 'deleted', 'talked', 'shouted', 'ordered', 'marked'],
  ...['marks heard', 'mail arrived', 'work kept', 'created', 'decided', 'proposed', 'voted'],
  ...['asked to approve', 'answered', 'name', 'read', 'kill', 'power', 'stop', 'jump', 'cut'],
  ...['part', 'partition', 'cable', 'unruly', 'lead', 'lead killed', 'joined', 'overtaken'],
]

/** Promises on sealed groups that hold in the storms of these seeds. */
export function sealedShard(first: number, count: number): void {
  storms('through any storm nobody hears of a sealed group in which it never was', {
    ...{ first, count, expected, plan: planSealed, run: runSealed },
  })
}
