import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { type DeviceId, isPeerId, type PeerId, toBase32 } from './ids.ts'

/** The hand of a device: signs text with its Ed25519 key. */
export interface Signer {
  readonly device: DeviceId
  /** Raw public key, 32 bytes as base64url. */
  readonly key: string
  /** Ed25519 signature of the UTF-8 bytes, 64 bytes as base64url. */
  sign(text: string): string
}

/** Checks a signature made by `Signer.sign`. Never throws: rubbish is simply not valid. */
export type Verify = (key: string, text: string, signature: string) => boolean

/** DER header of a PKCS#8 Ed25519 private key, RFC 8410. */
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex')
/** DER header of an SPKI Ed25519 public key, RFC 8410. */
const spkiHeader = Buffer.from('302a300506032b6570032100', 'hex')

/** Public keys of devices seen lately, so that a key is parsed once. */
const publicKeysMax = 1_024

/** Makes a signer from the 32-byte Ed25519 seed. */
export function createSigner(seed: Uint8Array): Signer {
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Header, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const key = spki.subarray(spkiHeader.length).toString('base64url')
  return {
    device: deviceOf(key),
    key,
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
  }
}

/** What a signature is checked against. */
export interface Claim {
  readonly key: string
  readonly text: string
  readonly signature: string
}

/** Checks many signatures at once, on other cores where there are some. Answers in the same order. */
export type VerifyAll = (claims: readonly Claim[]) => Promise<readonly boolean[]>

/** Makes a verifier with its own cache of parsed keys. */
export function createVerifier(): Verify {
  const keyOf = createKeyCache()
  return (key, text, signature) => {
    try {
      return verify(null, Buffer.from(text), keyOf(key), Buffer.from(signature, 'base64url'))
    } catch {
      return false
    }
  }
}

/** Makes a verifier that leaves the work to the threads of the runtime. */
export function createVerifyAll(): VerifyAll {
  const keyOf = createKeyCache()
  const check = ({ key, text, signature }: Claim) =>
    new Promise<boolean>((resolve) => {
      const bytes = Buffer.from(signature, 'base64url')
      verify(null, Buffer.from(text), keyOf(key), bytes, (error, valid) => resolve(!error && valid))
    }).catch(() => false)
  return (claims) => Promise.all(claims.map(check))
}

function createKeyCache(): (key: string) => KeyObject {
  const keysByText = new Map<string, KeyObject>()
  return (key) => {
    const parsed = keysByText.get(key) ?? parseKey(key)
    if (keysByText.size >= publicKeysMax) keysByText.clear()
    keysByText.set(key, parsed)
    return parsed
  }
}

/** The ID of the device that holds the key. */
export function deviceOf(key: string): DeviceId {
  const digest = hash('sha256', Buffer.from(key, 'base64url'), 'buffer')
  return toBase32(digest) as DeviceId
}

/** Whether a peer lives on the device that holds the key. A shorter text is no peer: every device begins with ''. */
export function ownsPeer(device: DeviceId, peer: PeerId): boolean {
  return isPeerId(peer) && device.startsWith(peer.slice(0, 8))
}

/** SHA-256 of a text, base64url. */
export function hashText(text: string): string {
  return hash('sha256', text, 'base64url')
}

function parseKey(key: string): KeyObject {
  const raw = Buffer.from(key, 'base64url')
  if (raw.length !== 32) throw new Error('not an Ed25519 key')
  return createPublicKey({ key: Buffer.concat([spkiHeader, raw]), format: 'der', type: 'spki' })
}
