import { z } from 'zod'
import { createDerivation } from './derivation.ts'
import type { Desk } from './desk.ts'
import type { HybridTime } from './hybrid.ts'
import { isUuid, type ObjectId, type PeerId } from './ids.ts'
import { createReading } from './reading.ts'
import type { Rec } from './records.ts'

/** What the human is called who may sit at any device. */
export const anyOperator = 'operator'

/** Who is asked: one peer, or whichever operator answers first. */
export const asked = z.union([
  z.literal(anyOperator),
  z.custom<PeerId>((text) => typeof text === 'string' && text.length > 0 && text.length <= 32),
])
/** Who is asked. */
export type Asked = z.infer<typeof asked>

/** One answer to a request, by somebody who may give it. */
export interface Answered<Answer> {
  readonly by: PeerId
  readonly at: HybridTime
  readonly said: Answer
}

/** Something that one peer asks of another, with the answers it got: the first one counts. */
export interface Request<Question extends { readonly to: Asked }, Answer> {
  readonly id: ObjectId
  /** Who asks. */
  readonly by: PeerId
  readonly at: HybridTime
  readonly said: Question
  readonly answers: readonly Answered<Answer>[]
}

/** Requests of one kind among the records of a group. */
export interface Requests<Question extends { readonly to: Asked }, Answer> {
  readonly kind: string
  /** All of them, the newest first. */
  all(desk: Pick<Desk, 'list' | 'isOperator'>): readonly Request<Question, Answer>[]
  /** One of them. */
  one(id: string, desk: Pick<Desk, 'list' | 'isOperator'>): Request<Question, Answer> | undefined
}

/**
 * Makes the reading of requests of one kind, which stand under `<kind>/<id>/request/<peer>` and
 * `<kind>/<id>/answer/<peer>`. An ID belongs to whoever used it first, and who asks itself asks
 * nothing. Of answers count those of whom was asked and of operators, in the order of time.
 */
export function createRequests<Question extends { readonly to: Asked }, Answer>(
  kind: string,
  shapes: { readonly question: z.ZodType<Question>; readonly answer: z.ZodType<Answer> },
): Requests<Question, Answer> {
  const readQuestion = createReading(shapes.question)
  const readAnswer = createReading(shapes.answer)

  function read(recs: readonly Rec[], isOperator: Desk['isOperator']) {
    const sorted = [...recs].sort(byTime)
    const rec = sorted.find(isQuestion)
    const said = rec && readQuestion(rec)
    if (!rec || !said) return undefined
    const answers = sorted.flatMap((each) => {
      const answer = partOf(each) === 'answer' ? readAnswer(each) : undefined
      const counts = answer !== undefined && mayAnswer(each.by, said, { isOperator })
      return counts ? [{ by: each.by, at: each.at, said: answer }] : []
    })
    const id = (rec.key.split('/')[1] ?? '') as ObjectId
    if (!isUuid(id)) return undefined
    return { id, by: rec.by, at: rec.at, said, answers }
  }

  function isQuestion(rec: Rec): boolean {
    const said = partOf(rec) === 'request' ? readQuestion(rec) : undefined
    return said !== undefined && said.to !== rec.by
  }

  const readAll = createDerivation(kind, {
    derive: read,
    arrange: (requests) =>
      [...requests.values()].sort(
        (left, right) => right.at - left.at || (left.id < right.id ? 1 : -1),
      ),
  })

  return {
    kind,
    one: (id, desk) => read(desk.list(`${kind}/${id}/`), desk.isOperator),
    all: (desk) => readAll(desk).order,
  }
}

/** Whether a peer may answer: whom it was asked of, and every operator. */
export function mayAnswer(
  peer: PeerId,
  { to }: { readonly to: Asked },
  { isOperator }: Pick<Desk, 'isOperator'>,
): boolean {
  return peer === to || isOperator(peer)
}

/** Whether a peer is the one, or among those, of whom it was asked. */
export function isAsked(
  peer: PeerId,
  { to }: { readonly to: Asked },
  { isOperator }: Pick<Desk, 'isOperator'>,
): boolean {
  return to === anyOperator ? isOperator(peer) : peer === to
}

/** What whoever is asked is called. */
export function nameOfAsked(to: Asked, { nameOf }: Pick<Desk, 'nameOf'>): string {
  return to === anyOperator ? 'the operator' : nameOf(to)
}

/** The part of a key that says what stands there, or undefined when the key is not its writer's. */
function partOf({ key, by }: Rec): string | undefined {
  const [, , part, writer, ...rest] = key.split('/')
  return writer === by && rest.length === 0 ? part : undefined
}

function byTime(left: Rec, right: Rec): number {
  return left.at - right.at || (left.by < right.by ? -1 : 1)
}
