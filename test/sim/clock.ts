import type { Clock } from '../../mesh/clock.ts'
import type { Scheduler } from './world.ts'

/** When simulated worlds begin: milliseconds since 1970. */
const beganMs = Date.UTC(2026, 0)

/** How a clock differs from the time of its world. */
export interface ClockSettings {
  /** How far the wall clock is from the truth. */
  readonly skewMs?: () => number
  /** The process that owns it is gone: nothing calls back any more. */
  readonly isDead?: () => boolean
}

/** The clock that a process of a simulated world is handed; it begins to run with it. */
export function createSimulatedClock(
  world: Pick<Scheduler, 'elapsed' | 'after' | 'chance'>,
  { skewMs = () => 0, isDead = () => false }: ClockSettings = {},
): Clock {
  const bornMs = world.elapsed()
  return {
    now: () => Math.floor(beganMs + world.elapsed() + skewMs()),
    elapsed: () => world.elapsed() - bornMs,
    // As with the system's timers, nothing happens earlier than a millisecond from now.
    after: (ms, callback) => world.after(Math.max(1, ms), () => isDead() || callback()),
    random: (count) => Uint8Array.from({ length: count }, () => Math.floor(256 * world.chance())),
  }
}
