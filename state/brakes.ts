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

interface Lane {
  tokens: number
  filledMs: number
  recent: { id: string; text: string; atMs: number }[]
}

/** Makes brakes. All times are of a monotonic clock, in milliseconds. */
export function createBrakes(): Brakes {
  const lanes = new Map<string, Lane>()

  function lane(to: string, nowMs: number): Lane {
    const found = lanes.get(to) ?? { tokens: burstMax, filledMs: nowMs, recent: [] }
    lanes.set(to, found)
    found.tokens = Math.min(
      burstMax,
      found.tokens + ((nowMs - found.filledMs) * perMinute) / 60_000,
    )
    found.filledMs = nowMs
    found.recent = found.recent.filter(({ atMs }) => nowMs - atMs < repeatMs)
    return found
  }

  return {
    take(to, message, nowMs) {
      const found = lane(to, nowMs)
      const same = found.recent.find(({ text }) => text === message.text)
      if (same) return { kind: 'repeat', id: same.id }
      if (found.tokens < 1) {
        return { kind: 'braked', retryMs: Math.ceil(((1 - found.tokens) * 60_000) / perMinute) }
      }
      found.tokens -= 1
      found.recent.push({ ...message, atMs: nowMs })
      return { kind: 'free' }
    },
    undo(to, id) {
      const found = lanes.get(to)
      if (found) found.recent = found.recent.filter((message) => message.id !== id)
    },
  }
}
