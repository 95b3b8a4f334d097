import { describe, expect, it } from 'vitest'
import { card, chosenStatus, summaryMax } from '../../../state/peers.ts'

const whole = {
  cwd: '/somewhere',
  host: 'machine',
  repo: null,
  remote: null,
  branch: null,
  summary: 'x'.repeat(summaryMax),
  left: null,
}

describe('peers', () => {
  it('choose among three states; idle and offline are found by others', () => {
    expect(chosenStatus.options).toEqual(['online', 'away', 'busy'])
    for (const status of ['idle', 'offline', 'Online', '', '__proto__']) {
      expect(chosenStatus.safeParse(status).success).toBe(false)
    }
  })

  it('publish a card', () => {
    expect(summaryMax).toBe(500)
    expect(card.parse(whole)).toEqual(whole)
    const more = { repo: '/somewhere/.git', remote: 'host/repo', branch: 'main', left: 7 }
    expect(card.parse({ ...whole, ...more })).toEqual({ ...whole, ...more })
  })

  it.each<[string, object]>([
    ['a summary that is too long', { summary: 'x'.repeat(501) }],
    ['no summary', { summary: undefined }],
    ['a directory that is too long', { cwd: 'x'.repeat(1_025) }],
    ['a machine without a name', { host: null }],
    ['a goodbye at no time', { left: Number.NaN }],
    ['a goodbye at an endless time', { left: Number.POSITIVE_INFINITY }],
    ['a goodbye in words', { left: 'yesterday' }],
  ])('a card with %s is none', (_name, different) => {
    expect(card.safeParse({ ...whole, ...different }).success).toBe(false)
  })

  it('a card holds nothing but what a card holds', () => {
    const text = JSON.stringify(whole)
    const parsed = card.parse(JSON.parse(`{"__proto__":{"trusted":true},"more":1,${text.slice(1)}`))
    expect(parsed).toEqual(whole)
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
  })
})
