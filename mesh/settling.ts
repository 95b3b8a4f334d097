import { pause } from './clock.ts'
import type { Core } from './core.ts'
import type { Exchange } from './exchange.ts'

/** A start waits at most this long for those who are already there. */
const settleMs = 1_500

/** The wait of a newcomer for those who are already there. */
export interface Settling {
  /** Resolves when nobody is `pending` and every link has answered, at the latest after a while. */
  wait(pending: () => number): Promise<void>
  /** Something that the wait may be for has happened. */
  progressed(): void
}

/** Makes the wait of a node. */
export function createSettling(core: Core, exchange: Exchange): Settling {
  let onProgress = () => {}
  core.changed.listen(() => onProgress())
  exchange.handled.listen(() => onProgress())

  return {
    progressed: () => onProgress(),

    async wait(pending) {
      const done = new AbortController()
      onProgress = () => {
        if (pending() === 0 && exchange.isSynced()) done.abort()
      }
      onProgress()
      await pause(core.clock, settleMs, done.signal)
      onProgress = () => {}
    },
  }
}
