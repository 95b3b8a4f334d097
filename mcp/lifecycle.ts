import { type Clock, every } from '../mesh/clock.ts'

/** The goodbye may take this long; then the process ends all the same. */
const goodbyeMs = 90
/** How often it is looked whether the client that started this process still lives. */
const watchdogMs = 1_000

/** Everything that ends this process leads through `leave`. */
export interface Lifecycle {
  /** Says goodbye and ends the process; the first call decides. */
  leave(reason: string, exitCode?: number): void
  /** What is done before the end. At most one. */
  onLeave(goodbye: (reason: string) => Promise<void>): void
}

/**
 * Watches for every way in which a session ends: its input ends, a signal comes, its parent is gone,
 * or something nobody expected is thrown. `report` hears of the latter.
 */
export function createLifecycle(
  running: NodeJS.Process,
  clock: Clock,
  report: (event: string, thrown: unknown) => void,
): Lifecycle {
  let goodbye: (reason: string) => Promise<void> = async () => {}
  let isLeaving = false

  function leave(reason: string, exitCode = 0): void {
    if (isLeaving) return
    isLeaving = true
    clock.after(goodbyeMs, () => process.exit(exitCode))
    goodbye(reason)
      .catch((thrown: unknown) => report('goodbye_failed', thrown))
      .finally(() => process.exit(exitCode))
  }

  const parent = running.ppid
  running.stdin.once('end', () => leave('stdin ended'))
  running.stdin.once('close', () => leave('stdin closed'))
  running.stdin.on('error', () => leave('stdin failed'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    running.on(signal, () => leave(signal))
  }
  // No event tells of a parent's death when it leaves a copy of our input open elsewhere.
  every(clock, watchdogMs, () => {
    if (running.ppid !== parent) leave('the client is gone')
  })
  running.on('unhandledRejection', (thrown) => report('unhandled_rejection', thrown))
  running.on('uncaughtException', (thrown) => {
    report('uncaught_exception', thrown)
    leave('an unexpected failure', 1)
  })

  return {
    leave,
    onLeave(given) {
      goodbye = given
    },
  }
}
