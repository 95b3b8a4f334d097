import type { Notices } from '../state/desk.ts'
import { msToHybrid } from '../state/hybrid.ts'
import type { Core } from './core.ts'
import type { OwnInbox } from './inbox.ts'
import type { Work } from './work.ts'

/** Changes within this time are looked at together. */
const gatherMs = 20

/** What telling needs. */
export interface NoticesDeps {
  readonly inbox: Pick<OwnInbox, 'tell'>
  readonly work: Pick<Work, 'look'>
  /** What each concept has to tell. */
  readonly sources: readonly Notices[]
  /** When this peer began to belong to its group, in milliseconds since 1970: older things are history. */
  readonly sinceMs: () => number
}

/** Tells this peer what follows for it from the records of its group. */
export interface Noticing {
  /** Looks at everything once: what happened while we were away. */
  begin(): void
  stop(): void
}

/**
 * Makes the noticing of a node. It derives and never sends: whatever was missed by a crash is
 * derived again, and the inbox knows what was told.
 */
export function createNoticing(core: Core, deps: NoticesDeps): Noticing {
  const { inbox, work, sources } = deps
  let touched = new Set<string>()
  let isBegun = false
  let isStopped = false
  let cancelGather: (() => void) | undefined

  core.changed.listen(({ document, keys }) => {
    if (!isBegun || isStopped || document !== core.group) return
    for (const key of keys) touched.add(key)
    tellSoon()
  })
  core.moved.listen(() => isBegun && lookAtAll())

  /** What happened while we were away, or elsewhere. */
  function lookAtAll(): void {
    for (const { key } of core.group.list('')) touched.add(key)
    tellSoon()
  }

  function tellSoon(): void {
    cancelGather ??= core.clock.after(gatherMs, () => {
      cancelGather = undefined
      tell().catch((thrown: unknown) => core.log.warn('notices_not_kept', { thrown }))
    })
  }

  async function tell(): Promise<void> {
    const keys = [...touched]
    touched = new Set()
    const since = msToHybrid(deps.sinceMs())
    const derived = work.look((desk) => sources.flatMap((source) => source(desk, keys)))
    const fresh = derived.filter(({ at }) => at >= since)
    if (fresh.length === 0) return
    try {
      const batch = await core.ledger.begin()
      for (const notice of fresh) inbox.tell(batch, notice)
      await batch.commit()
    } catch (thrown) {
      for (const key of keys) touched.add(key)
      throw thrown
    }
  }

  return {
    begin() {
      isBegun = true
      lookAtAll()
    },
    stop() {
      isStopped = true
      cancelGather?.()
    },
  }
}
