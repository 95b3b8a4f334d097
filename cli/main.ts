import { fileURLToPath } from 'node:url'

/** Exit code of a command that the user or the system interrupted. */
const interrupted = 130

// A client waits for its server: nothing may load before it.
if (process.argv.length === 3 && process.argv[2] === 'mcp') {
  const { runServer } = await import('../mcp/main.ts')
  // Only the lead of a device opens a door, so that nobody else loads it.
  await runServer(async (deps) => (await import('../dashboard/serve.ts')).serveDoor(deps))
} else {
  await runCommandLine()
}

/** Runs what was typed and ends the process, with everything printed. */
async function runCommandLine(): Promise<void> {
  const [{ createPrint }, { runCommand }, { environmentOf }] = await Promise.all([
    import('./print.ts'),
    import('./run.ts'),
    import('../mesh/environment.ts'),
  ])
  const ending = new AbortController()
  let forced: number | undefined

  function interrupt(): void {
    if (forced !== undefined) process.exit(forced)
    forced = interrupted
    ending.abort()
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  const print = createPrint(
    { out: process.stdout, error: process.stderr, variables: process.env },
    (code) => {
      forced = code
      ending.abort()
    },
  )
  const code = await runCommand(process.argv.slice(2), {
    environment: environmentOf(process),
    print,
    // The stream of the process is made only when a command reads it.
    get input() {
      return process.stdin
    },
    signal: ending.signal,
    program: fileURLToPath(import.meta.url),
    runtime: { path: process.execPath, flags: process.execArgv, version: process.versions.node },
  })
  await print.flush()
  process.exit(forced ?? code)
}
