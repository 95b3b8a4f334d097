import { storms } from './stormShard.ts'
import { planWork } from './workPlan.ts'
import { runWork } from './workStorm.ts'

/** What happens in every hundred of these storms, or they prove nothing. */
const expected = [
  ...['created', 'claimed', 'released', 'assigned', 'completed', 'decided', 'revoked', 'proposed'],
  ...['voted', 'withdrawn', 'asked to verify', 'verified', 'asked to approve', 'answered'],
  ...['reacted', 'pinned', 'race', 'clash', 'ballot', 'lost a race in calm'],
  ...['claimed: TASK_TAKEN', 'voted: ALREADY_DECIDED', 'outcomes changed', 'answered by two'],
  ...['decisions in conflict', 'told decision conflict', 'told task lost', 'told task assigned'],
  ...['told task completed', 'told task ready', 'told proposal new', 'told proposal outcome'],
  ...['told approval request', 'told approval answer', 'told verification request'],
  ...['told verification answer', 'told decision posted', 'told decision revoked'],
  ...['kill', 'power', 'stop', 'restore', 'tear', 'jump', 'fill', 'cut', 'partition', 'part'],
  ...['unruly', 'lead', 'lead killed', 'forget', 'rot', 'cable', 'joined'],
]

/** Promises on shared work that hold in the storms of these seeds. */
export function workShard(first: number, count: number): void {
  storms('through any storm a group agrees on its work, and everybody is told of it once', {
    ...{ first, count, expected, plan: planWork, run: runWork },
  })
}
