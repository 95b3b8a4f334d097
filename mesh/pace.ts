/** Dials under way at once to hosts that answer: at first, at least and at most. */
const window = { first: 4, least: 1, most: 8 } as const
/** Dials under way at once to hosts that have not answered yet, or no longer do. */
const unprovenMax = 2
/** A dial that fails later than this was not refused: nobody answered it in time. */
const silenceMs = 2_000
/** Hosts remembered. */
const hostsMax = 512

/**
 * How many dials may be under way at once.
 *
 * 1. Hosts that answer nothing hold up nobody but each other.
 * 2. When hosts that answer become slow, all dial less: many nodes that start at one moment on a busy
 *    machine would otherwise wait for each other until all give up, again and again. Each answer
 *    allows one more (additive increase, multiplicative decrease, as TCP does: RFC 5681).
 */
export interface Pace {
  mayDial(host: string): boolean
  begun(host: string): void
  ended(host: string, answer: { readonly isLinked: boolean; readonly tookMs: number }): void
}

/** Makes a pace that knows no host. */
export function createPace(): Pace {
  const proven = new Set<string>()
  const underWay: string[] = []
  let most: number = window.first

  return {
    mayDial(host) {
      const isProven = proven.has(host)
      const alike = underWay.filter((other) => proven.has(other) === isProven).length
      return alike < (isProven ? most : unprovenMax)
    },

    begun: (host) => void underWay.push(host),

    ended(host, { isLinked, tookMs }) {
      const index = underWay.indexOf(host)
      if (index >= 0) underWay.splice(index, 1)
      if (isLinked) {
        most = Math.min(window.most, most + 1)
        if (proven.size >= hostsMax) proven.clear()
        proven.add(host)
      } else if (tookMs >= silenceMs && proven.delete(host)) {
        most = Math.max(window.least, Math.floor(most / 2))
      }
    },
  }
}
