import { createHybridClock, type HybridClock } from '../../../state/hybrid.ts'
import { createPeerId, type NodeId, type PeerId, uuidV7 } from '../../../state/ids.ts'
import {
  createSigner,
  createVerifier,
  type Signer,
  type Verify,
} from '../../../state/signatures.ts'

/** A peer on a device of its own, with one running process. */
export interface Person {
  readonly signer: Signer
  readonly peer: PeerId
  readonly node: NodeId
}

/** One verifier for everybody: it keeps nothing but parsed keys. */
export const verify: Verify = createVerifier()

/** The moment at which most stories begin, in milliseconds since 1970. */
export const noonMs = 1_750_000_000_000

/** Always the same person for the same number, from 1 to 255. */
export function person(number: number): Person {
  const signer = createSigner(new Uint8Array(32).fill(number))
  return {
    signer,
    peer: createPeerId(signer.device, new Uint8Array(5).fill(number)),
    node: nodeOf(number),
  }
}

/** Another session of somebody's device. */
export function sibling(of: Person, number: number): Person {
  const peer = createPeerId(of.signer.device, new Uint8Array(5).fill(number))
  return { signer: of.signer, peer, node: nodeOf(number) }
}

/** A node ID for a number: the higher number is the newer process. */
export function nodeOf(number: number): NodeId {
  return uuidV7(noonMs + number, new Uint8Array(10).fill(number)) as NodeId
}

/** A hybrid clock over a wall clock that stands still until it is moved. */
export function stillClock(startMs = noonMs): { hybrid: HybridClock; move(ms: number): void } {
  let nowMs = startMs
  return {
    hybrid: createHybridClock(() => nowMs),
    move(ms) {
      nowMs += ms
    },
  }
}

/** The same items in every order in which they could be met, at most 720. */
export function orders<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, index) =>
    orders(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  )
}
