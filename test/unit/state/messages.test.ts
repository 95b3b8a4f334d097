import { describe, expect, it } from 'vitest'
import {
  context,
  deliveryState,
  hopsMax,
  messageBytesMax,
  peerScope,
  unreadMax,
  utf8Bytes,
} from '../../../state/messages.ts'

const whole = {
  branch: 'main',
  files: ['a', 'b', 'c', 'd', 'e'],
  summary: 'x'.repeat(500),
  cwd: '/somewhere',
}

describe('messages', () => {
  it('have the limits that are promised', () => {
    expect([messageBytesMax, unreadMax, hopsMax]).toEqual([64 * 1_024, 1_000, 20])
  })

  it('go from the sender’s disk to the recipient’s word', () => {
    expect(deliveryState.options).toEqual([
      'expired',
      'queued',
      'delivered',
      'shown',
      'seen',
      'acknowledged',
    ])
    expect(peerScope.options).toEqual(['mesh', 'machine', 'directory', 'repo'])
  })

  it.each([
    ['nothing', '', 0],
    ['a letter', 'a', 1],
    ['an accent', 'é', 2],
    ['Arabic', 'سلام', 8],
    ['an emoji', '😀', 4],
    ['half an emoji, which is sent as its replacement', '\ud83d', 3],
  ])('the length of %s is counted in bytes', (_name, text, bytes) => {
    expect(utf8Bytes(text)).toBe(bytes)
  })

  it('a context is what a sender may attach', () => {
    expect(context.parse(whole)).toEqual(whole)
    expect(context.safeParse({ ...whole, branch: null }).success).toBe(true)
  })

  it.each<[string, object]>([
    ['six files', { files: ['a', 'b', 'c', 'd', 'e', 'f'] }],
    ['a long summary', { summary: 'x'.repeat(501) }],
    ['a long file name', { files: ['x'.repeat(1_025)] }],
    ['a long directory', { cwd: 'x'.repeat(1_025) }],
    ['a long branch', { branch: 'x'.repeat(256) }],
    ['no branch, not even null', { branch: undefined }],
    ['files that are none', { files: [null] }],
  ])('a context with %s is refused', (_name, different) => {
    expect(context.safeParse({ ...whole, ...different }).success).toBe(false)
  })
})
