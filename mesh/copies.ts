import type { Cursor } from '../state/cursors.ts'
import type { Entry } from '../state/feeds.ts'
import type { PeerId } from '../state/ids.ts'
import type { Core } from './core.ts'
import type { Frame } from './frames.ts'
import type { Link } from './link.ts'
import { pack } from './repair.ts'
import { createSignal, type Signal } from './signal.ts'

/** Copies gathered for this long travel together, so that the archive costs a conversation little. */
const gatherMs = 50
/** More copies than this within that time are a burst, which the archive fetches when it is over. */
const waitingMax = 40
/** A burst is over when so much time has passed with as few copies. */
const calmMs = 500

/**
 * Hands copies of everything we say and read to the operators, who keep the archive.
 *
 * 1. What concerns somebody we have no link to goes at once, and asks the operators to pass it on.
 * 2. The rest waits a moment for more.
 * 3. In a burst nothing else is handed over: those who talk need the processor. When it is over,
 *    each operator is compared with and fetches many at once.
 */
export interface Copies {
  /** `unreached`: recipients without a link to us. */
  entry(item: Entry, unreached: readonly PeerId[]): void
  /** `unreached`: the author has no link to us. */
  cursor(item: Cursor, unreached: boolean): void
  /** Sends what waits. */
  flush(): void
  /** An operator lacks what was left out, and is to be compared with. */
  readonly behind: Signal<Link>
  /** Passes on what somebody could not bring to its recipients, as far as we can. */
  passEntry(from: Link, item: Entry, unreached: readonly PeerId[]): void
  passCursor(from: Link, item: Cursor): void
}

/** Makes the copies of a node over its present links. */
export function createCopies(core: Core, links: () => readonly Link[]): Copies {
  let entries: Entry[] = []
  let cursorsByKey = new Map<string, Cursor>()
  let cancelFlush: (() => void) | undefined
  let isBurst = false
  /** Copies that were left out since it was last looked whether the burst is over. */
  let leftOut = 0
  const behind = createSignal<Link>()

  function operators(but?: Link): readonly Link[] {
    return links().filter((link) => link !== but && core.isOperator(link.peer))
  }

  function send(to: Link, frame: Frame): void {
    if (!to.sendLive(frame)) core.counters.add('frames_dropped')
  }

  function flushSoon(): void {
    if (entries.length + cursorsByKey.size <= waitingMax) {
      cancelFlush ??= core.clock.after(gatherMs, flush)
      return
    }
    isBurst = true
    core.clock.after(calmMs, calmDown)
    forget()
  }

  function forget(): void {
    cancelFlush?.()
    cancelFlush = undefined
    entries = []
    cursorsByKey = new Map()
  }

  function calmDown(): void {
    const isOver = leftOut <= waitingMax
    leftOut = 0
    if (!isOver) return void core.clock.after(calmMs, calmDown)
    isBurst = false
    for (const link of operators()) behind.emit(link)
  }

  /** Whether a copy is to be left out for now. */
  function isLeftOut(): boolean {
    if (isBurst) leftOut += 1
    return isBurst
  }

  function flush(): void {
    const [words, moves] = [entries, [...cursorsByKey.values()]]
    forget()
    for (const link of operators()) {
      const copied = words.filter((item) => concerns(link, item))
      for (const part of pack(copied)) send(link, { kind: 'entries', entries: part })
      for (const part of pack(moves)) send(link, { kind: 'cursors', cursors: part })
    }
  }

  /** A recipient gets the word itself, and its own steps are no news to it. */
  function concerns(link: Link, item: Entry): boolean {
    return !item.to.includes(link.peer) && core.sharesWith(link.peer, item.scope)
  }

  function sendTo(peers: readonly PeerId[], scope: string, frame: Frame): readonly PeerId[] {
    const reached = links().filter(
      ({ peer }) => peers.includes(peer) && core.sharesWith(peer, scope),
    )
    for (const link of reached) send(link, frame)
    return peers.filter((peer) => !reached.some((link) => link.peer === peer))
  }

  return {
    flush,
    behind,

    entry(item, unreached) {
      if (unreached.length === 0) {
        if (isLeftOut()) return
        entries.push(item)
        return flushSoon()
      }
      flush()
      for (const link of operators()) {
        if (!concerns(link, item)) continue
        send(link, { kind: 'entries', entries: [item], relay: [...unreached] })
      }
    },

    cursor(item, unreached) {
      if (unreached) {
        flush()
        for (const link of operators()) {
          send(link, { kind: 'cursors', cursors: [item], relay: true })
        }
        return
      }
      if (isLeftOut()) return
      cursorsByKey.set(`${item.scope}/${item.peer}/${item.node}/${item.by}`, item)
      flushSoon()
    },

    passEntry(from, item, unreached) {
      const rest = sendTo(unreached, item.scope, { kind: 'entries', entries: [item] })
      if (rest.length < unreached.length) core.counters.add('entries_forwarded')
      if (rest.length === 0) return
      for (const link of operators(from)) {
        send(link, { kind: 'entries', entries: [item], relay: [...rest] })
      }
    },

    passCursor(from, item) {
      const rest = sendTo([item.peer], item.scope, { kind: 'cursors', cursors: [item] })
      if (rest.length === 0) return
      for (const link of operators(from)) {
        send(link, { kind: 'cursors', cursors: [item], relay: true })
      }
    },
  }
}
