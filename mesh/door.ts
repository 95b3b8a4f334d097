import { z } from 'zod'
import { reasonMax, vote } from '../state/ballots.ts'
import { postDecisionInput, revokeDecisionInput } from '../state/decisionOperations.ts'
import { decisionCategory, decisionKey } from '../state/decisionTopics.ts'
import { autogroupMode } from '../state/groups.ts'
import { messageBytesMax, peerScope } from '../state/messages.ts'
import { claimTaskInput, completeTaskInput, createTaskInput } from '../state/taskOperations.ts'
import { tasksQuery } from '../state/tasks.ts'

const objectId = z.string().min(1).max(64)
const peerName = z.string().min(1).max(64)
const body = z.string().min(1).max(messageBytesMax)
const reason = z.string().max(reasonMax).optional()
const limit = z.number().int().min(1).max(200)
/** Messages of one inbox that are marked at once. */
const markedMax = 1_000

/** What can be asked through the control door, with the arguments of each command. */
export const controlCommands = {
  status: z.object({}),
  peers: z.object({ scope: peerScope.optional(), offline: z.boolean().optional() }),
  whoami: z.object({}),
  /** Events follow until the asker closes. */
  watch: z.object({}),
  /** The node says goodbye and its process ends. Answered before it does. */
  stop: z.object({}),
  send: z.object({ to: peerName, message: body, reply_to: objectId.optional() }),
  broadcast: z.object({ scope: peerScope, message: body }),
  history: z.object({
    peer: peerName.optional(),
    query: z.string().max(200).optional(),
    limit: limit.optional(),
    before: objectId.optional(),
    message_id: objectId.optional(),
  }),
  /** What waits to be read; with `seen`, what is answered counts as read from then on. */
  inbox: z.object({ limit: limit.optional(), seen: z.boolean().default(false) }),
  /** These were read, wherever they were shown. Unknown IDs are ignored. */
  markSeen: z.object({ message_ids: z.array(objectId).max(markedMax) }),
  receipts: z.object({ message_id: objectId.optional(), limit: limit.optional() }),
  /** Those that are open, or all. */
  proposals: z.object({ all: z.boolean().optional(), group: peerName.optional() }),
  vote: z.object({ proposal_id: objectId, vote, reason, group: peerName.optional() }),
  /** What waits for us, and what we wait for. */
  pending: z.object({ group: peerName.optional() }),
  /** Answers an approval or a verification. */
  respond: z.object({ id: objectId, yes: z.boolean(), reason, group: peerName.optional() }),
  /** Revoked ones too when a key is named, or when asked for. */
  decisions: z.object({
    key: decisionKey.optional(),
    category: decisionCategory.optional(),
    include_revoked: z.boolean().optional(),
    group: peerName.optional(),
  }),
  postDecision: z.object({ ...postDecisionInput.shape, group: peerName.optional() }),
  revokeDecision: z.object({ ...revokeDecisionInput.shape, group: peerName.optional() }),
  tasks: z.object({ ...tasksQuery.shape, group: peerName.optional() }),
  createTask: z.object({ ...createTaskInput.shape, group: peerName.optional() }),
  claimTask: z.object({ ...claimTaskInput.shape, group: peerName.optional() }),
  completeTask: z.object({ ...completeTaskInput.shape, group: peerName.optional() }),
  report: z.object({ since: z.string().max(40).optional(), group: peerName.optional() }),
  groups: z.object({}),
  group: z.discriminatedUnion('action', [
    z.object({ action: z.literal('create'), name: z.string().max(64) }),
    z.object({ action: z.literal('assign'), peer: peerName, group: peerName }),
    z.object({ action: z.enum(['delete', 'seal', 'open']), group: peerName }),
  ]),
  autogroup: z.object({ mode: autogroupMode.optional() }),
  /** Answers the receipts of one message once every recipient has it, or when the time is over. */
  awaitDelivery: z.object({
    message_id: objectId,
    timeout_ms: z.number().int().min(0).max(600_000),
  }),
} as const

/** The name of a command of the control door. */
export type ControlCommand = keyof typeof controlCommands

/** A control link to one node of this device. */
export interface Door {
  readonly node: string
  readonly peer: string
  /**
   * Asks one thing. Rejects with the MeshError that the node answered, or with UNREACHABLE when it
   * answers nothing. `waitMs`: how long the node was asked to wait before it answers.
   */
  request(command: ControlCommand, input: unknown, waitMs?: number): Promise<unknown>
  /** Calls back for every event frame after a `watch` request. */
  onEvent(listener: (event: unknown) => void): void
  /** Resolves when the link has ended, whoever ended it. */
  readonly closed: Promise<string>
  close(): void
}
