import type { FeedStore } from './feedStore.ts'
import type { Entry } from './feeds.ts'
import { type HybridTime, msToHybrid } from './hybrid.ts'
import type { ObjectId } from './ids.ts'

/** What is younger than this, in milliseconds, is kept. */
export const keepMs = 30 * 86_400_000
/** So many of the newest entries of each scope are kept, whatever their age. */
export const keepEntries = 10_000
/** Entries looked at in one go. */
const pageEntries = 500

/** What letting go asks. */
export interface RetentionDeps {
  readonly feeds: Pick<FeedStore, 'count' | 'oldest' | 'head' | 'range'>
  /** Milliseconds since 1970. */
  readonly now: number
  readonly isPinned: (id: ObjectId) => boolean
}

/**
 * The next entries of a scope that may be let go, the oldest first; nothing when all must stay.
 *
 * 1. Only what is older than 30 days, and not among the newest 10,000 of its scope, and not pinned.
 * 2. Behind every gap stands an entry older than 30 days: whoever meets the gap can tell by that
 *    one that everything before it was old as well, and need not believe anybody.
 */
export async function* outdated(
  scope: string,
  deps: RetentionDeps,
): AsyncGenerator<readonly Entry[]> {
  const { feeds, now } = deps
  const cutoff = msToHybrid(now - keepMs)
  let surplus = feeds.count(scope) - keepEntries
  for (let after: string | undefined; surplus > 0; ) {
    const query = { limit: Math.min(pageEntries, surplus), ...(after ? { after } : {}) }
    const page = await feeds.oldest(scope, query)
    const old = page.filter(({ entry }) => entry.at < cutoff)
    surplus -= page.length
    after = page.at(-1)?.place
    const kept = await Promise.all(old.map(({ entry }) => mustStay(entry, cutoff, deps)))
    yield old.flatMap(({ entry }, index) => (kept[index] ? [] : [entry]))
    if (old.length < page.length || page.length === 0) return
  }
}

async function mustStay(item: Entry, cutoff: HybridTime, deps: RetentionDeps): Promise<boolean> {
  const { feeds, isPinned } = deps
  if (isPinned(item.id) || item.seq >= feeds.head(item)) return true
  const [next] = await feeds.range(item, {
    from: item.seq + 1,
    to: feeds.head(item),
    bytesMax: 1,
  })
  return !next || next.at >= cutoff
}
