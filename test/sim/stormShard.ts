import { describe, expect, it } from 'vitest'
import { type Plan, planStorm, shrink, writePlan } from './plan.ts'
import { type Counts, runStorm } from './storm.ts'

/** Storms that finding the smallest failing one may take. */
const shrinkRuns = 80
/** A failing storm is made smaller before it is reported, which takes a while. */
const timeoutMs = 180_000

/** What happens in every hundred storms, or the storms prove nothing. */
const expected = [
  ...['accepted', 'accepted broadcasts', 'acknowledged', 'listed', 'seen', 'repeats'],
  ...['kill', 'power', 'stop', 'joined', 'restore', 'tear', 'torn commits', 'lost commits'],
  ...['jump', 'fill', 'refused writes', 'refused STORE_FAILED', 'starts refused', 'flood'],
  ...['cut', 'partition', 'held', 'frames lost', 'duplicated', 'delayed', 'overtaken'],
  ...['name', 'refused NAME_TAKEN', 'summary', 'excused'],
]

/** Promises that hold in the storms of these seeds. */
export function stormShard(first: number, count: number): void {
  describe('through any storm every promise is kept', () => {
    const total: Counts = {}
    const seeds = Array.from({ length: count }, (_, index) => first + index)

    it.each(seeds)('seed %i', { timeout: timeoutMs }, async (seed) => {
      const plan = planStorm(seed)
      const { faults, counts } = await runStorm(plan)
      for (const [name, amount] of Object.entries(counts)) {
        total[name] = (total[name] ?? 0) + amount
      }
      if (faults.length > 0) expect.fail(await explain(plan))
    })

    it('every fault really happened', () => {
      expect(expected.filter((name) => !total[name])).toEqual([])
    })
  })
}

/** A storm that was kept because it once failed. */
export function keptStorm(promise: string, plan: Plan): void {
  it(`${promise} (seed ${plan.seed})`, async () => {
    expect((await runStorm(plan)).faults).toEqual([])
  })
}

async function explain(plan: Plan): Promise<string> {
  const fails = async (smaller: Plan) => (await runStorm(smaller)).faults.length > 0
  const smallest = await shrink(plan, fails, shrinkRuns)
  const { faults } = await runStorm(smallest)
  return `${faults.slice(0, 8).join('\n')}\nThe smallest storm that fails:\n${writePlan(smallest)}`
}
