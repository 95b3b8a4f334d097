/**
 * A moment of the hybrid logical clock (Kulkarni et al., 2014): milliseconds since 1970 times
 * 1,024 plus a counter. A safe integer until the year 2248; orders what follows from what.
 */
export type HybridTime = number

const ticksPerMs = 1_024
/** A remote moment further ahead than this is believed by nobody's clock. */
const aheadMaxMs = 60_000

/** Gives moments that never go back, whatever the wall clock does. */
export interface HybridClock {
  /**
   * A new moment, later than every moment of our own time given or witnessed, and later than
   * `after`, whatever that is; the clock itself follows `after` only as far as it would a witness.
   */
  next(after?: HybridTime): HybridTime
  /** Takes note of somebody else's moment. */
  witness(at: HybridTime): void
}

/** Makes a hybrid clock over a wall clock in milliseconds since 1970. */
export function createHybridClock(now: () => number): HybridClock {
  let last = 0

  function witness(at: HybridTime): void {
    if (at <= (now() + aheadMaxMs) * ticksPerMs) last = Math.max(last, at)
  }

  return {
    next(after = 0) {
      witness(after)
      last = Math.max(last + 1, Math.floor(now()) * ticksPerMs)
      // No record carries a moment beyond the last safe integer: there the older word is matched.
      return Math.max(last, Math.min(after + 1, Number.MAX_SAFE_INTEGER))
    },
    witness,
  }
}

/** Milliseconds since 1970 of a hybrid moment. */
export function hybridToMs(at: HybridTime): number {
  return Math.floor(at / ticksPerMs)
}

/** The first hybrid moment of a millisecond. */
export function msToHybrid(ms: number): HybridTime {
  return Math.floor(ms) * ticksPerMs
}

/** ISO 8601 UTC of a hybrid moment; the bounds keep a hostile one from throwing. */
export function hybridToIso(at: HybridTime): string {
  return new Date(Math.min(Math.max(hybridToMs(at), 0), 8.64e15)).toISOString()
}
