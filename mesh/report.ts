import type { Activity, ActivityLog } from '../state/activity.ts'
import { approvalsOf } from '../state/approvals.ts'
import { decisionsOf } from '../state/decisions.ts'
import type { Desk } from '../state/desk.ts'
import { type Entry, groupScope, pairOf } from '../state/feeds.ts'
import { hybridToIso, msToHybrid } from '../state/hybrid.ts'
import { type PeerId, uuidTime } from '../state/ids.ts'
import { proposalsOf } from '../state/proposals.ts'
import { writeReport } from '../state/report.ts'
import { sinceOf } from '../state/since.ts'
import { boardOf, tasksOf } from '../state/tasks.ts'
import { verificationsOf } from '../state/verifications.ts'
import type { Core } from './core.ts'
import type { Groups } from './mesh.ts'
import type { Peers } from './peers.ts'
import type { Sessions } from './sessions.ts'
import type { Work } from './work.ts'

/** Entries read from disk at once, looked at for one report, and kept of the group's log. */
const limits = { page: 200, looked: 20_000, kept: 100 } as const

/** What reporting needs. */
export interface ReportsDeps {
  readonly peers: Peers
  readonly sessions: Sessions
  readonly groups: Pick<Groups, 'nameOf'>
  readonly work: Pick<Work, 'look'>
}

/** Tells what happened in a group. */
export interface Reports {
  /**
   * Markdown about our group, or for the operator about any. `since` is an ISO 8601 time or an age
   * such as `2h`; without it, since the mesh session began. Fails with BAD_INPUT.
   */
  report(query: {
    readonly since?: string
    readonly group?: string
  }): Promise<{ readonly report: string }>
}

/** Makes the reports of a node. */
export function createReports(core: Core, deps: ReportsDeps): Reports {
  const { peers, sessions, groups, work } = deps

  return {
    async report({ since, group = core.groupOf(core.peer) }) {
      const nowMs = core.clock.now()
      const sinceMs = sinceOf(since, { nowMs, beginMs: uuidTime(sessions.current() ?? '') })
      const log = await readLog(core, group, sinceMs)
      const { self, peers: others } = peers.list({ offline: true })
      const participants = (core.isOperator(core.peer) ? others : [self, ...others]).filter(
        ({ id }) => core.groupOf(id as PeerId) === group,
      )
      const facts = { group: groups.nameOf(group), sinceMs, nowMs, participants, log }
      return {
        report: work.look((desk) => writeReport({ ...facts, ...viewsOf(desk, sinceMs) }), group),
      }
    },
  }
}

function viewsOf(desk: Desk, sinceMs: number) {
  const board = boardOf(desk)
  const since = msToHybrid(sinceMs)
  return {
    nameOf: desk.nameOf,
    tasks: tasksOf(desk).filter(
      ({ id, status }) => status !== 'completed' || (board.get(id)?.completion?.at ?? 0) >= since,
    ),
    decisions: decisionsOf(desk, { includeRevoked: true, withHistory: true }),
    verifications: verificationsOf(desk),
    proposals: proposalsOf(desk),
    approvals: approvalsOf(desk),
  }
}

/** What the feeds of a group hold since a moment, and what its members say to each other that is here. */
async function readLog(core: Core, group: string, sinceMs: number): Promise<ActivityLog> {
  const entries: Activity[] = []
  const messages = new Map<PeerId, number>()
  let total = 0
  let looked = 0

  function take(item: Entry): void {
    if (item.kind === 'message') {
      if (item.group === group) messages.set(item.peer, (messages.get(item.peer) ?? 0) + 1)
      return
    }
    total += 1
    if (entries.length >= limits.kept || !item.body || !('action' in item.body)) return
    const { action, detail } = item.body
    entries.push({ at: hybridToIso(item.at), peer: item.peer, action, detail })
  }

  const since = msToHybrid(sinceMs)
  const direct = core.feeds.scopes().filter((scope) => pairOf(scope) !== undefined)
  for (const scope of [groupScope(group), ...direct]) {
    let before: string | undefined
    for (let isEnded = false; !isEnded && looked < limits.looked; ) {
      const query = { limit: limits.page, ...(before === undefined ? {} : { before }) }
      const rows = await core.feeds.timeline(scope, query)
      const recent = rows.filter(({ entry }) => entry.at >= since)
      for (const { entry } of recent) take(entry)
      looked += rows.length
      before = rows.at(-1)?.place
      isEnded = recent.length < limits.page
    }
  }
  return { entries, total, messages, isWhole: looked < limits.looked }
}
