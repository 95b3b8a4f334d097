import { randomBytes } from 'node:crypto'

/** Time and chance, handed in so that a whole mesh can run inside one test. */
export interface Clock {
  /** Wall clock: milliseconds since 1970 UTC. May jump in either direction. */
  now(): number
  /** Milliseconds since some moment of this process; never jumps. */
  elapsed(): number
  /** Calls back once after `ms`; the answer cancels, idempotently. */
  after(ms: number, callback: () => void): () => void
  /** `count` random bytes, fit for keys. */
  random(count: number): Uint8Array
}

/** A timer of Node holds 31 bits; one that is asked for more ends after 1 ms. */
const timerMsMax = 2 ** 31 - 1

/** The clock of the machine. Its timers keep the process alive only when nothing else does not. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, callback) {
    let timer: NodeJS.Timeout
    wait(ms)
    return () => clearTimeout(timer)

    function wait(leftMs: number): void {
      const partMs = Math.min(leftMs, timerMsMax)
      timer = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : callback()), partMs)
    }
  },
  random: (count) => new Uint8Array(randomBytes(count)),
}

/** Calls back every `ms` until stopped. */
export function every(clock: Clock, ms: number, callback: () => void): () => void {
  let cancel = clock.after(ms, tick)
  function tick(): void {
    cancel = clock.after(ms, tick)
    callback()
  }
  return () => cancel()
}

/** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const cancel = clock.after(ms, done)
    function done(): void {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
  })
}
