import type { ActivityLog } from './activity.ts'
import type { Approval } from './approvals.ts'
import type { Decision } from './decisions.ts'
import type { PeerId } from './ids.ts'
import type { Peer } from './peers.ts'
import type { Proposal } from './proposals.ts'
import { oneLine } from './quoting.ts'
import type { Task } from './tasks.ts'
import type { Verification } from './verifications.ts'

/** Longest text of somebody else in a line. */
const textMax = 200
/** Sides of a conflict that are told. */
const sidesMax = 3

/** All that a report is written from: everything of one group. */
export interface ReportFacts {
  readonly group: string
  readonly sinceMs: number
  readonly nowMs: number
  readonly nameOf: (peer: PeerId) => string
  readonly participants: readonly Peer[]
  /** Those that are open, and those that were completed since. */
  readonly tasks: readonly Task[]
  /** Revoked ones too, with their history. */
  readonly decisions: readonly Decision[]
  readonly verifications: readonly Verification[]
  readonly proposals: readonly Proposal[]
  readonly approvals: readonly Approval[]
  readonly log: ActivityLog
}

/** A part of a report: at most so many characters. */
export interface Section {
  readonly title: string
  readonly lines: readonly string[]
  readonly most: number
  /** What to call when lines were left out. */
  readonly more: string
}

/** The sections of a report in their order; what they may have together leaves room for their titles. */
export function sectionsOf(facts: ReportFacts): readonly Section[] {
  return [
    participants(facts),
    tasks(facts),
    decisions(facts),
    verifications(facts),
    proposals(facts),
    approvals(facts),
    files(facts),
    messages(facts),
    activity(facts),
  ]
}

function participants({ participants, sinceMs }: ReportFacts): Section {
  const there = participants.filter(
    ({ online, last_seen }) => online || Date.parse(last_seen) >= sinceMs,
  )
  return {
    title: 'Participants',
    lines: there.map(({ name, online, status, branch, cwd, summary }) => {
      const place = [
        online ? status : 'left',
        ...(branch ? [`branch ${said(branch)}`] : []),
        said(cwd),
      ]
      return `**${said(name)}** (${place.join(', ')})${summary ? `: ${said(summary)}` : ''}`
    }),
    most: 1_800,
    more: 'list_peers',
  }
}

function tasks({ tasks, nameOf }: ReportFacts): Section {
  const done = tasks.filter(({ status }) => status === 'completed').length
  return {
    title: `Tasks (${done} completed, ${tasks.length - done} open)`,
    lines: tasks.map(({ status, title, owner, assignee, result }) => {
      const who = owner ?? assignee
      const box = status === 'completed' ? '[x]' : '[ ]'
      const state = [status, ...(who ? [said(nameOf(who))] : [])].join(', ')
      return `${box} **${said(title)}** (${state})${result ? `: ${said(result)}` : ''}`
    }),
    most: 2_600,
    more: 'list_tasks',
  }
}

function decisions({ decisions, nameOf, sinceMs }: ReportFacts): Section {
  const isRecent = ({ at, history = [] }: Decision) => isSince(history[0]?.at ?? at, sinceMs)
  const shown = decisions.filter((each) => each.conflict !== undefined || isRecent(each))
  const held = decisions.filter(({ status }) => status === 'active').length
  return {
    title: `Decisions (${shown.length} changed, ${held} in force)`,
    lines: shown.map(({ key, value, rationale, category, by, status, conflict }) => {
      const about = `**${said(key)}** [${said(category)}]`
      if (conflict) {
        const sides = conflict.map((side) => `${said(nameOf(side.by))} says ${said(side.value)}`)
        return `${about} CONFLICT of ${sides.length}: ${sides.slice(0, sidesMax).join('; ')}`
      }
      const revoked = status === 'revoked' ? ', revoked' : ''
      return `${about} = ${said(value)} (${said(nameOf(by))}${revoked}): ${said(rationale)}`
    }),
    most: 2_600,
    more: 'query_decisions',
  }
}

function verifications({ verifications, nameOf, sinceMs }: ReportFacts): Section {
  const shown = verifications.filter(
    ({ status, at }) => status === 'pending' || isSince(at, sinceMs),
  )
  return {
    title: 'Verifications',
    lines: shown.map(({ status, claim, requester, verifier, response }) => {
      const who = `${said(nameOf(requester))} asked ${nameOfAsked(verifier, nameOf)}`
      return `${status}: ${said(claim)} (${who})${response ? `: ${said(response)}` : ''}`
    }),
    most: 1_400,
    more: 'list_pending',
  }
}

function proposals({ proposals, nameOf, sinceMs }: ReportFacts): Section {
  const shown = proposals.filter(({ status, at }) => status === 'open' || isSince(at, sinceMs))
  return {
    title: 'Proposals',
    lines: shown.map(({ status, title, author, approvals, rejections, required }) => {
      const count = `${approvals} for, ${rejections} against, ${required} needed`
      return `${status}: **${said(title)}** (${said(nameOf(author))}; ${count})`
    }),
    most: 1_200,
    more: 'list_pending',
  }
}

function approvals({ approvals, nameOf, sinceMs }: ReportFacts): Section {
  const shown = approvals.filter(({ status, at }) => status === 'pending' || isSince(at, sinceMs))
  return {
    title: 'Approvals',
    lines: shown.map(({ status, action, requester, approver, reason }) => {
      const who = `${said(nameOf(requester))} asked ${nameOfAsked(approver, nameOf)}`
      return `${status}: ${said(action)} (${who})${reason ? `: ${said(reason)}` : ''}`
    }),
    most: 1_200,
    more: 'list_pending',
  }
}

function files({ participants }: ReportFacts): Section {
  const namesByFile = new Map<string, string[]>()
  for (const { name, files } of participants) {
    for (const file of files) namesByFile.set(file, [...(namesByFile.get(file) ?? []), said(name)])
  }
  return {
    title: 'Files in progress',
    lines: [...namesByFile].map(
      ([file, names]) => `${said(file)}: ${names.join(', ')}${names.length > 1 ? ' CONFLICT' : ''}`,
    ),
    most: 1_000,
    more: 'list_peers',
  }
}

function messages({ log, nameOf }: ReportFacts): Section {
  const counts = [...log.messages].sort(([, left], [, right]) => right - left)
  const total = counts.reduce((sum, [, count]) => sum + count, 0)
  return {
    title: `Messages (${total})`,
    lines: counts.map(([peer, count]) => `${said(nameOf(peer))}: ${count}`),
    most: 700,
    more: 'message_history',
  }
}

function activity({ log, nameOf }: ReportFacts): Section {
  return {
    title: `Activity (${log.total}, the newest first)`,
    lines: log.entries.map(
      ({ at, peer, action, detail }) =>
        `${at} ${said(nameOf(peer))} ${said(action)} ${said(detail)}`,
    ),
    most: 1_700,
    more: 'a report with a shorter since',
  }
}

function isSince(at: string, sinceMs: number): boolean {
  return Date.parse(at) >= sinceMs
}

function nameOfAsked(asked: PeerId | 'operator', nameOf: (peer: PeerId) => string): string {
  return asked === 'operator' ? 'the operator' : said(nameOf(asked))
}

/** What somebody wrote, as one piece of a line that Markdown does not read. */
export function said(text: string): string {
  return oneLine(text, textMax).replace(/[\\`*<[\]]/g, '\\$&')
}
