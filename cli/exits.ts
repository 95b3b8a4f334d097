import type { ErrorCode } from '../state/errors.ts'

/** The exit codes of `mesh`, for scripts. */
export const exits = {
  ok: 0,
  failed: 1,
  usage: 2,
  noMesh: 3,
  unknownPeer: 4,
  refused: 5,
  notDelivered: 6,
  interrupted: 130,
} as const

/** What each refusal makes the command end with; everything else is a failure. */
const exitsByCode: Partial<Record<ErrorCode, number>> = {
  BAD_INPUT: exits.usage,
  NO_MESH: exits.noMesh,
  UNKNOWN_PEER: exits.unknownPeer,
  AMBIGUOUS_PEER: exits.unknownPeer,
  REFUSED: exits.refused,
  NOT_RECIPIENT: exits.refused,
  TASK_TAKEN: exits.refused,
  TASK_NOT_READY: exits.refused,
  TASK_COMPLETED: exits.refused,
  ALREADY_DECIDED: exits.refused,
  NAME_TAKEN: exits.refused,
  TOO_FAST: exits.refused,
  INBOX_FULL: exits.refused,
  CANCELLED: exits.interrupted,
}

/** The exit code that tells a script of this refusal. */
export function exitOf(code: ErrorCode): number {
  return exitsByCode[code] ?? exits.failed
}
