import { fromJson, prefixRange, putJson, type Store } from '../state/store.ts'
import type { Core } from './core.ts'

const prefix = 'joined/'

/** Since when this peer has belonged to each group: what happened there before is history to it. */
export interface Belonging {
  /** Milliseconds since 1970, of the group in which we work now. */
  sinceMs(): number
  /** Reads what is known; then notes that we belong where we stand, now and after every move. */
  load(): Promise<void>
}

/** Makes the belonging of a node. */
export function createBelonging(core: Core, store: Store): Belonging {
  let sinceByGroup = new Map<string, number>()

  async function note(): Promise<void> {
    const group = core.groupOf(core.peer)
    if (sinceByGroup.has(group)) return
    const nowMs = core.clock.now()
    sinceByGroup.set(group, nowMs)
    const batch = await core.ledger.begin({ durable: false })
    batch.add([putJson(prefix + group, nowMs)])
    await batch.commit()
  }

  function noteNow(): void {
    note().catch((thrown: unknown) => core.log.warn('group_not_noted', { thrown }))
  }

  return {
    sinceMs: () => sinceByGroup.get(core.groupOf(core.peer)) ?? core.clock.now(),

    async load() {
      const rows = await store.range(prefixRange(prefix))
      sinceByGroup = new Map(
        rows.map(([key, value]) => [key.slice(prefix.length), Number(fromJson(value))]),
      )
      core.moved.listen(noteNow)
      noteNow()
    },
  }
}
