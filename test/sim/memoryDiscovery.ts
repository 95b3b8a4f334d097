import type { Announcement, Candidate, Discovery, DiscoveryEvents } from '../../mesh/discovery.ts'
import type { NodeId } from '../../state/ids.ts'

/** Time and chance of the world, e.g. `after` and `chance` of a `Scheduler`. */
export interface MemoryDiscoveryDeps {
  after(ms: number, callback: () => void): () => void
  /** A seeded number in [0, 1). */
  random(): number
  /** How long news take to reach a source. */
  readonly delayMs?: { readonly least: number; readonly most: number }
}

/** A place within one test where nodes find each other, like the rendezvous directory. */
export interface MemoryDiscovery {
  source(node: NodeId): Discovery
  /** The process of a node is gone. What it announced stays until somebody is refused there. */
  kill(node: NodeId): void
  /** Everybody who announces itself, and those of the dead who were not found out yet. */
  announced(): readonly NodeId[]
}

interface Listening {
  readonly node: NodeId
  readonly events: DiscoveryEvents
  /** What it was told of and has not gone since. */
  readonly told: Map<NodeId, Candidate>
}

/** Makes an empty place. The same chances make the same story. */
export function createMemoryDiscovery(deps: MemoryDiscoveryDeps): MemoryDiscovery {
  const { after, random, delayMs = { least: 1, most: 200 } } = deps
  const announcements = new Map<NodeId, Announcement>()
  const listening = new Map<NodeId, Listening>()
  const dead = new Set<NodeId>()

  /** Tells one source what has changed since it was told last, a while from now. */
  function tellSoon(source: Listening): void {
    const ms = delayMs.least + random() * (delayMs.most - delayMs.least)
    after(ms, () => {
      if (listening.get(source.node) !== source || dead.has(source.node)) return
      for (const [node, candidate] of source.told) {
        if (announcements.has(node)) continue
        source.told.delete(node)
        source.events.gone(candidate)
      }
      for (const { node, host, port } of announcements.values()) {
        if (node === source.node || source.told.has(node)) continue
        const candidate: Candidate = { source: 'rendezvous', host, port, node }
        source.told.set(node, candidate)
        source.events.seen(candidate)
      }
    })
  }

  function changed(): void {
    for (const source of listening.values()) tellSoon(source)
  }

  return {
    kill: (node) => void dead.add(node),
    announced: () => [...announcements.keys()],
    source: (node) => ({
      async start(announcement, events) {
        if (listening.has(node)) return
        listening.set(node, { node, events, told: new Map() })
        announcements.set(node, announcement)
        changed()
      },
      refused(candidate) {
        if (candidate.node === undefined || !dead.has(candidate.node)) return
        if (announcements.delete(candidate.node)) changed()
      },
      async stop() {
        listening.delete(node)
        if (announcements.delete(node)) changed()
      },
    }),
  }
}
