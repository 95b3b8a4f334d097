declare const brand: unique symbol

/** A string that says what it names, so that one kind of ID cannot be handed in for another. */
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** Fingerprint of a device key: SHA-256 of the raw Ed25519 public key, 52 characters of base32. */
export type DeviceId = Branded<'DeviceId'>
/** A durable seat: `<8 characters of the device ID>-<8 random characters>`. */
export type PeerId = Branded<'PeerId'>
/** One running process: a UUIDv7 in base32, 26 characters; sorts by the time of its start. */
export type NodeId = Branded<'NodeId'>
/** A message or another object made by a peer: a UUIDv7 in base32, 26 characters. */
export type ObjectId = Branded<'ObjectId'>

/** Crockford's base32 in lower case: sorts like the bytes it stands for. Source: crockford.com/base32. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Shortest prefix by which a person or an agent may name an object. */
export const idPrefixMin = 6

/** Writes bytes as base32, most significant bits first, zero bits padded in front. */
export function toBase32(bytes: Uint8Array): string {
  const characters = Math.ceil((bytes.length * 8) / 5)
  let bits = characters * 5 - bytes.length * 8
  let carry = 0
  let text = ''
  for (const byte of bytes) {
    carry = (carry << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(carry >>> bits) & 31]
    }
    carry &= (1 << bits) - 1
  }
  return text
}

/**
 * A UUIDv7 (RFC 9562, section 5.7) in base32, 26 characters.
 * @param milliseconds time since 1970, 48 bits
 * @param random at least 10 bytes
 */
export function uuidV7(milliseconds: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16)
  let rest = Math.max(0, Math.floor(milliseconds))
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes.set(random.subarray(0, 10), 6)
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return toBase32(bytes)
}

/** The time that a UUIDv7 in base32 carries, in milliseconds since 1970; 0 when it is none. */
export function uuidTime(id: string): number {
  if (!isUuid(id)) return 0
  let value = 0
  // The first ten characters hold 50 bits: two of padding and the 48 of the time.
  for (const character of id.slice(0, 10)) value = value * 32 + alphabet.indexOf(character)
  return value
}

const objectPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/
const peerPattern = /^[0-9a-hjkmnp-tv-z]{8}-[0-9a-hjkmnp-tv-z]{8}$/

/** Whether a text has the form of a node ID or of an object ID. */
export function isUuid(text: string): boolean {
  return objectPattern.test(text)
}

/** Whether a text has the form of a peer ID. */
export function isPeerId(text: string): text is PeerId {
  return peerPattern.test(text)
}

/** Makes a new peer ID of a device from 5 or more random bytes. */
export function createPeerId(device: DeviceId, random: Uint8Array): PeerId {
  return `${device.slice(0, 8)}-${toBase32(random.subarray(0, 5))}` as PeerId
}

/** Makes an object ID: `milliseconds` since 1970 and 10 random bytes. */
export function createObjectId(milliseconds: number, random: Uint8Array): ObjectId {
  return uuidV7(milliseconds, random) as ObjectId
}
