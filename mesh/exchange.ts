import { createCatchUp } from './catchUp.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'
import type { Files } from './files.ts'
import type { Frame } from './frames.ts'
import { createIntroductions } from './introductions.ts'
import type { Link } from './link.ts'
import type { PresenceBoard } from './presence.ts'
import type { Repair } from './repair.ts'
import type { Replication } from './replication.ts'
import { createSignal, type Signal } from './signal.ts'
import { trafficOf } from './traffic.ts'

/** How often two nodes compare what they share; the first time after a random part of it. */
const compareMs = 30_000
/** Changes of the directory within this time are considered together. */
const gatherMs = 50

/** What exchanging stands on. */
export interface ExchangeDeps {
  readonly replication: Replication
  readonly delivery: Delivery
  readonly repair: Repair
  readonly presence: PresenceBoard
  readonly files: Files
  readonly links: () => readonly Link[]
}

/** Keeps what linked nodes share equal: on link-up, at every frame, and by comparison. */
export interface Exchange {
  linked(link: Link): void
  receive(link: Link, frame: Frame): void
  ended(link: Link): void
  /** Whether every link has answered what we asked of it first. */
  isSynced(): boolean
  /** A frame was dealt with, whether it brought anything or not. */
  readonly handled: Signal<void>
  /** Begins the regular comparison. */
  begin(): void
  stop(): void
}

/** Makes the exchange of a node. */
export function createExchange(core: Core, deps: ExchangeDeps): Exchange {
  const { replication, delivery, repair, presence, links } = deps
  const handled: Exchange['handled'] = createSignal()
  const introductions = createIntroductions({
    ...{ clock: core.clock, links },
    lanPortOf: (node) => presence.of(node)?.lan,
  })
  presence.changed.listen(({ link, presence: told }) => told && introductions.changed(link))
  // What it lost is known to be missing, so that finding it is no repair.
  const catchUp = createCatchUp(core.clock, (link) => {
    compare(link, true, true)
    presence.linked(link)
    deps.files.linked(link)
  })
  let cancelCompare = () => {}

  /** What we share with a link, as text: it changes with the directory. */
  const sharedByLink = new Map<Link, string>()
  let cancelReconsider: (() => void) | undefined

  core.changed.listen(({ document }) => {
    if (document === core.directory) reconsiderSoon()
  })
  core.moved.listen(reconsiderSoon)
  delivery.copies.behind.listen((link) => compare(link, true, true))
  core.opened.listen(reconsiderSoon)

  function reconsiderSoon(): void {
    cancelReconsider ??= core.clock.after(gatherMs, reconsider)
  }

  function compare(link: Link, answer: boolean, fresh?: boolean): void {
    link.send({
      kind: 'compare',
      documents: replication.hashes(link.peer),
      feeds: repair.hash(link.peer),
      answer,
      ...(fresh ? { fresh } : {}),
    })
  }

  function sharedWith({ peer }: Link): string {
    const facts = [core.peer, peer].map((one) =>
      [core.isOperator(one), core.groupOf(one), core.circleOf(one)].join('/'),
    )
    return [...facts, core.documents().length].join(' ')
  }

  /** What was refused before is offered again where the directory now allows it. */
  function reconsider(): void {
    cancelReconsider = undefined
    for (const link of links()) {
      const shared = sharedWith(link)
      if (sharedByLink.get(link) === shared) continue
      sharedByLink.set(link, shared)
      presence.reconsidered(link)
      deps.files.linked(link)
      compare(link, true, true)
    }
  }

  function compareAll(): void {
    delivery.copies.flush()
    for (const link of links()) compare(link, true)
    cancelCompare = core.clock.after(compareMs, compareAll)
  }

  function compared(link: Link, frame: Extract<Frame, { kind: 'compare' }>): void {
    const isSame = replication.compare(link, frame.documents)
    const isSameFeeds = repair.hash(link.peer) === frame.feeds
    if (frame.fresh) presence.reconsidered(link)
    if (!isSameFeeds) repair.offer(link)
    if (isSame && isSameFeeds) return
    // At link-up a difference is the rule; later, it means that something did not arrive.
    if (frame.answer) {
      if (!frame.fresh) {
        core.counters.add('repairs')
        const documents = differences(link, frame)
        core.log.info('repaired', { peer: link.peer, documents, feeds: !isSameFeeds })
      }
      compare(link, false)
    }
  }

  /** The names of the documents that the two of us hold differently. */
  function differences(link: Link, { documents }: Extract<Frame, { kind: 'compare' }>): string[] {
    const own = Object.entries(replication.hashes(link.peer))
    return own.flatMap(([name, hash]) =>
      documents[name] === undefined || documents[name] === hash ? [] : [name],
    )
  }

  function handle(link: Link, frame: Frame): Promise<void> | void {
    switch (frame.kind) {
      case 'compare':
        return compared(link, frame)
      case 'state':
        return replication.state(link, frame)
      case 'update':
        return replication.update(link, frame)
      case 'heads':
        return repair.receiveHeads(link, frame)
      case 'want':
        return repair.receiveWant(link, frame)
      case 'entries':
        return delivery.receiveEntries(link, frame)
      case 'cursors':
        return delivery.receiveCursors(link, frame)
      case 'presence':
        return presence.receive(link, frame)
      case 'files':
        return deps.files.receive(link, frame)
      default:
        return undefined
    }
  }

  async function take(link: Link, frame: Frame): Promise<void> {
    try {
      await handle(link, frame)
      handled.emit()
    } catch (thrown) {
      // The disk refused it: nothing was taken, and the next comparison brings it again.
      core.counters.add('frames_failed')
      core.log.warn('frame_failed', { kind: frame.kind, peer: link.peer, thrown })
    }
  }

  return {
    handled,

    linked(link) {
      introductions.linked(link)
      catchUp.linked(link)
      sharedByLink.set(link, sharedWith(link))
      compare(link, false)
      presence.linked(link)
      deps.files.linked(link)
    },

    receive(link, frame) {
      core.counters.add('frames_received')
      void take(link, frame)
    },

    ended(link) {
      replication.ended(link)
      repair.ended(link)
      presence.ended(link)
      deps.files.ended(link)
      introductions.ended(link)
      catchUp.ended(link)
      sharedByLink.delete(link)
      for (const [name, amount] of Object.entries(trafficOf(link))) core.counters.add(name, amount)
    },

    isSynced: () => links().every(replication.isSynced),

    begin() {
      const [spread = 0] = core.clock.random(1)
      cancelCompare = core.clock.after((compareMs * (spread + 1)) / 256, compareAll)
    },

    stop() {
      introductions.stop()
      catchUp.stop()
      cancelCompare()
      cancelReconsider?.()
      delivery.copies.flush()
    },
  }
}
