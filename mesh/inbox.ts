import type { Cursor, CursorMove } from '../state/cursors.ts'
import type { Entry } from '../state/feeds.ts'
import { atOf, idOf, type Notice } from '../state/inbox.ts'
import type { Batch } from '../state/ledger.ts'
import { hopsMax, type Message } from '../state/messages.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'
import type { Inbox } from './mesh.ts'
import type { PresenceBoard } from './presence.ts'
import { createSignal } from './signal.ts'
import type { Views } from './views.ts'

/** What reading needs. */
export interface InboxDeps {
  readonly delivery: Delivery
  readonly presence: PresenceBoard
  readonly views: Views
}

/** The inbox with what only the node itself may do. */
export interface OwnInbox extends Inbox {
  /** Puts a notice into the batch, unless it was told before. */
  tell(batch: Batch, notice: Notice): void
  /** Hops of the newest message from somebody that this session was shown; undefined for none. */
  hopsFrom(peer: string): number | undefined
}

/** Makes the inbox of a node; it counts itself in our presence. */
export function createInbox(core: Core, { delivery, presence, views }: InboxDeps): OwnInbox {
  const { inbox, cursors, ledger } = core
  const arrivals = createSignal<{ readonly message: Message; readonly wakes: boolean }>()
  const hopsByPeer = new Map<string, number>()

  delivery.arrived.listen(({ entry, isUnread }) => {
    if (!isUnread) return
    tellUnread()
    arrivals.emit({ message: views.message(entry), wakes: mayWake() && hopsOf(entry) <= hopsMax })
  })

  /** A peer that is busy or away gets its mail, but is not woken by it. */
  function mayWake(): boolean {
    const { status } = presence.own()
    return status !== 'busy' && status !== 'away'
  }

  function tellUnread(): void {
    presence.update({ unread: inbox.count() })
  }

  /** Moves our cursors to what is true now of the feeds of these entries. */
  function advance(batch: Batch, entries: readonly Entry[]): Cursor[] {
    return entries.flatMap((item) => {
      // The author may remember more of us than an old copy of our store has: that is still to come.
      const here = Math.min(cursors.get(item, core.peer).delivered, core.feeds.head(item))
      const waiting = inbox.lowestWaiting(item)
      const hidden = inbox.lowestHidden(item)
      const move: CursorMove = {
        seen: waiting === undefined ? here : waiting - 1,
        shown: hidden === undefined ? here : hidden - 1,
      }
      const place = { feed: item, by: core.peer, now: core.clock.now() }
      return cursors.advance(batch, place, move) ?? []
    })
  }

  async function mark(take: (batch: Batch) => readonly Entry[], durable: boolean): Promise<void> {
    const batch = await ledger.begin({ durable })
    const moves = advance(batch, take(batch))
    await batch.commit()
    delivery.report(moves)
    tellUnread()
  }

  return {
    unread() {
      const items = inbox.list()
      const newest = items.findLast((item) => item.kind === 'message')
      const from = newest?.kind === 'message' ? views.message(newest.entry).from.name : null
      return { count: items.length, from: from ?? (items.length > 0 ? 'mesh' : null) }
    },

    async list(limit) {
      // What the disk has just refused is still in memory: nobody may read what is not kept.
      await ledger.settled()
      return [...inbox.list()]
        .slice(0, limit)
        .sort((left, right) => atOf(left) - atOf(right) || (idOf(left) < idOf(right) ? -1 : 1))
        .map(views.waiting)
    },

    async markShown(ids) {
      await mark((batch) => {
        const entries = inbox.markShown(batch, new Set(ids))
        for (const item of entries) hopsByPeer.set(item.peer, hopsOf(item))
        return entries
      }, false)
    },

    markSeen: (ids) => mark((batch) => inbox.remove(batch, new Set(ids)), true),

    onArrival: (listener) => arrivals.listen(({ message, wakes }) => listener(message, wakes)),

    tell(batch, item) {
      if (!inbox.tell(batch, item)) return
      batch.add([], () => {
        tellUnread()
        const wakes = item.wakes && (mayWake() || isUrgent(item))
        arrivals.emit({ message: views.notice(item), wakes })
      })
    },

    hopsFrom: (peer) => hopsByPeer.get(peer),
  }
}

/** Somebody waits for an answer of ours and cannot go on without: that wakes even who is busy. */
function isUrgent({ id }: Notice): boolean {
  return id.startsWith('approval/') || id.startsWith('verification/')
}

/** Messages in the chain that led to this one. */
export function hopsOf(item: Entry): number {
  return item.body && 'hops' in item.body ? item.body.hops : 0
}
