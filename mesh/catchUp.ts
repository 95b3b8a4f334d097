import type { Clock } from './clock.ts'
import type { Link } from './link.ts'

/** How often it is looked whether a link that lost frames has room again. */
const lookMs = 250
/** At most one comparison in this time is owed to frames that were lost. */
const spacingMs = 1_000
/** Buffered bytes up to which a link counts as having caught up: what follows soon arrives. */
const drainedBytes = 131_072

/** Makes links whole that were too slow for live frames, as soon as they have room again. */
export interface CatchUp {
  /** From now on what this link loses is made good. */
  linked(link: Link): void
  ended(link: Link): void
  stop(): void
}

/**
 * Waits for a link that lost frames to drain and calls `compare` once for all of them, rather than
 * leaving them to the regular comparison. Idle while nothing is lost.
 */
export function createCatchUp(clock: Clock, compare: (link: Link) => void): CatchUp {
  const cancelByLink = new Map<Link, () => void>()
  const comparedMsByLink = new WeakMap<Link, number>()

  function lookLater(link: Link): void {
    cancelByLink.set(
      link,
      clock.after(lookMs, () => look(link)),
    )
  }

  function look(link: Link): void {
    const nowMs = clock.elapsed()
    const sinceMs = nowMs - (comparedMsByLink.get(link) ?? Number.NEGATIVE_INFINITY)
    if (link.bufferedBytes > drainedBytes || sinceMs < spacingMs) return lookLater(link)
    cancelByLink.delete(link)
    comparedMsByLink.set(link, nowMs)
    compare(link)
  }

  function ended(link: Link): void {
    cancelByLink.get(link)?.()
    cancelByLink.delete(link)
  }

  return {
    ended,

    linked(link) {
      link.dropped.listen(() => {
        if (!cancelByLink.has(link)) lookLater(link)
      })
    },

    stop() {
      for (const link of [...cancelByLink.keys()]) ended(link)
    },
  }
}
