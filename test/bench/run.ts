import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureBoard } from './board.ts'
import { measureCatchUp } from './catchUp.ts'
import { measureCrowd } from './crowd.ts'
import { measureDiscovery } from './discovery.ts'
import { type Figure, table } from './figures.ts'
import { measureHundred } from './hundred.ts'
import { measureIdle, measureStart } from './idle.ts'
import { measureLatency } from './latency.ts'
import { measureLead } from './lead.ts'
import { measureSearch } from './search.ts'
import { measureThroughput } from './throughput.ts'
import { measureTogether } from './together.ts'

/** What can be measured, by the word that asks for it alone: `npm run bench -- latency`. */
const measures: Readonly<Record<string, (scratch: string) => Promise<Figure | Figure[]>>> = {
  latency: measureLatency,
  throughput: measureThroughput,
  crowd: measureCrowd,
  start: measureStart,
  idle: measureIdle,
  catchUp: measureCatchUp,
  lead: measureLead,
  discovery: measureDiscovery,
  hundred: measureHundred,
  search: measureSearch,
  board: measureBoard,
  together: measureTogether,
}

const asked = process.argv.slice(2)
const figures: Figure[] = []
const scratch = mkdtempSync(join(tmpdir(), 'mesh-bench-'))
try {
  await measureAll()
} catch (thrown) {
  console.error(thrown)
  process.exitCode = 1
}
report()

async function measureAll(): Promise<void> {
  for (const [name, measure] of Object.entries(measures)) {
    if (asked.length > 0 && !asked.includes(name)) continue
    const own = join(scratch, name)
    mkdirSync(own)
    console.log(`Measuring: ${name}`)
    figures.push(...[await measure(own)].flat())
  }
}

/** Prints what was measured, even when a later measure failed. */
function report(): void {
  const [cpu] = cpus()
  console.log(`\nNode ${process.version}, ${cpus().length} x ${cpu?.model.trim()}\n`)
  console.log(table(figures))
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  process.exit(process.exitCode ?? (figures.every(({ isMet }) => isMet) ? 0 : 1))
}
