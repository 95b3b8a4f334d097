import type { NodeId, PeerId } from '../state/ids.ts'
import type { ChosenStatus } from '../state/peers.ts'
import { fromJson, prefixRange, putJson, type Store } from '../state/store.ts'
import type { Core } from './core.ts'
import type { FrameOf } from './frames.ts'
import type { Link } from './link.ts'
import { createSignal, type Signal } from './signal.ts'

/** Without a call for this long a peer is idle, whatever status it chose. */
const idleMs = 600_000
/** A peer that lived shorter is not announced. */
const settledMs = 10_000
/** Changes within this time travel together. */
const gatherMs = 50

/** What a node tells about itself beside its records. In memory only. */
export type Presence = Omit<FrameOf<'presence'>, 'kind' | 'count'>

/** Who is there now, and when the others were. */
export interface PresenceBoard {
  /** Somebody's presence was told, or ended with its link. */
  readonly changed: Signal<{ readonly link: Link; readonly presence: Presence | undefined }>
  own(): Presence
  /** Changes what we tell about ourselves. */
  update(patch: Partial<Omit<Presence, 'settled' | 'status'>> & { status?: ChosenStatus }): void
  /** A request of our session's client arrived. */
  touched(): void
  of(node: NodeId): Presence | undefined
  /** When a peer was last linked, in milliseconds since 1970; undefined when never seen. */
  lastSeenMs(peer: PeerId): number | undefined
  /** The mesh sessions that linked nodes work in. */
  sessions(): readonly string[]
  linked(link: Link): void
  receive(link: Link, frame: FrameOf<'presence'>): void
  ended(link: Link): void
  /** What we share with that link has changed: it is told of us, or forgotten. */
  reconsidered(link: Link): void
  load(): Promise<void>
  stop(): void
}

/** Makes the board of a node over its present links. */
export function createPresenceBoard(
  core: Core,
  store: Store,
  links: () => readonly Link[],
): PresenceBoard {
  const { clock } = core
  const changed: PresenceBoard['changed'] = createSignal()
  const presenceByNode = new Map<NodeId, { count: number; presence: Presence }>()
  const seenMsByPeer = new Map<PeerId, number>()
  let chosen: ChosenStatus = 'online'
  let isIdle = false
  let isStopped = false
  let isSettled = false
  let rest: Omit<Presence, 'status' | 'settled'> = { unread: 0, wakeable: false, session: null }
  let count = 0
  let cancelGather: (() => void) | undefined
  let cancelIdle = clock.after(idleMs, becomeIdle)
  const cancelSettled = clock.after(settledMs, () => {
    isSettled = true
    announce()
  })

  function own(): Presence {
    const status = isIdle && chosen === 'online' ? 'idle' : chosen
    return { ...rest, status, settled: isSettled }
  }

  function becomeIdle(): void {
    isIdle = true
    announce()
  }

  function announce(): void {
    cancelGather ??= clock.after(gatherMs, () => {
      cancelGather = undefined
      for (const link of links()) tell(link)
    })
  }

  function tell(link: Link): void {
    if (!core.sees(link.peer)) return
    count += 1
    const { dashboard, ...said } = own()
    const isOurs = dashboard !== undefined && link.device === core.signer.device
    link.sendLive({ kind: 'presence', count, ...said, ...(isOurs ? { dashboard } : {}) })
  }

  function noteSeen(peer: PeerId): void {
    if (isStopped) return
    const nowMs = clock.now()
    seenMsByPeer.set(peer, nowMs)
    const write = async () => {
      const batch = await core.ledger.begin({ durable: false })
      batch.add([putJson(`seen/${peer}`, nowMs)])
      await batch.commit()
    }
    write().catch((thrown) => core.log.warn('seen_not_kept', { thrown }))
  }

  return {
    changed,
    own,

    update({ status, ...patch }) {
      const before = JSON.stringify(own())
      chosen = status ?? chosen
      rest = { ...rest, ...patch }
      if (JSON.stringify(own()) !== before) announce()
    },

    touched() {
      cancelIdle()
      cancelIdle = clock.after(idleMs, becomeIdle)
      if (!isIdle) return
      isIdle = false
      announce()
    },

    of: (node) => presenceByNode.get(node)?.presence,
    lastSeenMs: (peer) => seenMsByPeer.get(peer),

    sessions() {
      const all = [...presenceByNode.values()].map(({ presence }) => presence.session)
      return [...new Set(all.filter((session) => session !== null))]
    },

    linked(link) {
      noteSeen(link.peer)
      tell(link)
    },

    reconsidered(link) {
      if (core.sees(link.peer)) return tell(link)
      if (!presenceByNode.delete(link.node)) return
      changed.emit({ link, presence: undefined })
    },

    receive(link, { kind: _, count: number, ...presence }) {
      if (!core.sees(link.peer)) return core.counters.add('frames_refused')
      const before = presenceByNode.get(link.node)
      if (before && before.count >= number) return
      presenceByNode.set(link.node, { count: number, presence })
      changed.emit({ link, presence })
    },

    ended(link) {
      presenceByNode.delete(link.node)
      noteSeen(link.peer)
      changed.emit({ link, presence: undefined })
    },

    async load() {
      for (const [key, value] of await store.range(prefixRange('seen/'))) {
        seenMsByPeer.set(key.slice(5) as PeerId, Number(fromJson(value)))
      }
    },

    stop() {
      isStopped = true
      cancelIdle()
      cancelSettled()
      cancelGather?.()
    },
  }
}
