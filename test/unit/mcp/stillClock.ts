import type { Clock } from '../../../mesh/clock.ts'

/** A clock that stands still until it is moved. */
export interface StillClock extends Clock {
  /** Lets so many milliseconds pass, and everything happen that is due in them. */
  pass(ms: number): void
}

/** Makes a clock that stands at noon of some day. */
export function createStillClock(): StillClock {
  let elapsedMs = 0
  let waiting: { readonly atMs: number; readonly callback: () => void }[] = []
  return {
    now: () => 1_800_000_000_000 + elapsedMs,
    elapsed: () => elapsedMs,
    random: (count) => new Uint8Array(count),
    after(ms, callback) {
      const item = { atMs: elapsedMs + ms, callback }
      waiting.push(item)
      return () => {
        waiting = waiting.filter((other) => other !== item)
      }
    },
    pass(ms) {
      const endMs = elapsedMs + ms
      for (;;) {
        const [next] = waiting
          .filter(({ atMs }) => atMs <= endMs)
          .sort((left, right) => left.atMs - right.atMs)
        if (!next) break
        waiting = waiting.filter((item) => item !== next)
        elapsedMs = next.atMs
        next.callback()
      }
      elapsedMs = endMs
    },
  }
}
