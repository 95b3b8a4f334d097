/** Texts that are kept to be shared; beyond that all are let go, and sharing begins anew. */
const textsMax = 4_096

/** Answers a text equal to the given one: the same in memory each time, so that one is kept. */
type Sharing = (text: string) => string

/** Makes a sharing for texts of which there are few, in many places. */
export function createSharing(): Sharing {
  const known = new Map<string, string>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= textsMax) known.clear()
    known.set(text, text)
    return text
  }
}
