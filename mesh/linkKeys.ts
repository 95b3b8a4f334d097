import { createHash, hkdfSync } from 'node:crypto'
import { invariant } from '../state/errors.ts'
import type { Keyring } from './keyring.ts'

/** A mesh key as a TLS handshake uses it; the mesh key itself never leaves the keyring. */
export interface LinkKey {
  readonly identity: string
  readonly psk: Buffer
  readonly epoch: number
}

/** What a dial offers: the newest key. */
export function offerOf(ring: Keyring): LinkKey {
  const { epoch } = ring
  const offer = keyOf(ring, identityOf(ring, epoch))
  invariant(offer, 'a keyring holds the key of its newest epoch')
  return offer
}

/** The key that a dial named, if this keyring has it. The identity is a stranger's text until then. */
export function keyOf(ring: Keyring, identity: string): LinkKey | undefined {
  const epoch = Number(identity.split('.').at(-1))
  if (identity !== identityOf(ring, epoch)) return undefined
  const key = ring.key(epoch)
  const psk = key && Buffer.from(hkdfSync('sha256', key, '', 'mesh link v1', 32))
  return psk && { identity, psk, epoch }
}

function identityOf({ mesh }: Keyring, epoch: number): string {
  return `m1.${createHash('sha256').update(mesh).digest('hex').slice(0, 16)}.${epoch}`
}
