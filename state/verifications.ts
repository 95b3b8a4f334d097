import { z } from 'zod'
import { type Desk, type Notices, type Operation, touchedIds } from './desk.ts'
import { invariant } from './errors.ts'
import { hybridToIso } from './hybrid.ts'
import type { ObjectId, PeerId } from './ids.ts'
import type { Notice } from './inbox.ts'
import { nextMove, noticeText } from './noticeText.ts'
import { oneLine, quote } from './quoting.ts'
import { answeredByUs, askedBy, planAnswer, planQuestion } from './requestOperations.ts'
import { type Asked, asked, createRequests, isAsked, type Request } from './requests.ts'

/** Files that one verification names. */
const filesMax = 50
/** Characters of all of them. */
const filesCharactersMax = 8_000

/** What can be said about a verification, with its limits. */
export const verificationFields = {
  claim: z.string().trim().min(1).max(2_000),
  evidence_needed: z.string().trim().min(1).max(2_000),
  files_to_check: z
    .array(z.string().min(1).max(1_024))
    .refine((files) => files.length <= filesMax, `At most ${filesMax} files.`)
    .refine((files) => files.join('').length <= filesCharactersMax, 'The paths are too long.'),
  status: z.enum(['verified', 'failed']),
  response: z.string().trim().min(1).max(8_000),
  evidence: z.string().max(8_000),
} as const
type Fields = typeof verificationFields

const question = z.object({
  to: asked,
  claim: z.string().min(1).max(2_000),
  evidence_needed: z.string().max(2_000),
  files_to_check: verificationFields.files_to_check,
})
const answer = z.object({
  status: verificationFields.status,
  response: z.string().max(8_000),
  evidence: z.string().max(8_000).nullable(),
})
const verifications = createRequests('verification', { question, answer })
type VerificationRequest = Request<z.infer<typeof question>, z.infer<typeof answer>>

/** How a verification stands. */
export type VerificationStatus = 'pending' | 'verified' | 'failed'

/** A verification as tools, commands and the page show it. Times are ISO 8601 UTC, peers are IDs. */
export interface Verification {
  readonly id: ObjectId
  readonly status: VerificationStatus
  readonly requester: PeerId
  /** One peer, or `operator` for whichever operator answers first. */
  readonly verifier: Asked
  readonly claim: string
  readonly evidence_needed: string
  readonly files_to_check: readonly string[]
  readonly response: string | null
  readonly evidence: string | null
  readonly answered_by: PeerId | null
  readonly at: string
}

/** What `request_verification` is asked. `to` is a name, an ID, or `operator`. */
export interface RequestVerificationInput {
  readonly to: string
  readonly claim: z.output<Fields['claim']>
  readonly evidence_needed: z.output<Fields['evidence_needed']>
  readonly files_to_check?: z.output<Fields['files_to_check']> | undefined
}

/** What `respond_verification` is asked. */
export interface RespondVerificationInput {
  readonly verification_id: string
  readonly status: z.output<Fields['status']>
  readonly response: z.output<Fields['response']>
  readonly evidence?: z.output<Fields['evidence']> | undefined
}

/** Asks somebody to check a claim. Fails with UNKNOWN_PEER, AMBIGUOUS_PEER or REFUSED. */
export function requestVerification(input: RequestVerificationInput): Operation<Verification> {
  return (desk) => {
    const { to, claim, evidence_needed, files_to_check = [] } = input
    const said = { to: askedBy(to, desk), claim, evidence_needed, files_to_check }
    const { id, records } = planQuestion(verifications, said, desk)
    return {
      records,
      activity: { action: 'asked for verification', detail: `${quote(claim)} (${id})` },
      answer: (later) => verificationIn(id, later),
    }
  }
}

/**
 * Says whether a claim holds. Fails with UNKNOWN_REQUEST, AMBIGUOUS_ID, REFUSED when we were not
 * asked, or ALREADY_DECIDED, also when the answer shows that somebody else was faster.
 */
export function respondVerification(input: RespondVerificationInput): Operation<Verification> {
  return (desk) => {
    const { verification_id, status, response } = input
    const said = { status, response, evidence: input.evidence?.trim() || null }
    const given = { id: verification_id, said }
    const { id, records, request } = planAnswer(verifications, given, desk)
    return {
      records,
      activity: {
        action: status === 'verified' ? 'verified' : 'found wrong',
        detail: `the claim ${quote(request.said.claim)} (${id})`,
      },
      answer: (later) => describeVerification(answeredByUs(verifications, request, later)),
    }
  }
}

/** All verifications of a group as they are now, the newest first. */
export function verificationsOf(desk: Desk): readonly Verification[] {
  return verifications.all(desk).map(describeVerification)
}

/**
 * Whoever is asked hears of it while nobody has answered, and the requester of the answer that
 * counts: again when one arrives that was given earlier.
 */
export const verificationNotices: Notices = (desk, touched) =>
  [...touchedIds(touched, 'verification')].flatMap((id) => {
    const request = verifications.one(id, desk)
    if (!request) return []
    const notice =
      request.by === desk.peer ? answerNotice(request, desk) : questionNotice(request, desk)
    return notice ?? []
  })

function questionNotice(request: VerificationRequest, desk: Desk): Notice | undefined {
  const { id, by, at, said, answers } = request
  if (answers.length > 0 || !isAsked(desk.peer, said, desk)) return undefined
  const files = said.files_to_check.join(', ')
  const move = nextMove(desk, {
    tool: `respond_verification, verification_id ${id}; list_pending shows all of it`,
    command: `\`mesh proposals answer ${id} yes\`, or no, with --reason`,
  })
  return {
    id: `verification/${id}/request`,
    at,
    text: noticeText([
      `${desk.nameOf(by)} asks you to verify: ${oneLine(said.claim, 700)}`,
      `Evidence needed: ${oneLine(said.evidence_needed, 500)}`,
      ...(files === '' ? [] : [`Files to check: ${oneLine(files, 400)}`]),
      `Answer with ${move}.`,
    ]),
    wakes: true,
  }
}

function answerNotice(request: VerificationRequest, desk: Desk): Notice | undefined {
  const { id, said, answers } = request
  const [first, ...later] = answers
  if (!first) return undefined
  const { status, response, evidence } = first.said
  const who = desk.isOperator(first.by) ? 'The operator' : desk.nameOf(first.by)
  const others = later.filter((each) => each.said.status !== status)
  const names = others.map((each) => desk.nameOf(each.by)).join(', ')
  return {
    id: `verification/${id}/answer/${first.by}/${first.at}`,
    at: first.at,
    text: noticeText([
      `${who} ${status === 'verified' ? 'verified' : 'could not verify'}: ${oneLine(said.claim, 300)}`,
      `Response: ${oneLine(response, 700)}`,
      ...(evidence === null ? [] : [`Evidence: ${oneLine(evidence, 500)}`]),
      ...(others.length === 0
        ? []
        : [`This holds, as it was first; the other answer of ${oneLine(names)} does not count.`]),
      `Verification ${id}: ${status}.`,
    ]),
    wakes: true,
  }
}

function verificationIn(id: ObjectId, desk: Desk): Verification {
  const request = verifications.one(id, desk)
  invariant(request, 'what was just asked is there')
  return describeVerification(request)
}

function describeVerification({ id, by, at, said, answers }: VerificationRequest): Verification {
  const [first] = answers
  const { to, ...asked } = said
  return {
    ...{ id, requester: by, verifier: to, ...asked },
    status: first?.said.status ?? 'pending',
    response: first?.said.response ?? null,
    evidence: first?.said.evidence ?? null,
    answered_by: first?.by ?? null,
    at: hybridToIso(at),
  }
}
