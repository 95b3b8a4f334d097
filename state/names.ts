import { z } from 'zod'
import type { HybridTime } from './hybrid.ts'
import { isPeerId, isUuid, type PeerId } from './ids.ts'
import type { Rec } from './records.ts'

/** What a name may look like. */
export const peerName = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/)

const nameClaim = z.object({
  name: peerName,
  /** Given by number, not chosen: renumbered when the peer moves. */
  auto: z.boolean(),
  /** Expired claims that this one steps over. */
  over: z.array(z.object({ peer: z.string().max(32), at: z.number() })).max(50),
})
/** What a peer writes under `name/<peer>` to be called something. */
export type NameClaim = z.infer<typeof nameClaim>

/** A claim with its writer and time. */
export interface Claim extends NameClaim {
  readonly peer: PeerId
  readonly at: HybridTime
}

/** Where the claim of a peer stands in a group document. */
export function nameKey(peer: PeerId): string {
  return `name/${peer}`
}

/**
 * Reads the claims among records, one for each peer; what does not parse is no claim, nor is what
 * stands elsewhere or wants a name that nobody may have.
 */
export function claimsOf(records: readonly Rec[]): readonly Claim[] {
  return records.flatMap((rec) => {
    const parsed = nameClaim.safeParse(rec.value)
    if (!parsed.success || rec.key !== nameKey(rec.by) || isReserved(parsed.data.name)) return []
    return [{ ...parsed.data, peer: rec.by, at: rec.at }]
  })
}

/**
 * Who is called what: the owner of a name is the earliest claim that no later claim to the same
 * name steps over. A pure function of the claims, so all replicas agree. Names differ in more
 * than case. Peers without a name of their own are absent.
 */
export function ownersOfNames(claims: readonly Claim[]): ReadonlyMap<PeerId, string> {
  const claimsByName = new Map<string, Claim[]>()
  for (const claim of claims) {
    const key = claim.name.toLowerCase()
    claimsByName.set(key, [...(claimsByName.get(key) ?? []), claim])
  }
  const names = new Map<PeerId, string>()
  for (const rivals of claimsByName.values()) {
    const standing = rivals.filter((claim) => !rivals.some((other) => stepsOver(other, claim)))
    const [owner] = standing.sort(byAge)
    if (owner) names.set(owner.peer, owner.name)
  }
  return names
}

/** The place of a claim among those that lost the same name: 0 for the first in line. */
export function rankAmongLosers(claims: readonly Claim[], peer: PeerId): number {
  const owners = ownersOfNames(claims)
  const mine = claims.find((claim) => claim.peer === peer)
  if (!mine) return 0
  return claims
    .filter((claim) => claim.name.toLowerCase() === mine.name.toLowerCase())
    .filter((claim) => !owners.has(claim.peer))
    .sort(byAge)
    .findIndex((claim) => claim.peer === peer)
}

/**
 * A free name: `stem-<number>`, the one after `skip` other free ones, beginning at `first`.
 * `taken` holds lower-case names.
 */
export function freeName(
  stem: string,
  taken: ReadonlySet<string>,
  { first = 1, skip = 0 }: { readonly first?: number; readonly skip?: number } = {},
): string {
  let left = skip
  for (let number = first; ; number += 1) {
    const suffix = `-${number}`
    const name = stem.slice(0, 32 - suffix.length) + suffix
    if (taken.has(name.toLowerCase())) continue
    if (left === 0) return name
    left -= 1
  }
}

/** Names that would be mistaken for something else. */
export function isReserved(name: string): boolean {
  const lower = name.toLowerCase()
  const isOperator = lower === 'operator' || lower.startsWith('operator-')
  return isOperator || lower === 'mesh' || isPeerId(lower) || isUuid(lower)
}

function stepsOver(claim: Claim, other: Claim): boolean {
  if (claim.at <= other.at || claim.peer === other.peer) return false
  return claim.over.some(({ peer, at }) => peer === other.peer && at === other.at)
}

function byAge(left: Claim, right: Claim): number {
  return left.at - right.at || (left.peer < right.peer ? -1 : 1)
}
