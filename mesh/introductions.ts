import type { NodeId } from '../state/ids.ts'
import type { Clock } from './clock.ts'
import type { Candidate } from './discovery.ts'
import { type FrameOf, introductionsMax } from './frames.ts'
import type { Link } from './link.ts'
import { type Address, isLoopback } from './network.ts'

/** News within this time are told together. */
const gatherMs = 1_000
/** In place of a host: the address at which the receiver knows the sender. */
const sameHost = ''

/** Somebody, and where the receiver may reach them. */
type Introduced = FrameOf<'nodes'>['nodes'][number]

/** What introducing others needs. */
export interface IntroductionsDeps {
  readonly clock: Clock
  readonly links: () => readonly Link[]
  /** The LAN port of a linked node, as it tells it; 0 or undefined when it has none. */
  readonly lanPortOf: (node: NodeId) => number | undefined
}

/**
 * Tells each link about the others, so that all meet who have one acquaintance in common: machines
 * that hear no multicast, and machines that can dial and cannot be dialled.
 *
 * 1. A link is told at once when it is there, and of what is new soon after.
 * 2. Nobody is told the same twice on one link.
 */
export interface Introductions {
  linked(link: Link): void
  ended(link: Link): void
  /** Somebody has told more of itself: perhaps that it listens elsewhere now. */
  changed(link: Link): void
  stop(): void
}

/** Makes the introductions of a node over its present links. */
export function createIntroductions(deps: IntroductionsDeps): Introductions {
  const { clock, links } = deps
  const toldByLink = new Map<Link, ReadonlySet<string>>()
  const portsByNode = new Map<NodeId, number | undefined>()
  let cancelGather: (() => void) | undefined

  function tellSoon(): void {
    cancelGather ??= clock.after(gatherMs, () => {
      cancelGather = undefined
      for (const link of links()) tell(link)
    })
  }

  function tell(link: Link): void {
    const told = toldByLink.get(link) ?? new Set()
    const all = links().flatMap((other) => {
      const introduction = other === link ? undefined : placeOf(other, link)
      return introduction ? [{ introduction, text: textOf(introduction) }] : []
    })
    const fresh = all.filter(({ text }) => !told.has(text)).slice(0, introductionsMax)
    const isTold = fresh.length === 0 || link.sendLive(frameOf(fresh))
    const texts = all.map(({ text }) => text).filter((text) => told.has(text))
    const news = isTold ? fresh.map(({ text }) => text) : []
    toldByLink.set(link, new Set([...texts, ...news]))
    if (texts.length + news.length < all.length) tellSoon()
  }

  /** Where `link` may reach `other`; undefined when nothing that we know would help it. */
  function placeOf(other: Link, link: Link): Introduced | undefined {
    const { node, remote } = other
    if (!other.loopback) return place(node, remote.host, lanPort(other))
    if (link.loopback) return place(node, remote.host, other.hello.port)
    return place(node, sameHost, deps.lanPortOf(node) ?? 0)
  }

  /** What it says now counts more than its hello; one that we dialled does listen where we did. */
  function lanPort({ node, side, remote, hello }: Link): number {
    const port = deps.lanPortOf(node) || hello.port
    return port === 0 && side === 'dialled' ? remote.port : port
  }

  return {
    linked(link) {
      tell(link)
      tellSoon()
    },
    ended(link) {
      toldByLink.delete(link)
      portsByNode.delete(link.node)
    },
    changed({ node }) {
      const port = deps.lanPortOf(node)
      if (portsByNode.get(node) === port) return
      portsByNode.set(node, port)
      tellSoon()
    },
    stop: () => cancelGather?.(),
  }
}

/** What a link told of, as addresses to dial. Those that mean nothing on this machine are dropped. */
export function introduced(link: Link, { nodes }: FrameOf<'nodes'>): Candidate[] {
  return nodes
    .map(({ node, host, port }): Candidate => {
      return { source: 'exchange', node, host: host === sameHost ? link.remote.host : host, port }
    })
    .filter(({ host }) => link.loopback || !isLoopback(host))
}

function frameOf(fresh: readonly { readonly introduction: Introduced }[]): FrameOf<'nodes'> {
  return { kind: 'nodes', nodes: fresh.map(({ introduction }) => introduction) }
}

function textOf({ node, host, port }: Introduced): string {
  return `${node} ${host} ${port}`
}

/** A link-local address of IPv6 means something only on the machine that names its interface. */
function place(node: NodeId, host: Address['host'], port: number): Introduced | undefined {
  return port > 0 && !/^fe80:|%/i.test(host) ? { node, host, port } : undefined
}
