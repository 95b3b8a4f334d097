/** Messages that one peer may send to another at once. */
export const burstMax = 30
/** Messages per minute that it may go on sending. */
export const perMinute = 10
/** An identical text to the same peer within this time is the same message. */
export const repeatMs = 60_000

/** The answer of a brake. */
export type Brake =
  | { readonly kind: 'free' }
  | { readonly kind: 'repeat'; readonly id: string }
  | { readonly kind: 'braked'; readonly retryMs: number }

/** Keeps one session from flooding another: a token bucket per recipient, and a memory for repeats. */
export interface Brakes {
  /** Takes a token and remembers the text when it may go to a recipient now. */
  take(
    to: string,
    message: { readonly id: string; readonly text: string },
    elapsedMs: number,
  ): Brake
  /** The message came to nothing: its text may be tried again at once. */
  undo(to: string, id: string): void
}

/** The time in which one message is earned. Credit is counted in whole times, which add up exactly. */
const messageMs = 60_000 / perMinute
const creditMaxMs = burstMax * messageMs

interface Lane {
  creditMs: number
  filledMs: number
  recent: { id: string; text: string; atMs: number }[]
}

/** Makes brakes. All times are of a monotonic clock, in milliseconds. */
export function createBrakes(): Brakes {
  const lanes = new Map<string, Lane>()

  function lane(to: string, nowMs: number): Lane {
    const found = lanes.get(to) ?? { creditMs: creditMaxMs, filledMs: nowMs, recent: [] }
    lanes.set(to, found)
    found.creditMs = Math.min(creditMaxMs, found.creditMs + nowMs - found.filledMs)
    found.filledMs = nowMs
    found.recent = found.recent.filter(({ atMs }) => nowMs - atMs < repeatMs)
    return found
  }

  return {
    take(to, message, nowMs) {
      const found = lane(to, nowMs)
      const same = found.recent.find(({ text }) => text === message.text)
      if (same) return { kind: 'repeat', id: same.id }
      if (found.creditMs < messageMs) {
        return { kind: 'braked', retryMs: Math.ceil(messageMs - found.creditMs) }
      }
      found.creditMs -= messageMs
      found.recent.push({ ...message, atMs: nowMs })
      return { kind: 'free' }
    },
    undo(to, id) {
      const found = lanes.get(to)
      const kept = found?.recent.filter((message) => message.id !== id)
      if (!found || !kept || kept.length === found.recent.length) return
      found.recent = kept
      found.creditMs = Math.min(creditMaxMs, found.creditMs + messageMs)
    },
  }
}
