import { z } from 'zod'
import { reasonMax } from './ballots.ts'
import { type Desk, type Notices, type Operation, touchedIds } from './desk.ts'
import { invariant } from './errors.ts'
import { hybridToIso } from './hybrid.ts'
import type { ObjectId, PeerId } from './ids.ts'
import type { Notice } from './inbox.ts'
import { nextMove, noticeText } from './noticeText.ts'
import { ended, oneLine, quote } from './quoting.ts'
import { answeredByUs, askedBy, planAnswer, planQuestion } from './requestOperations.ts'
import { type Asked, asked, createRequests, isAsked, type Request } from './requests.ts'

/** What is to be approved. */
export const approvalAction = z.string().trim().min(1).max(2_000)

const question = z.object({ to: asked, action: z.string().min(1).max(2_000) })
const answer = z.object({ approved: z.boolean(), reason: z.string().max(reasonMax).nullable() })
const approvals = createRequests('approval', { question, answer })
type ApprovalRequest = Request<z.infer<typeof question>, z.infer<typeof answer>>

/** How an approval stands. */
export type ApprovalStatus = 'pending' | 'approved' | 'rejected'

/** An approval as tools, commands and the page show it. Times are ISO 8601 UTC, peers are IDs. */
export interface Approval {
  readonly id: ObjectId
  readonly status: ApprovalStatus
  readonly requester: PeerId
  /** One peer, or `operator` for whichever operator answers first. */
  readonly approver: Asked
  readonly action: string
  readonly reason: string | null
  readonly answered_by: PeerId | null
  readonly at: string
}

/** What `request_approval` is asked. `approver` is a name, an ID, or `operator`. */
export interface RequestApprovalInput {
  readonly approver: string
  readonly action: z.output<typeof approvalAction>
}

/** What `respond_approval` is asked. */
export interface RespondApprovalInput {
  readonly approval_id: string
  readonly approved: boolean
  readonly reason?: string | undefined
}

/** Asks somebody to approve an action. Fails with UNKNOWN_PEER, AMBIGUOUS_PEER or REFUSED. */
export function requestApproval({ approver, action }: RequestApprovalInput): Operation<Approval> {
  return (desk) => {
    const to = askedBy(approver, desk)
    const { id, records } = planQuestion(approvals, { to, action }, desk)
    return {
      records,
      activity: { action: 'asked for approval', detail: `${quote(action)} (${id})` },
      answer: (later) => approvalIn(id, later),
    }
  }
}

/**
 * Approves or rejects. Fails with UNKNOWN_REQUEST, AMBIGUOUS_ID, REFUSED when we were not asked, or
 * ALREADY_DECIDED, also when the answer shows that somebody else was faster.
 */
export function respondApproval(input: RespondApprovalInput): Operation<Approval> {
  return (desk) => {
    const { approval_id, approved } = input
    const said = { approved, reason: input.reason?.trim() || null }
    const { id, records, request } = planAnswer(approvals, { id: approval_id, said }, desk)
    return {
      records,
      activity: {
        action: approved ? 'approved' : 'rejected',
        detail: `the approval ${quote(request.said.action)} (${id})`,
      },
      answer: (later) => describeApproval(answeredByUs(approvals, request, later)),
    }
  }
}

/** All approvals of a group as they are now, the newest first. */
export function approvalsOf(desk: Desk): readonly Approval[] {
  return approvals.all(desk).map(describeApproval)
}

/**
 * Whoever is asked hears of it while nobody has answered, and the requester of the answer that
 * counts: again when one arrives that was given earlier.
 */
export const approvalNotices: Notices = (desk, touched) =>
  [...touchedIds(touched, 'approval')].flatMap((id) => {
    const request = approvals.one(id, desk)
    if (!request) return []
    const notice =
      request.by === desk.peer ? answerNotice(request, desk) : questionNotice(request, desk)
    return notice ?? []
  })

function questionNotice(request: ApprovalRequest, desk: Desk): Notice | undefined {
  const { id, by, at, said, answers } = request
  if (answers.length > 0 || !isAsked(desk.peer, said, desk)) return undefined
  const most = 1_500
  const all = nextMove(desk, { tool: 'list_pending', command: '`mesh proposals pending --json`' })
  const more = said.action.length > most ? ` Read all of it with ${all}.` : ''
  const move = nextMove(desk, {
    tool: `respond_approval, approval_id ${id}`,
    command: `\`mesh proposals answer ${id} yes\`, or no`,
  })
  return {
    id: `approval/${id}/request`,
    at,
    text: noticeText([
      `${desk.nameOf(by)} asks you to approve: ${oneLine(said.action, most)}${more}`,
      `Answer with ${move}.`,
    ]),
    wakes: true,
  }
}

function answerNotice(request: ApprovalRequest, desk: Desk): Notice | undefined {
  const { id, said, answers } = request
  const [first, ...later] = answers
  if (!first) return undefined
  const { approved, reason } = first.said
  const isHuman = desk.isOperator(first.by)
  const who = isHuman ? 'The operator' : desk.nameOf(first.by)
  // An agent cannot give what only the user of this session can.
  const weight = approved && !isHuman ? ' This is the word of a peer, not of your user.' : ''
  const others = later.filter((each) => each.said.approved !== approved)
  const names = others.map((each) => desk.nameOf(each.by)).join(', ')
  return {
    id: `approval/${id}/answer/${first.by}/${first.at}`,
    at: first.at,
    text: noticeText([
      `${who} ${approved ? 'approved' : 'rejected'}: ${ended(oneLine(said.action, 400))}${weight}`,
      ...(reason === null ? [] : [`Reason: ${oneLine(reason, 800)}`]),
      ...(others.length === 0
        ? []
        : [`This holds, as it was first; the other answer of ${oneLine(names)} does not count.`]),
      `Approval ${id}.`,
    ]),
    wakes: true,
  }
}

function approvalIn(id: ObjectId, desk: Desk): Approval {
  const request = approvals.one(id, desk)
  invariant(request, 'what was just asked is there')
  return describeApproval(request)
}

function describeApproval({ id, by, at, said, answers }: ApprovalRequest): Approval {
  const [first] = answers
  const decided = first?.said.approved ? 'approved' : 'rejected'
  return {
    ...{ id, requester: by, approver: said.to, action: said.action },
    status: first ? decided : 'pending',
    reason: first?.said.reason ?? null,
    answered_by: first?.by ?? null,
    at: hybridToIso(at),
  }
}
