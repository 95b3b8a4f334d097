import type { Notices } from '../state/desk.ts'
import { groupNamed } from '../state/groups.ts'
import { msToHybrid } from '../state/hybrid.ts'
import { nextDeadlineMs } from '../state/proposals.ts'
import type { Core } from './core.ts'
import type { OwnInbox } from './inbox.ts'
import type { Work } from './work.ts'

/** Changes within this time are looked at together. */
const gatherMs = 20
/** A deadline is looked at a moment later, so that it is surely over. */
const afterDeadlineMs = 50

/** What telling needs. */
export interface NoticesDeps {
  readonly inbox: Pick<OwnInbox, 'tell'>
  readonly work: Pick<Work, 'look'>
  /** What each concept has to tell. */
  readonly sources: readonly Notices[]
  /** When this peer began to belong to its group, in milliseconds since 1970: older things are history. */
  readonly sinceMs: () => number
}

/** Tells this peer what follows for it from the records of its group; the operator from those of all. */
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
  const { clock } = core
  const { inbox, work, sources } = deps
  let touchedByGroup = new Map<string, Set<string>>()
  let isBegun = false
  let isStopped = false
  let cancelGather: (() => void) | undefined
  let cancelDeadline = () => {}

  core.changed.listen(({ document, keys }) => {
    if (isBegun) touch(document.name, keys)
  })
  core.moved.listen(() => isBegun && lookAtAll())
  core.opened.listen((document) => {
    if (isBegun) touch(document.name, keysOf(document))
  })

  /** The groups whose work concerns us. */
  function isOurs(group: string): boolean {
    return core.isOperator(core.peer) || group === core.groupOf(core.peer)
  }

  function touch(document: string, keys: readonly string[]): void {
    const group = groupNamed(document)
    if (isStopped || group === undefined || !isOurs(group)) return
    const touched = touchedByGroup.get(group) ?? new Set()
    for (const key of keys) touched.add(key)
    touchedByGroup.set(group, touched)
    cancelGather ??= clock.after(gatherMs, () => {
      cancelGather = undefined
      tell().catch((thrown: unknown) => core.log.warn('notices_not_kept', { thrown }))
    })
  }

  /** What happened while we were away, or elsewhere. */
  function lookAtAll(): void {
    for (const document of core.documents()) touch(document.name, keysOf(document))
  }

  function keysOf(document: { list(prefix: string): readonly { key: string }[] }): string[] {
    return document.list('').map(({ key }) => key)
  }

  async function tell(): Promise<void> {
    const touched = touchedByGroup
    touchedByGroup = new Map()
    const since = msToHybrid(deps.sinceMs())
    const derived = [...touched].flatMap(([group, keys]) =>
      work.look((desk) => sources.flatMap((source) => source(desk, [...keys])), group),
    )
    const fresh = derived.filter(({ at }) => at >= since)
    awaitDeadline([...touched.keys()])
    if (fresh.length === 0) return
    try {
      const batch = await core.ledger.begin()
      for (const notice of fresh) inbox.tell(batch, notice)
      await batch.commit()
    } catch (thrown) {
      for (const [group, keys] of touched) {
        touchedByGroup.set(group, new Set([...(touchedByGroup.get(group) ?? []), ...keys]))
      }
      throw thrown
    }
  }

  /** No record tells that time is over. */
  function awaitDeadline(groups: readonly string[]): void {
    const ends = groups.flatMap((group) => work.look(nextDeadlineMs, group) ?? [])
    if (ends.length === 0 || isStopped) return
    cancelDeadline()
    const waitMs = Math.max(0, Math.min(...ends) - clock.now()) + afterDeadlineMs
    cancelDeadline = clock.after(waitMs, () => {
      for (const document of core.documents()) {
        touch(
          document.name,
          document.list('proposal/').map(({ key }) => key),
        )
      }
    })
  }

  return {
    begin() {
      isBegun = true
      lookAtAll()
    },
    stop() {
      isStopped = true
      cancelGather?.()
      cancelDeadline()
    },
  }
}
