import { flushSync, mount, unmount } from 'svelte'
import { afterEach, describe, expect, it } from 'vitest'
import theme from '../../dashboard/src/theme.css?raw'
import Peers from '../../dashboard/src/views/Peers.svelte'
import type { Peer } from '../../state/peers.ts'

const nadia: Peer = {
  id: 'k3v9x2qa-7h4m1c8t',
  name: 'nadia',
  status: 'busy',
  online: true,
  group: 'lobby',
  cwd: '~/projects/shop',
  repo: 'shop',
  branch: 'checkout',
  summary: 'Rewrites the checkout',
  device: 'k3v9x2qa',
  files: [],
  wakeable: true,
  last_seen: '2026-01-02T03:04:05.000Z',
}
const omar: Peer = {
  ...nadia,
  id: 'b8d2f6wz-1n5p9r3s',
  name: 'omar',
  status: 'offline',
  branch: null,
}

let mounted: Record<string, unknown> | undefined

afterEach(async () => {
  if (mounted) await unmount(mounted)
  mounted = undefined
})

function show(peers: readonly Peer[], onselect?: (id: string) => void): HTMLElement {
  const props = onselect ? { peers, onselect } : { peers }
  document.body.replaceChildren()
  mounted = mount(Peers, { target: document.body, props })
  flushSync()
  return document.body
}

describe('the list of peers', () => {
  it('says what to do when nobody is there', () => {
    const page = show([])
    expect(page.textContent).toContain('Start Claude Code in another project')
    expect(page.querySelector('button')).toBeNull()
  })

  it('shows who is there, what they do and where', () => {
    const row = show([nadia]).querySelector('button')
    for (const text of [
      'busy',
      'nadia',
      'lobby',
      'Rewrites the checkout',
      'checkout',
      '~/projects/shop',
    ])
      expect(row?.textContent).toContain(text)
  })

  it('says presence in a word and not by colour alone', () => {
    const page = show([nadia, omar])
    const words = [...page.querySelectorAll('.presence')].map((node) => node.textContent?.trim())
    expect(words).toEqual(['busy', 'offline'])
  })

  it('leaves out a branch that does not exist', () => {
    expect(show([omar]).querySelector('.branch')).toBeNull()
  })

  it('shows what a peer wrote as text, never as markup', () => {
    const page = show([{ ...nadia, summary: '<b>bold</b>' }])
    expect(page.querySelector('b')).toBeNull()
    expect(page.textContent).toContain('<b>bold</b>')
  })

  it('tells which peer was selected', () => {
    const selected: string[] = []
    const page = show([nadia, omar], (id) => selected.push(id))
    for (const row of page.querySelectorAll('button')) row.click()
    expect(selected).toEqual([nadia.id, omar.id])
  })
})

describe('the theme', () => {
  const colours = new Map(
    [...theme.matchAll(/--(\w+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
      ([, name, light, dark]) => [name, [light ?? '', dark ?? ''] as const] as const,
    ),
  )
  const grounds = ['ground', 'raised']
  const texts = ['text', 'quiet']
  const marks = ['focus', 'online', 'idle', 'away', 'busy', 'offline']
  const pairs = grounds.flatMap((ground) => [
    ...texts.map((front) => [front, ground, 4.5] as const),
    ...marks.map((front) => [front, ground, 3] as const),
  ])

  it.each(pairs)('shows %s on %s with a contrast of at least %d', (front, ground, least) => {
    for (const mode of [0, 1] as const) {
      const contrast = contrastOf(colours.get(front)?.[mode], colours.get(ground)?.[mode])
      expect(contrast).toBeGreaterThanOrEqual(least)
    }
  })
})

/** The contrast ratio of WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrastOf(front: string | undefined, ground: string | undefined): number {
  const [dark = 0, light = 0] = [luminance(front), luminance(ground)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** Relative luminance of `#rrggbb`, from 0 to 1, as WCAG defines it. */
function luminance(colour = ''): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(colour.slice(start, start + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
