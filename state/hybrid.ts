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
  /** A new moment, later than every moment given or witnessed, and later than `after`. */
  next(after?: HybridTime): HybridTime
  /** Takes note of somebody else's moment. */
  witness(at: HybridTime): void
}

/** Makes a hybrid clock over a wall clock in milliseconds since 1970. */
export function createHybridClock(now: () => number): HybridClock {
  let last = 0
  return {
    next(after = 0) {
      last = Math.max(last + 1, Math.floor(now()) * ticksPerMs, after + 1)
      return last
    },
    witness(at) {
      if (at <= (now() + aheadMaxMs) * ticksPerMs) last = Math.max(last, at)
    },
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
