import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPeerId, type PeerId } from '../../../state/ids.ts'
import {
  createSigner,
  createVerifier,
  deviceOf,
  hashText,
  ownsPeer,
} from '../../../state/signatures.ts'
import { person } from './people.ts'

const ada = person(1)
const bob = person(2)

describe('signatures', () => {
  it('a device is known by the fingerprint of its key, always the same for the same seed', () => {
    const again = createSigner(new Uint8Array(32).fill(1))
    expect(again.key).toBe(ada.signer.key)
    expect(deviceOf(ada.signer.key)).toBe(ada.signer.device)
    expect(ada.signer.device).toMatch(/^[0-9a-hjkmnp-tv-z]{52}$/)
    expect(ada.signer.device).not.toBe(bob.signer.device)
  })

  it('signs as RFC 8032 says', () => {
    const seed = Buffer.from(
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'hex',
    )
    const signer = createSigner(seed)
    expect(Buffer.from(signer.key, 'base64url').toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    )
    expect(Buffer.from(signer.sign(''), 'base64url').toString('hex')).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
        '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
  })

  it('what a device signed is valid, and nothing else is', () => {
    const verify = createVerifier()
    const { key, sign } = ada.signer
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, other) => {
        fc.pre(text !== other)
        expect(verify(key, text, sign(text))).toBe(true)
        expect(verify(key, other, sign(text))).toBe(false)
        expect(verify(bob.signer.key, text, sign(text))).toBe(false)
      }),
      { numRuns: 50 },
    )
  })

  it('rubbish is not valid, and never throws', () => {
    const verify = createVerifier()
    const { key, sign } = ada.signer
    const rubbish = fc.string({ unit: 'binary', maxLength: 100 })
    fc.assert(
      fc.property(rubbish, rubbish, (one, other) => {
        expect(verify(one, 'text', sign('text'))).toBe(false)
        expect(verify(key, 'text', other)).toBe(false)
        expect(verify(one, 'text', other)).toBe(false)
      }),
    )
  })

  it('more keys than it keeps do not confuse a verifier', () => {
    const verify = createVerifier()
    const { key, sign } = ada.signer
    const sig = sign('text')
    expect(verify(key, 'text', sig)).toBe(true)
    for (let number = 0; number < 2_100; number += 1) {
      const other = Buffer.alloc(32)
      other.writeUInt32LE(number)
      expect(verify(other.toString('base64url'), 'text', sig)).toBe(false)
    }
    expect(verify(key, 'text', sig)).toBe(true)
  })

  it('a device owns the peers that begin with its fingerprint', () => {
    expect(ownsPeer(ada.signer.device, ada.peer)).toBe(true)
    expect(ownsPeer(ada.signer.device, createPeerId(ada.signer.device, Buffer.alloc(5)))).toBe(true)
    expect(ownsPeer(ada.signer.device, bob.peer)).toBe(false)
  })

  it('a device does not own what is no peer at all', () => {
    const { device } = ada.signer
    for (const text of [
      '',
      device.slice(0, 1),
      device.slice(0, 8),
      `${device.slice(0, 8)}-`,
      device,
    ]) {
      expect(ownsPeer(device, text as PeerId)).toBe(false)
    }
  })

  it('a hash is the SHA-256 of the text', () => {
    expect(Buffer.from(hashText('abc'), 'base64url').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})
