import { systemClock } from '../mesh/clock.ts'
import { environmentOf } from '../mesh/environment.ts'
import { createLifecycle } from './lifecycle.ts'
import { claimStdout } from './stdout.ts'

/** Runs the MCP server on stdio until the client leaves. Nothing heavy loads before stdout is guarded. */
export async function runServer(): Promise<void> {
  const writeLog = (line: string) => void process.stderr.write(line)
  const lifecycle = createLifecycle(process, systemClock, (event, thrown) => {
    const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    writeLog(`${JSON.stringify({ level: 'error', event, thrown: what })}\n`)
  })
  const output = claimStdout(process, (reason) => lifecycle.leave(reason))
  const { serve } = await import('./server.ts')
  await serve(
    { input: process.stdin, output, clock: systemClock, lifecycle, writeLog },
    environmentOf(process),
  )
}
