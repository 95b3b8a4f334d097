import type { Desk, WorkDesk } from './desk.ts'
import type { Put } from './document.ts'
import { MeshError } from './errors.ts'
import type { ObjectId } from './ids.ts'
import { findById } from './lookup.ts'
import {
  type Asked,
  anyOperator,
  mayAnswer,
  nameOfAsked,
  type Request,
  type Requests,
} from './requests.ts'

/** Requests of one kind that one peer may have waiting. */
const waitingMax = 50

/** Something to be asked, or answered, about a request. */
interface Planned {
  readonly id: ObjectId
  readonly records: readonly Put[]
}

/**
 * Who is meant by a text: `operator` is whichever operator answers first. Fails with UNKNOWN_PEER,
 * AMBIGUOUS_PEER, or REFUSED when that is ourselves.
 */
export function askedBy(text: string, desk: WorkDesk): Asked {
  const isOperator = text.trim().toLowerCase() === anyOperator
  const to = isOperator ? anyOperator : desk.resolve(text)
  if (to === desk.peer || (isOperator && desk.isOperator(desk.peer))) {
    throw new MeshError('REFUSED', 'You cannot ask yourself.', {
      hint: 'Name another peer, see list_peers, or the operator.',
    })
  }
  return to
}

/** Plans to ask something. Fails with REFUSED when too much of ours waits. */
export function planQuestion<Question extends { readonly to: Asked }, Answer>(
  requests: Requests<Question, Answer>,
  said: Question,
  desk: WorkDesk,
): Planned {
  const waiting = requests
    .all(desk)
    .filter(({ by, answers }) => by === desk.peer && answers.length === 0)
  if (waiting.length >= waitingMax) {
    throw new MeshError('REFUSED', `${waitingMax} requests of yours wait for an answer already.`, {
      hint: 'See list_pending, and remind those who have to answer.',
    })
  }
  const id = desk.createId()
  const key = `${requests.kind}/${id}/request/${desk.peer}`
  return { id, records: [{ key, value: said }] }
}

/**
 * Plans to answer the request that a text names. Fails with UNKNOWN_REQUEST, AMBIGUOUS_ID, REFUSED
 * when we were not asked, or ALREADY_DECIDED.
 */
export function planAnswer<Question extends { readonly to: Asked }, Answer>(
  requests: Requests<Question, Answer>,
  { id: text, said }: { readonly id: string; readonly said: Answer },
  desk: WorkDesk,
): Planned & { readonly request: Request<Question, Answer> } {
  const request = findById(text, requests.all(desk), {
    ...{ word: requests.kind, unknown: 'UNKNOWN_REQUEST' },
    hint: 'list_pending shows what waits for you.',
  })
  if (!mayAnswer(desk.peer, request.said, desk)) {
    const asked = nameOfAsked(request.said.to, desk)
    throw new MeshError('REFUSED', `This ${requests.kind} was asked of ${asked}, not of you.`, {
      hint: `Tell ${desk.nameOf(request.by)} what you know with send_message.`,
    })
  }
  refuseAnswered(requests.kind, request, desk)
  const key = `${requests.kind}/${request.id}/answer/${desk.peer}`
  return { id: request.id, request, records: [{ key, value: said, after: request.at }] }
}

/** The request with our answer. Fails with ALREADY_DECIDED when somebody else was faster. */
export function answeredByUs<Question extends { readonly to: Asked }, Answer>(
  requests: Requests<Question, Answer>,
  before: Request<Question, Answer>,
  desk: Desk,
): Request<Question, Answer> {
  const request = requests.one(before.id, desk) ?? before
  if (request.answers[0]?.by !== desk.peer) refuseAnswered(requests.kind, request, desk)
  return request
}

function refuseAnswered<Question extends { readonly to: Asked }, Answer>(
  kind: string,
  { answers, id, by }: Request<Question, Answer>,
  desk: Desk,
): void {
  const [first] = answers
  if (!first) return
  const who = first.by === desk.peer ? 'You' : desk.nameOf(first.by)
  throw new MeshError('ALREADY_DECIDED', `${who} answered the ${kind} ${id} already.`, {
    hint: `The first answer stands. If it is wrong, tell ${desk.nameOf(by)} with send_message.`,
  })
}
