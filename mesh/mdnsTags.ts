import { createHmac, hkdfSync } from 'node:crypto'
import type { Keyring } from './keyring.ts'

const dayMs = 86_400_000
/** Epochs whose tags are known; an older key was replaced long ago. */
const epochsMax = 16

/** The tags by which those who hold one mesh key recognise each other, and nobody else does. */
export interface MdnsTags {
  /** What we announce: today's tag of our newest key. */
  own(): string
  /** Whether a tag was made with a key of ours, yesterday, today or tomorrow by our clock. */
  knows(tag: string): boolean
}

/**
 * Makes the tags of a keyring, which is asked anew each time. A tag is the beginning of an
 * HMAC-SHA256 over the number of the UTC day; it changes daily, so that a mesh cannot be followed
 * from place to place, and proves nothing: whoever hears it can repeat it.
 */
export function createMdnsTags(keyring: () => Keyring, now: () => number): MdnsTags {
  const tagsByKey = new WeakMap<Uint8Array, { readonly day: number; readonly tags: string[] }>()

  /** Of yesterday, today and tomorrow. Remembered, so that a flood of packets costs no cryptography. */
  function tagsOf(key: Uint8Array): readonly string[] {
    const day = Math.floor(now() / dayMs)
    const known = tagsByKey.get(key)
    if (known?.day === day) return known.tags
    const tags = [day - 1, day, day + 1].map((each) => tagOf(key, each))
    tagsByKey.set(key, { day, tags })
    return tags
  }

  return {
    own() {
      const { key, epoch } = keyring()
      const newest = key(epoch)
      return (newest && tagsOf(newest)[1]) ?? ''
    },
    knows(tag) {
      const { key, epoch } = keyring()
      for (let each = epoch; each > Math.max(0, epoch - epochsMax); each -= 1) {
        const held = key(each)
        if (held && tagsOf(held).includes(tag)) return true
      }
      return false
    },
  }
}

function tagOf(key: Uint8Array, day: number): string {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'mesh mdns v1', 32))
  return createHmac('sha256', derived).update(String(day)).digest('hex').slice(0, 16)
}
