import { MeshError } from '../state/errors.ts'
import { hybridToMs, msToHybrid } from '../state/hybrid.ts'
import type { PeerId } from '../state/ids.ts'
import type { Batch } from '../state/ledger.ts'
import {
  type Claim,
  claimsOf,
  freeName,
  isReserved,
  type NameClaim,
  nameKey,
  ownersOfNames,
  peerName,
  rankAmongLosers,
} from '../state/names.ts'
import { operatorName } from '../state/operators.ts'
import type { Core } from './core.ts'

/** An automatic name is free again this long after its peer left, a chosen one after the second. */
const expiryMs = { auto: 300_000, chosen: 30 * 86_400_000 } as const

/** What naming asks about other peers. */
export interface NameDeps {
  readonly isOnline: (peer: PeerId) => boolean
  readonly lastSeenMs: (peer: PeerId) => number | undefined
}

/** Who is called what in our group. */
export interface Names {
  /** The present name of a peer, its ID when it has none. */
  of(peer: PeerId): string
  /** Puts a first claim, or the next when ours was lost, into the batch. Answers the new name, undefined when ours stands. */
  settle(batch: Batch, wish?: string): string | undefined
  /** Claims a chosen name. Fails with NAME_TAKEN or BAD_INPUT. Answers the name as written. */
  claim(batch: Batch, name: string): string
  /** Whether `settle` would change something. */
  isUnsettled(): boolean
}

/** Makes the naming of a node over its group's document. */
export function createNames(core: Core, deps: NameDeps): Names {
  let cached: { claims: readonly Claim[]; owners: ReadonlyMap<PeerId, string> } | undefined
  core.changed.listen(({ document, keys }) => {
    if (document === core.group && keys.some((key) => key.startsWith('name/'))) cached = undefined
  })

  function view() {
    if (!cached) {
      const claims = claimsOf(core.group.list('name/'))
      cached = { claims, owners: ownersOfNames(claims) }
    }
    return cached
  }

  /** The last sign of life that we know of, by our clock. */
  function lastSignMs(claim: Claim): number {
    const cardAt = core.group.get(`card/${claim.peer}`)?.at ?? 0
    return Math.max(deps.lastSeenMs(claim.peer) ?? 0, hybridToMs(Math.max(claim.at, cardAt)))
  }

  function isExpired(claim: Claim): boolean {
    if (claim.peer === core.peer || deps.isOnline(claim.peer)) return false
    const silentMs = core.clock.now() - lastSignMs(claim)
    return silentMs > (claim.auto ? expiryMs.auto : expiryMs.chosen)
  }

  /** Names that nobody else may take now, in lower case. */
  function takenNames(): Set<string> {
    const others = view().claims.filter((claim) => claim.peer !== core.peer && !isExpired(claim))
    return new Set(others.map((claim) => claim.name.toLowerCase()))
  }

  function put(batch: Batch, name: string, auto: boolean): string {
    const rivals = view().claims.filter(
      (claim) => claim.peer !== core.peer && claim.name.toLowerCase() === name.toLowerCase(),
    )
    const over = rivals.filter(isExpired).map(({ peer, at }) => ({ peer, at }))
    const value: NameClaim = { name, auto, over: over.slice(0, 50) }
    // Later than every claim it knows of, so that what it steps over is earlier.
    const after = Math.max(msToHybrid(0), ...rivals.map(({ at }) => at))
    core.group.put(batch, [{ key: nameKey(core.peer), value, after }])
    return name
  }

  function mine(): Claim | undefined {
    return view().claims.find((claim) => claim.peer === core.peer)
  }

  return {
    of(peer) {
      const operator = core.operators().get(peer)
      if (!operator) return view().owners.get(peer) ?? peer
      return operator.device === core.signer.device ? 'operator' : operatorName(operator)
    },
    isUnsettled: () => !view().owners.has(core.peer),

    settle(batch, wish) {
      const claim = mine()
      if (claim && view().owners.has(core.peer)) return undefined
      const taken = takenNames()
      const wanted = claim?.auto === false ? claim.name : wish
      if (wanted !== undefined && peerName.safeParse(wanted).success && !isReserved(wanted)) {
        const isFree = !taken.has(wanted.toLowerCase())
        return put(batch, isFree ? wanted : freeName(wanted, taken, { first: 2 }), false)
      }
      // The losers of one name line up, so that they do not all reach for the same next number.
      const skip = claim ? rankAmongLosers(view().claims, core.peer) : 0
      return put(batch, freeName('claude', taken, { skip }), true)
    },

    claim(batch, name) {
      if (!peerName.safeParse(name).success || isReserved(name)) {
        throw new MeshError('BAD_INPUT', 'That is not a possible name.', {
          hint: 'Use 1 to 32 letters, digits, "-" or "_"; not "operator", "mesh" or a peer ID.',
        })
      }
      const claim = mine()
      if (claim?.name === name && view().owners.has(core.peer)) return name
      if (takenNames().has(name.toLowerCase())) {
        const free = freeName(name, takenNames(), { first: 2 })
        throw new MeshError('NAME_TAKEN', `The name "${name}" is taken.`, {
          hint: `Choose another, for example "${free}".`,
        })
      }
      return put(batch, name, false)
    },
  }
}
