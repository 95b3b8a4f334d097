import { groupScope } from '../state/feeds.ts'
import type { Batch } from '../state/ledger.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'

/** Longest detail of an entry of the log, in characters. */
const detailMax = 1_000

/** Says in a group's log what this peer did: in the batch of the deed, on its way once that is on disk. */
export type Act = (
  batch: Batch,
  what: { readonly action: string; readonly detail: string },
  group?: string,
) => void

/** Makes the log of a node. */
export function createActivity(core: Core, delivery: Pick<Delivery, 'send'>): Act {
  return (batch, { action, detail }, group = core.groupOf(core.peer)) => {
    const item = core.feeds.append(batch, {
      scope: groupScope(group),
      id: core.createId(),
      group,
      kind: 'activity',
      to: [],
      body: { action: action.slice(0, 64), detail: detail.slice(0, detailMax) },
    })
    batch.add([], () => delivery.send(item))
  }
}
