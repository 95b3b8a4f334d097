/** Fewest characters of an ID that are shown; more when others begin the same. */
const shownMin = 8

/**
 * The shortest beginning of at least 8 characters that no other of these IDs shares: what a person
 * or an agent reads and gives back. IDs made within a second begin alike, so that few stay short.
 * `wanted`: those that are to be shown, when they are not all.
 */
export function shortIds<Id extends string>(
  ids: Iterable<Id>,
  wanted?: Iterable<Id>,
): ReadonlyMap<Id, string> {
  const shown = wanted && new Set(wanted)
  // What begins differently cannot make an ID longer, and sorting all of them takes long.
  const starts = shown && new Set([...shown].map(startOf))
  const near = [...new Set(ids)].filter((id) => !starts || starts.has(startOf(id)))
  const sorted = near.sort()
  const short = new Map<Id, string>()
  for (const [index, id] of sorted.entries()) {
    if (shown && !shown.has(id)) continue
    const shared = Math.max(
      sharedLength(id, sorted[index - 1] ?? ''),
      sharedLength(id, sorted[index + 1] ?? ''),
    )
    short.set(id, id.slice(0, Math.max(shownMin, shared + 1)))
  }
  return short
}

function startOf(id: string): string {
  return id.slice(0, shownMin)
}

function sharedLength(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length += 1
  return length
}
