import { describe, expect, it } from 'vitest'
import { createSharing } from '../../../state/sharing.ts'

describe('the sharing of texts', () => {
  it('answers what it was asked, also after more than it keeps', () => {
    const share = createSharing()
    for (let number = 0; number < 10_000; number += 1) {
      expect(share(`writer ${number % 5_000}`)).toBe(`writer ${number % 5_000}`)
    }
  })
})
