import type { Document } from '../state/document.ts'
import { MeshError } from '../state/errors.ts'
import { groupDocument } from '../state/groups.ts'
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
  /** The name that we chose among those whom we saw at that place; undefined for a number. */
  chosenAt(circle: string): string | undefined
  /** Claims a chosen name. Fails with NAME_TAKEN or BAD_INPUT. Answers the name as written. */
  claim(batch: Batch, name: string): string
  /** Whether `settle` would change something. */
  isUnsettled(): boolean
}

/** What a document says of names. */
interface Read {
  readonly claims: readonly Claim[]
  readonly owners: ReadonlyMap<PeerId, string>
}

/** Makes the naming of a node. Names are unique among those who see each other. */
export function createNames(core: Core, deps: NameDeps): Names {
  /** Read once for each document that holds names. */
  const readByDocument = new Map<Document, Read>()
  core.changed.listen(({ document, keys }) => {
    if (keys.some((key) => key.startsWith('name/'))) readByDocument.delete(document)
  })

  function read(document: Document): Read {
    const known = readByDocument.get(document)
    if (known) return known
    const claims = claimsOf(document.list('name/'))
    const fresh = { claims, owners: ownersOfNames(claims) }
    readByDocument.set(document, fresh)
    return fresh
  }

  function view(): Read {
    return read(core.faces)
  }

  /** The last sign of life that we know of, by our clock. */
  function lastSignMs(claim: Claim): number {
    const cardAt = core.faces.get(`card/${claim.peer}`)?.at ?? 0
    return Math.max(deps.lastSeenMs(claim.peer) ?? 0, hybridToMs(Math.max(claim.at, cardAt)))
  }

  function isExpired(claim: Claim): boolean {
    const isHere = deps.isOnline(claim.peer) && core.facesOf(claim.peer) === core.faces
    if (claim.peer === core.peer || isHere) return false
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
    core.faces.put(batch, [{ key: nameKey(core.peer), value, after }])
    return name
  }

  function mine(): Claim | undefined {
    return view().claims.find((claim) => claim.peer === core.peer)
  }

  return {
    of(peer) {
      const operator = core.operators().get(peer)
      if (!operator) {
        const document = core.facesOf(peer)
        return (document && read(document).owners.get(peer)) ?? peer
      }
      return operator.device === core.signer.device ? 'operator' : operatorName(operator)
    },
    isUnsettled: () => !view().owners.has(core.peer),

    chosenAt(circle) {
      const document = core.document(groupDocument(circle))
      const claim = document && read(document).claims.find(({ peer }) => peer === core.peer)
      return claim && !claim.auto ? claim.name : undefined
    },

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
