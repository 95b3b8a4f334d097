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
  const sorted = [...new Set(ids)].sort()
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

function sharedLength(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length += 1
  return length
}
