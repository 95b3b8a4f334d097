import type { Entry } from '../state/feeds.ts'
import { hybridToIso } from '../state/hybrid.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'
import type { Link } from './link.ts'
import type { MeshEvent } from './mesh.ts'
import type { Names } from './names.ts'
import { createSignal } from './signal.ts'
import type { Views } from './views.ts'

/** What watching needs. */
export interface WatchDeps {
  readonly delivery: Delivery
  readonly names: Names
  readonly views: Views
}

/** Tells watchers what happens, in the words of the activity log. */
export interface Watch {
  listen(listener: (event: MeshEvent) => void): () => void
  linked(link: Link): void
  unlinked(link: Link): void
}

/** Makes the watch of a node. */
export function createWatch(core: Core, { delivery, names, views }: WatchDeps): Watch {
  const events = createSignal<MeshEvent>()

  delivery.arrived.listen(({ entry }) => events.emit(describe(entry)))
  delivery.sent.listen((entry) => events.emit(describe(entry)))
  delivery.moved.listen((cursor) => {
    const text = `has ${cursor.delivered} delivered, ${cursor.seen} seen of ${names.of(cursor.peer)}`
    events.emit({ at: now(), kind: 'state', peer: peerOf(cursor.by), text })
  })

  function describe(entry: Entry): MeshEvent {
    const at = hybridToIso(entry.at)
    const peer = peerOf(entry.peer)
    if (entry.kind === 'message') {
      const message = views.message(entry)
      return { at, kind: 'message', peer, text: message.body, message }
    }
    const said = entry.body && 'action' in entry.body ? entry.body : undefined
    const text = said ? `${said.action} ${said.detail}`.trim() : '(forgotten)'
    return { at, kind: 'activity', peer, text }
  }

  function peerOf(id: Entry['peer']): MeshEvent['peer'] {
    return { id, name: names.of(id) }
  }

  function now(): string {
    return new Date(core.clock.now()).toISOString()
  }

  return {
    listen: events.listen,
    linked(link) {
      if (core.isOperator(link.peer)) return
      events.emit({ at: now(), kind: 'joined', peer: peerOf(link.peer), text: 'is linked' })
    },
    unlinked(link) {
      if (core.isOperator(link.peer)) return
      const text = 'is no longer linked'
      events.emit({ at: now(), kind: 'left', peer: peerOf(link.peer), text })
    },
  }
}
