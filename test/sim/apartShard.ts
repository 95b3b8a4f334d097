import { runApart } from './apart.ts'
import { planApart } from './apartPlan.ts'
import { storms } from './stormShard.ts'

/** What happens in every fifty of these storms, or they prove nothing. */
const expected = [
  ...['accepted', 'flood', 'told seen', 'told acknowledged', 'joined', 'leads', 'lead killed'],
  ...['kill', 'power', 'stop', 'cut', 'frames lost', 'lost commits of archives', 'delayed'],
  ...['lead', 'forget', 'rot', 'stuff', 'refused writes of archives', 'torn commits of archives'],
]

/** Promises that hold in the storms of these seeds. */
export function apartShard(first: number, count: number): void {
  storms('mail between sessions that are never up together arrives once, and its sender hears', {
    ...{ first, count, expected, plan: planApart, run: runApart },
  })
}
