import { describe, expect, it } from 'vitest'
import { type Plan, planStorm, shrink, writePlan } from './plan.ts'
import { type Counts, type Outcome, runStorm } from './storm.ts'

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
  ...['tell', 'order', 'announce', 'attend', 'confirm', 'seen by operators'],
  ...['accepted for operators', 'accepted of operators', 'announced'],
  ...['leads', 'lead', 'lead killed', 'forget', 'rot', 'torn commits of archives'],
  ...['stuff', 'refused writes of archives', 'lost commits of archives'],
  ...['cable', 'shield', 'part', 'forwarded'],
]

/** Promises that hold in the storms of these seeds. */
export function stormShard(first: number, count: number): void {
  storms('through any storm every promise is kept', {
    ...{ first, count, expected, plan: planStorm, run: runStorm },
  })
}

/** One kind of storm, and which of its seeds. */
interface Storms<Some extends Plan<string>> {
  readonly first: number
  readonly count: number
  /** What has to have happened in them together. */
  readonly expected: readonly string[]
  readonly plan: (seed: number) => Some
  readonly run: (plan: Some) => Promise<Outcome>
}

/** A test for each storm, and one that they were storms. */
export function storms<Some extends Plan<string>>(promise: string, of: Storms<Some>): void {
  describe(promise, () => {
    const total: Counts = {}
    const seeds = Array.from({ length: of.count }, (_, index) => of.first + index)

    it.each(seeds)('seed %i', { timeout: timeoutMs }, async (seed) => {
      const plan = of.plan(seed)
      const { faults, counts } = await of.run(plan)
      for (const [name, amount] of Object.entries(counts)) {
        total[name] = (total[name] ?? 0) + amount
      }
      if (faults.length > 0) expect.fail(await explain(plan, of.run))
    })

    it('every fault really happened', () => {
      expect(of.expected.filter((name) => !total[name])).toEqual([])
    })
  })
}

/** A storm that was kept because it once failed. */
export function keptStorm(promise: string, plan: Plan): void {
  it(`${promise} (seed ${plan.seed})`, async () => {
    expect((await runStorm(plan)).faults).toEqual([])
  })
}

async function explain<Some extends Plan<string>>(
  plan: Some,
  run: (plan: Some) => Promise<Outcome>,
): Promise<string> {
  const fails = async (smaller: Some) => (await run(smaller)).faults.length > 0
  const smallest = await shrink(plan, fails, shrinkRuns)
  const { faults } = await run(smallest)
  return `${faults.slice(0, 8).join('\n')}\nThe smallest storm that fails:\n${writePlan(smallest)}`
}
