import type { EventAnswer } from './answers.ts'

/** Events are remembered this long, in number, to recognise them when another node tells them too. */
const rememberedMax = 2_000

/** What several nodes tell of one mesh, told once. */
export interface Merge {
  /** A node is listened to: it is itself there, and sees these peers. */
  begin(node: string, self: string, seen: readonly string[]): void
  /** Whether an event of a node is news. */
  isNews(node: string, event: EventAnswer): boolean
  /** A node is listened to no longer; answers its peer when nobody sees that one any more. */
  end(node: string): string | undefined
}

/**
 * Merges what nodes tell.
 *
 * 1. A message, an activity or a step of delivery is told once, whoever tells it first.
 * 2. A peer joins when the first node sees it, and leaves when the last one does not.
 */
export function createMerge(): Merge {
  const told = new Set<string>()
  const nodesByPeer = new Map<string, Set<string>>()
  const peersByNode = new Map<string, string>()

  function see(node: string, peer: string): boolean {
    const nodes = nodesByPeer.get(peer) ?? new Set()
    const isFirst = nodes.size === 0
    nodesByPeer.set(peer, nodes.add(node))
    return isFirst
  }

  function lose(node: string, peer: string): boolean {
    const nodes = nodesByPeer.get(peer)
    return nodes?.delete(node) === true && nodes.size === 0
  }

  function isFirstTelling(event: EventAnswer): boolean {
    const { at, kind, peer, text, message } = event
    // Each node gives a step of delivery its own time.
    const key = message?.id ?? JSON.stringify([kind, peer.id, text, kind === 'state' ? '' : at])
    if (told.has(key)) return false
    told.add(key)
    const [oldest] = told
    if (told.size > rememberedMax && oldest !== undefined) told.delete(oldest)
    return true
  }

  return {
    begin(node, self, seen) {
      peersByNode.set(node, self)
      for (const peer of [self, ...seen]) see(node, peer)
    },

    isNews(node, event) {
      if (event.kind === 'joined') return see(node, event.peer.id)
      if (event.kind === 'left') return lose(node, event.peer.id)
      return isFirstTelling(event)
    },

    end(node) {
      const self = peersByNode.get(node)
      peersByNode.delete(node)
      const isLost = self !== undefined && lose(node, self)
      for (const peer of nodesByPeer.keys()) lose(node, peer)
      return isLost ? self : undefined
    },
  }
}
