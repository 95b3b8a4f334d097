import { planStorm, shrink, writePlan } from '../sim/plan.ts'
import { type Counts, runStorm } from '../sim/storm.ts'

/** Runs that finding the smallest failing storm may take. */
const shrinkRuns = 200

/** `npm run soak -- [minutes] [first seed]`: new storms until the time is over, every failure printed. */
const [minutes = '10', first = String(Date.now() % 1_000_000_000)] = process.argv.slice(2)
const endMs = performance.now() + Number(minutes) * 60_000
const counts: Counts = {}
const failing: number[] = []
let toldMs = performance.now()
let seed = Number(first)
let storms = 0
for (; performance.now() < endMs; seed += 1, storms += 1) {
  await runSeed(seed)
  if (performance.now() - toldMs < 30_000) continue
  toldMs = performance.now()
  report()
}
report()
console.log(`Failing seeds: ${failing.join(', ') || 'none'}`)
process.exitCode = failing.length > 0 ? 1 : 0

async function runSeed(seed: number): Promise<void> {
  const plan = planStorm(seed)
  const outcome = await runStorm(plan)
  for (const [name, amount] of Object.entries(outcome.counts)) {
    counts[name] = (counts[name] ?? 0) + amount
  }
  if (outcome.faults.length === 0) return
  failing.push(seed)
  console.log(`\nSeed ${seed} fails:\n${outcome.faults.slice(0, 10).join('\n')}`)
  const fails = async (smaller: typeof plan) => (await runStorm(smaller)).faults.length > 0
  const smallest = await shrink(plan, fails, shrinkRuns)
  const { faults } = await runStorm(smallest)
  console.log(`Its smallest storm:\n${writePlan(smallest)}\n${faults.slice(0, 5).join('\n')}`)
}

function report(): void {
  const told = Object.entries(counts)
    .sort()
    .map(([name, amount]) => `${name} ${amount}`)
  console.log(`\n${storms} storms up to seed ${seed}: ${told.join(', ')}`)
}
