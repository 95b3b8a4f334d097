import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createObjectId,
  createPeerId,
  type DeviceId,
  isPeerId,
  isUuid,
  toBase32,
  uuidTime,
  uuidV7,
} from '../../../state/ids.ts'
import { person } from './people.ts'

const latestMs = 2 ** 48 - 1
const moment = fc.integer({ min: 0, max: latestMs })
const chance = fc.uint8Array({ minLength: 10, maxLength: 10 })

describe('IDs', () => {
  it('base32 sorts like the bytes it stands for', () => {
    fc.assert(
      fc.property(chance, chance, (left, right) => {
        const expected = Math.sign(Buffer.compare(left, right))
        const [one, other] = [toBase32(left), toBase32(right)]
        expect(one < other ? -1 : Number(one > other)).toBe(expected)
      }),
    )
  })

  it.each([
    ['nothing', [], ''],
    ['one byte', [255], '7z'],
    ['five bytes', [255, 255, 255, 255, 255], 'zzzzzzzz'],
    ['zeros', [0, 0, 0, 0, 1], '00000001'],
  ])('base32 of %s is as published', (_name, bytes, text) => {
    expect(toBase32(new Uint8Array(bytes))).toBe(text)
  })

  it('an object ID has its form, and gives back the time it was made of', () => {
    fc.assert(
      fc.property(moment, chance, (ms, random) => {
        const id = createObjectId(ms, random)
        expect(isUuid(id)).toBe(true)
        expect(uuidTime(id)).toBe(ms)
      }),
    )
  })

  it('an ID sorts by its time, whatever the chance in it', () => {
    fc.assert(
      fc.property(moment, moment, chance, chance, (one, other, left, right) => {
        fc.pre(one !== other)
        expect(uuidV7(one, left) < uuidV7(other, right)).toBe(one < other)
      }),
    )
  })

  it('carries version 7 and the variant of RFC 9562', () => {
    const zeros = uuidV7(0, new Uint8Array(10))
    const ones = uuidV7(latestMs, new Uint8Array(10).fill(255))
    const bits = (id: string) =>
      [...id]
        .map((digit) => '0123456789abcdefghjkmnpqrstvwxyz'.indexOf(digit))
        .map((value) => value.toString(2).padStart(5, '0'))
        .join('')
        .slice(2)
    for (const id of [zeros, ones]) {
      expect(bits(id).slice(48, 52)).toBe('0111')
      expect(bits(id).slice(64, 66)).toBe('10')
    }
  })

  it('a clock before 1970 or between two milliseconds makes an ID all the same', () => {
    expect(uuidTime(uuidV7(-5, new Uint8Array(10)))).toBe(0)
    expect(uuidTime(uuidV7(1.9, new Uint8Array(10)))).toBe(1)
  })

  it('what is no ID has no time', () => {
    for (const text of ['', 'abc', 'zzzzzzzzzz', 'z'.repeat(26), 'u'.repeat(26), '../../../etc']) {
      expect(uuidTime(text)).toBe(0)
    }
  })

  it('a peer ID begins with its device and ends with chance', () => {
    const { device } = person(1).signer
    const peer = createPeerId(device, new Uint8Array(5).fill(255))
    expect(peer).toBe(`${device.slice(0, 8)}-zzzzzzzz`)
    expect(isPeerId(peer)).toBe(true)
  })

  it('texts that merely resemble an ID are none', () => {
    const { peer, node } = person(1)
    for (const text of ['', '-', `${peer} `, `${peer}\n`, peer.slice(1), peer.toUpperCase()]) {
      expect(isPeerId(text)).toBe(false)
    }
    expect(isPeerId(createPeerId('ilo' as DeviceId, new Uint8Array(5)))).toBe(false)
    for (const text of ['', `${node}\n`, node.slice(1), node.toUpperCase(), `8${node.slice(1)}`]) {
      expect(isUuid(text)).toBe(false)
    }
  })
})
