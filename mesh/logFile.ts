import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { systemClock } from './clock.ts'

/** Bytes at which a log file is put aside for a new one. */
export const logBytesMax = 10_000_000
/** Where it cannot be put aside, nothing more is written from this size on. */
const stuckBytesMax = 2 * logBytesMax
/** A lock of this age belongs to nobody, in milliseconds. */
const abandonedMs = 10_000

const { O_APPEND, O_CREAT, O_WRONLY } = constants
/** A pipe that nobody reads must not hold the process; Windows has no such flag. */
const flags = O_APPEND | O_CREAT | O_WRONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Makes the writer of a log file that only its owner may read, and that several processes share.
 * What cannot be written there goes to `instead`; nothing is thrown.
 *
 * 1. Each line is one write to the end of the file, so that lines of several processes do not mix.
 * 2. A file of 10 MB becomes `<path>.1`, in place of the one before; whoever still had it open
 *    notices by its size.
 */
export function createLogFile(
  path: string,
  instead: (line: string) => void,
  now: () => number = systemClock.now,
): (line: string) => void {
  let open: number | undefined

  /** The file that is to be written to; throws what the system does. */
  function current(): number {
    open ??= openSync(path, flags, 0o600)
    if (fstatSync(open).size < logBytesMax) return open
    reopen()
    if (fstatSync(open).size < logBytesMax) return open
    alone(putAside)
    return open ?? openSync(path, flags, 0o600)
  }

  /** Does it unless another process is at it: of two that put aside, the second would lose what the first did. */
  function alone(work: () => void): void {
    const lock = `${path}.lock`
    try {
      closeSync(openSync(lock, 'wx', 0o600))
    } catch {
      // Whoever died in the middle holds it no longer.
      const found = statSync(lock, { throwIfNoEntry: false })
      if (found && now() - found.mtimeMs > abandonedMs) rmSync(lock, { force: true })
      return
    }
    try {
      work()
    } finally {
      rmSync(lock, { force: true })
    }
  }

  function reopen(): void {
    if (open !== undefined) closeSync(open)
    open = undefined
    open = openSync(path, flags, 0o600)
  }

  function putAside(): void {
    // Somebody else may have been faster, and the new file is none to be put aside.
    if (open === undefined || statSync(path).ino !== fstatSync(open).ino) return
    try {
      renameSync(path, `${path}.1`)
      reopen()
    } catch (thrown) {
      if (open === undefined || fstatSync(open).size >= stuckBytesMax) throw thrown
    }
  }

  return (line) => {
    try {
      writeSync(current(), line)
    } catch {
      instead(line)
    }
  }
}
