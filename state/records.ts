import { z } from 'zod'
import { canonicalJson, isPlain } from './canonical.ts'
import type { HybridTime } from './hybrid.ts'
import type { NodeId, PeerId } from './ids.ts'
import { deviceOf, hashText, ownsPeer, type Signer, type Verify } from './signatures.ts'

/** Largest record: the canonical JSON of its value, in characters. */
export const recordCharactersMax = 32_768
/** Longest key of a record. */
const keyCharactersMax = 512

/**
 * What stands in a document's map: a plain value, who wrote it when, and the device's signature.
 * A Yjs update can bring an object with a prototype of its own making; that one is no record.
 */
const signedRecord = z.object({
  value: z.unknown(),
  by: z.string().max(32),
  node: z.string().max(32),
  at: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  /** Raw Ed25519 public key of the writer's device, base64url. */
  key: z.string().length(43),
  sig: z.string().length(86),
})
type SignedRecord = z.infer<typeof signedRecord>

/** A record that has been verified, under its key. */
export interface Rec {
  readonly key: string
  readonly value: unknown
  readonly by: PeerId
  readonly node: NodeId
  readonly at: HybridTime
  /** The public key of the device that signed. */
  readonly device: string
}

/** The last part of a key: the only peer that may write it. */
export function writerOf(key: string): PeerId {
  return key.slice(key.lastIndexOf('/') + 1) as PeerId
}

/** What stands in the map for a new record of ours. Throws RangeError when the value is too large. */
export function signRecord(document: string, rec: Omit<Rec, 'device'>, signer: Signer): object {
  const text = signedText(document, rec.key, rec)
  if (text.length > recordCharactersMax) throw new RangeError('The record is too large.')
  const { value, by, node, at } = rec
  return { value, by, node, at, key: signer.key, sig: signer.sign(text) }
}

/** Reads what stands in a map without checking the signature: for what our own disk gave back. */
export function readRecord(key: string, stored: unknown): Rec | undefined {
  if (typeof stored !== 'object' || stored === null || !isPlain(stored)) return undefined
  const parsed = signedRecord.safeParse(stored)
  if (!parsed.success || key.length > keyCharactersMax) return undefined
  return toRec(key, parsed.data)
}

/** Reads and verifies what a link brought: undefined when it is not this key's writer's word. */
export function verifyRecord(
  document: string,
  entry: readonly [key: string, stored: unknown],
  verify: Verify,
): Rec | undefined {
  const rec = readRecord(entry[0], entry[1])
  const parsed = signedRecord.safeParse(entry[1])
  if (!rec || !parsed.success || writerOf(rec.key) !== rec.by) return undefined
  if (!ownsPeer(deviceOf(rec.device), rec.by)) return undefined
  try {
    const text = signedText(document, rec.key, rec)
    if (text.length > recordCharactersMax) return undefined
    return verify(rec.device, text, parsed.data.sig) ? rec : undefined
  } catch {
    return undefined
  }
}

/** A fingerprint of whatever stands under a key, valid or not; for comparing documents. */
export function contentHash(key: string, stored: unknown): string {
  try {
    return hashText(`${key}\n${canonicalJson(stored)}`)
  } catch {
    return hashText(`${key}\nnot plain JSON`)
  }
}

function signedText(document: string, key: string, rec: Pick<Rec, 'value' | 'by' | 'node' | 'at'>) {
  return canonicalJson(['record', document, key, rec.value, rec.by, rec.node, rec.at])
}

function toRec(key: string, record: SignedRecord): Rec {
  return {
    key,
    value: record.value,
    by: record.by as PeerId,
    node: record.node as NodeId,
    at: record.at,
    device: record.key,
  }
}
