/** What can go wrong, as stable codes. The README documents each one; machines switch on these. */
export const errorCodes = [
  'BAD_INPUT',
  'UNKNOWN_PEER',
  'AMBIGUOUS_PEER',
  'UNKNOWN_GROUP',
  'UNKNOWN_MESSAGE',
  'AMBIGUOUS_MESSAGE',
  'UNKNOWN_DECISION',
  'UNKNOWN_TASK',
  'TASK_TAKEN',
  'TASK_NOT_READY',
  'TASK_COMPLETED',
  'UNKNOWN_PROPOSAL',
  'UNKNOWN_REQUEST',
  'AMBIGUOUS_ID',
  'ALREADY_DECIDED',
  'NOT_RECIPIENT',
  'NAME_TAKEN',
  'TOO_FAST',
  'INBOX_FULL',
  'STORE_FAILED',
  'STORE_LOCKED',
  'STORE_CLOSED',
  'HOME_UNSAFE',
  'NO_MESH',
  'REFUSED',
  'UNREACHABLE',
  'CANCELLED',
  'INTERNAL',
] as const
/** One of the stable codes. */
export type ErrorCode = (typeof errorCodes)[number]

/** Facts about a refusal: `hint` names the next move, `cause` is kept for the log only. */
export interface ErrorDetail {
  readonly hint?: string
  readonly cause?: unknown
}

/** A refusal that can happen in ordinary life. `message` says what happened, `hint` what to do next. */
export class MeshError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'MeshError'
    this.code = code
    this.hint = detail.hint
  }
}

/** Turns anything thrown into a MeshError, so that a door has one shape to report. */
export function toMeshError(thrown: unknown): MeshError {
  if (thrown instanceof MeshError) return thrown
  return new MeshError('INTERNAL', 'Something unexpected failed inside the mesh node.', {
    hint: 'Run `mesh doctor`; the stack is in the log.',
    cause: thrown,
  })
}

/** States what cannot be otherwise. Throws when the program itself is wrong. */
export function invariant(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${why}`)
}
