import type { Entry } from '../state/feeds.ts'
import { hybridToIso } from '../state/hybrid.ts'
import type { Notice, Waiting } from '../state/inbox.ts'
import { type DeliveryState, deliveryState, type Message, type Trust } from '../state/messages.ts'
import { readStructured } from '../state/structured.ts'
import type { Core } from './core.ts'
import type { Names } from './names.ts'

/** Turns what is stored into what is shown. */
export interface Views {
  message(item: Entry, more?: { readonly repeat?: boolean }): Message
  notice(item: Notice, more?: { readonly repeat?: boolean }): Message
  waiting(item: Waiting): Message
}

/** The least advanced first. */
const states = deliveryState.options

/** Makes the views of a node. */
export function createViews(core: Core, names: Names): Views {
  /** For the author the least advanced of its recipients, for a recipient its own state. */
  function stateOf(item: Entry): DeliveryState | undefined {
    const mine = item.peer === core.peer ? item.to : item.to.filter((peer) => peer === core.peer)
    const reached = mine.map((peer) => states.indexOf(core.cursors.stateOf(item, peer).state))
    return reached.length === 0 ? undefined : states[Math.min(...reached)]
  }

  function trustOf(item: Entry): Trust {
    if (core.isOperator(item.peer)) return 'operator'
    return item.key === core.signer.key ? 'same_device' : 'mesh_device'
  }

  const views: Views = {
    message(item, { repeat } = {}) {
      const said = item.body && 'text' in item.body ? item.body : undefined
      const state = stateOf(item)
      const fields = said?.fields && readStructured(said.fields)
      return {
        id: item.id,
        from: { id: item.peer, name: names.of(item.peer) },
        to: item.to,
        group: item.group,
        kind: item.scope.startsWith('dm:') ? 'direct' : 'broadcast',
        body: said?.text ?? '(forgotten)',
        ...(fields ? { fields } : {}),
        ...(item.reply_to ? { reply_to: item.reply_to } : {}),
        sent_at: hybridToIso(item.at),
        ...(state ? { state } : {}),
        trust: trustOf(item),
        ...(repeat ? { repeat } : {}),
        ...(said?.context ? { context: said.context } : {}),
      }
    },

    notice: (item, { repeat } = {}) => ({
      id: item.id,
      from: { id: 'mesh', name: 'mesh' },
      to: [core.peer],
      group: core.groupOf(core.peer),
      kind: 'notice',
      body: item.text,
      sent_at: hybridToIso(item.at),
      trust: 'same_device',
      ...(repeat ? { repeat } : {}),
    }),

    waiting(item) {
      const more = item.shown ? { repeat: true } : {}
      return item.kind === 'message'
        ? views.message(item.entry, more)
        : views.notice(item.notice, more)
    },
  }
  return views
}
