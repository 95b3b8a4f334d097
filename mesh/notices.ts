import type { Notices } from '../state/desk.ts'
import { groupNamed } from '../state/groups.ts'
import { type HybridTime, msToHybrid } from '../state/hybrid.ts'
import type { Notice } from '../state/inbox.ts'
import { nextDeadlineMs } from '../state/proposals.ts'
import { settleMs } from '../state/taskHistory.ts'
import type { Core } from './core.ts'
import type { OwnInbox } from './inbox.ts'
import type { Work } from './work.ts'

/** Changes within this time are looked at together. */
const gatherMs = 20
/** A deadline is looked at a moment later, so that it is surely over. */
const afterDeadlineMs = 50
/** Clocks are set, and timers stand still while a machine sleeps: so long nobody trusts one. */
const trustMs = 30_000
/** After the disk has refused something all is read again: telling it at once would go round and round. */
const retryMs = 5_000

/** What telling needs. */
export interface NoticesDeps {
  readonly inbox: Pick<OwnInbox, 'tell'>
  readonly work: Pick<Work, 'look'>
  /** What each concept has to tell. */
  readonly sources: readonly Notices[]
  /** When this peer began to belong to its group, in milliseconds since 1970: older things that wake nobody are history. */
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
  let isRefused = false
  let cancelGather: (() => void) | undefined
  let cancelDeadline = () => {}
  let cancelSettled = () => {}
  /** The next deadline, in milliseconds since 1970. */
  let deadlineMs = Number.POSITIVE_INFINITY

  core.changed.listen(({ document, keys }) => {
    if (!isBegun) return
    // What an operator said may have been here before it was known to be one.
    const isAboutOperators = keys.some((key) => key.startsWith('operator/'))
    if (document === core.directory && isAboutOperators) lookAtAll()
    else touch(document.name, keys)
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
    if (isStopped || group === undefined || keys.length === 0 || !isOurs(group)) return
    const touched = touchedByGroup.get(group) ?? new Set()
    for (const key of keys) touched.add(key)
    touchedByGroup.set(group, touched)
    cancelGather ??= clock.after(isRefused ? retryMs : gatherMs, () => {
      cancelGather = undefined
      tell().catch((thrown: unknown) => core.log.warn('notices_not_kept', { thrown }))
    })
  }

  /** What happened while we were away, or elsewhere. */
  function lookAtAll(): void {
    for (const document of core.documents()) touch(document.name, keysOf(document))
  }

  /** What a former process of ours has just claimed is not settled yet, and nobody is left to answer. */
  function lookAgain(since: HybridTime): void {
    cancelSettled = clock.after(settleMs, () => {
      for (const document of core.documents()) {
        const fresh = document.list('task/').filter(({ by, at }) => by === core.peer && at >= since)
        touch(
          document.name,
          fresh.map(({ key }) => key),
        )
      }
    })
  }

  function keysOf(document: { list(prefix: string): readonly { key: string }[] }): string[] {
    return document.list('').map(({ key }) => key)
  }

  async function tell(): Promise<void> {
    const touched = touchedByGroup
    touchedByGroup = new Map()
    try {
      const batch = await core.ledger.begin()
      // Derived only now: a notice may depend on what was told before.
      for (const notice of derive(touched)) inbox.tell(batch, notice)
      awaitDeadline([...touched.keys()])
      await batch.commit()
      isRefused = false
    } catch (thrown) {
      isRefused = true
      for (const [group, keys] of touched) {
        touchedByGroup.set(group, new Set([...(touchedByGroup.get(group) ?? []), ...keys]))
      }
      throw thrown
    }
  }

  function derive(touched: ReadonlyMap<string, ReadonlySet<string>>): readonly Notice[] {
    const since = msToHybrid(deps.sinceMs())
    const derived = [...touched].flatMap(([group, keys]) =>
      work.look((desk) => sources.flatMap((source) => source(desk, [...keys])), group),
    )
    // What was decided before we came is history; what waits for us is not, however old it is.
    return derived.filter(({ at, wakes }) => wakes || at >= since)
  }

  /** No record tells that time is over. */
  function awaitDeadline(groups: readonly string[]): void {
    const ends = groups.flatMap((group) => work.look(nextDeadlineMs, group) ?? [])
    deadlineMs = Math.min(deadlineMs, ...ends)
    if (deadlineMs !== Number.POSITIVE_INFINITY) lookAtDeadline()
  }

  /** Waits for the next deadline, and looks at all proposals when it is over. */
  function lookAtDeadline(): void {
    cancelDeadline()
    if (isStopped) return
    const waitMs = deadlineMs + afterDeadlineMs - clock.now()
    if (waitMs > 0) {
      cancelDeadline = clock.after(Math.min(waitMs, trustMs), lookAtDeadline)
      return
    }
    deadlineMs = Number.POSITIVE_INFINITY
    for (const document of core.documents()) {
      touch(
        document.name,
        document.list('proposal/').map(({ key }) => key),
      )
    }
  }

  return {
    begin() {
      isBegun = true
      lookAtAll()
      lookAgain(msToHybrid(clock.now() - settleMs))
    },
    stop() {
      isStopped = true
      cancelGather?.()
      cancelDeadline()
      cancelSettled()
    },
  }
}
