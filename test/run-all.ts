import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildIsStale } from './stale.ts'

/** One thing that has to hold: a name for people and a command of node_modules/.bin. */
interface Part {
  readonly name: string
  readonly command: string
}

/** What vitest counted, in all its projects together. */
interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** A test file as vitest reports it. */
interface TestFile {
  readonly status: string
  readonly assertionResults: readonly { readonly status: string }[]
}

const build: Part = { name: 'build', command: 'vite build --logLevel warn' }

/** The checks that are not tests, cheapest first. */
const checks: readonly Part[] = [
  { name: 'format and lint', command: 'biome check --error-on-warnings' },
  { name: 'types', command: 'tsc' },
  {
    name: 'page types',
    command: 'svelte-check --tsconfig dashboard/tsconfig.json --fail-on-warnings',
  },
  { name: 'unused code', command: 'knip' },
  { name: 'package', command: 'publint --strict' },
]

/** The vitest projects; each reports its counts into a file. The house test is among the units. */
const projects = ['unit', 'runes', 'sim', 'wire', 'lan']

const asked = process.argv.slice(2)
const reports = mkdtempSync(join(tmpdir(), 'mesh-tests-'))
const started = performance.now()
try {
  await runAll()
} finally {
  rmSync(reports, { recursive: true, force: true })
}

/** Runs everything even when a part fails, so that one run tells all there is to fix. */
async function runAll(): Promise<void> {
  const parts = [...(asked.includes('build') || buildIsStale() ? [build] : []), ...checks]
  const failed: string[] = []
  for (const part of parts) if (!(await run(part))) failed.push(part.name)
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const project of projects) {
    const report = join(reports, `${project}.json`)
    const reporters = `--reporter=default --reporter=json --outputFile.json=${report}`
    const command = `vitest run --passWithNoTests --project ${project} ${reporters}`
    if (!(await run({ name: `${project} tests`, command }))) failed.push(`${project} tests`)
    count(report, counts)
  }
  console.log(`\nAll parts took ${seconds(started)}.`)
  if (failed.length > 0) console.log(`These parts failed: ${failed.join(', ')}.`)
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
  process.exitCode = failed.length > 0 || counts.failed > 0 ? 1 : 0
}

/** Runs one part with its output streamed; whether it succeeded. npm puts node_modules/.bin in PATH. */
async function run({ name, command }: Part): Promise<boolean> {
  console.log(`\n> ${name}: ${command}`)
  const since = performance.now()
  const child = spawn(command, { stdio: ['ignore', 'inherit', 'inherit'], shell: true })
  const code = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (exit) => resolve(exit ?? 1))
  })
  console.log(`> ${name} ${code === 0 ? 'passed' : 'failed'} in ${seconds(since)}`)
  return code === 0
}

/**
 * Adds up a report. A file that broke before its first test counts as one failure. A project that
 * could not even start wrote no report; its part has failed already.
 */
function count(report: string, counts: Counts): void {
  if (!existsSync(report)) return
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  const files: readonly TestFile[] = testResults
  counts.passed += numPassedTests
  counts.failed += numFailedTests + files.filter(isBroken).length
  counts.skipped += numPendingTests + numTodoTests
}

function isBroken({ status, assertionResults }: TestFile): boolean {
  return status === 'failed' && assertionResults.every((test) => test.status !== 'failed')
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`
}
