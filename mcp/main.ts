import { systemClock } from '../mesh/clock.ts'
import { environmentOf } from '../mesh/environment.ts'
import type { OpenLeadDoor } from '../mesh/leadDoor.ts'
import { createLog, logWith } from '../mesh/log.ts'
import { createLogFile } from '../mesh/logFile.ts'
import { createLifecycle } from './lifecycle.ts'
import { claimStdout } from './stdout.ts'

/** Runs the MCP server on stdio until the client leaves. Nothing heavy loads before stdout is guarded. */
export async function runServer(openDoor: OpenLeadDoor): Promise<void> {
  const environment = environmentOf(process)
  const writeLog = createWriter(environment.variables['MESH_LOG_FILE'])
  const log = logWith(createLog('error', writeLog, systemClock.now), { pid: environment.pid })
  const lifecycle = createLifecycle(process, systemClock, (event, thrown) => {
    log.error(event, { thrown })
  })
  const output = claimStdout(process, (reason) => lifecycle.leave(reason))
  const { serve } = await import('./server.ts')
  await serve(
    { input: process.stdin, output, clock: systemClock, lifecycle, writeLog, openDoor },
    environment,
  )
}

/** Where lines of the log go: into the file that the user names, else to stderr. */
function createWriter(path: string | undefined): (line: string) => void {
  const toError = (line: string) => void process.stderr.write(line)
  return path ? createLogFile(path, toError) : toError
}
