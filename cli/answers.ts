import { z } from 'zod'
import { MeshError } from '../state/errors.ts'

const peer = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  online: z.boolean(),
  branch: z.string().nullable(),
  cwd: z.string(),
  summary: z.string(),
  device: z.string(),
  last_seen: z.string(),
})
/** A peer, as far as the commands show it. */
export type PeerAnswer = z.infer<typeof peer>

/** What a node answers to `peers`. */
export const peersAnswer = z.object({ self: peer, peers: z.array(peer) })

/** What a node answers to `status`. */
export const statusAnswer = z.object({
  version: z.string(),
  mesh: z.string(),
  session: z.string(),
  node: z.string(),
  pid: z.number(),
  address: z.string(),
  uptime_ms: z.number(),
  route: z.string(),
  self: peer,
  peers: z.array(peer),
  unread: z.number(),
  links: z.array(
    z.object({
      peer: z.string(),
      name: z.string(),
      address: z.string(),
      side: z.string(),
      buffered_bytes: z.number(),
      bytes_in: z.number(),
      bytes_out: z.number(),
      rtt_ms: z.number().nullable(),
      since: z.string(),
    }),
  ),
  waiting: z.object({
    disk_writes: z.number(),
    inbox: z.number(),
    offline_entries: z.number(),
  }),
  store: z.object({
    directory: z.string(),
    bytes: z.number(),
    problem: z.string().optional(),
    set_aside: z.string().optional(),
  }),
  counters: z.record(z.string(), z.number()),
  dashboard: z.string().nullable(),
})
/** How a node says it is. */
export type StatusAnswer = z.infer<typeof statusAnswer>

/** What a node tells a watcher. */
export const eventAnswer = z.object({
  at: z.string(),
  kind: z.enum(['message', 'activity', 'joined', 'left', 'state']),
  peer: z.object({ id: z.string(), name: z.string() }),
  text: z.string(),
  message: z.object({ id: z.string(), to: z.array(z.string()), kind: z.string() }).optional(),
})
/** Something that happened, as a node tells it. */
export type EventAnswer = z.infer<typeof eventAnswer>

const named = z.object({ id: z.string(), name: z.string() })
const state = z.enum(['queued', 'delivered', 'shown', 'seen', 'acknowledged'])

/** What a node answers to `send`. What else it says is kept for `--json`. */
export const sendAnswer = z.looseObject({
  message_id: z.string(),
  to: named,
  state,
  reach: z.string(),
  repeated: z.boolean().optional(),
})

/** What became of a message to one peer. */
export type SendAnswer = z.infer<typeof sendAnswer>

/** What a node answers to `broadcast`. */
export const broadcastAnswer = z.looseObject({ message_id: z.string(), to: z.array(named) })
/** Whom a message to many went to. */
export type BroadcastAnswer = z.infer<typeof broadcastAnswer>

/** What a node answers to `receipts` and `awaitDelivery`. */
export const receiptsAnswer = z.object({
  messages: z.array(z.looseObject({ id: z.string(), to: named, state, at: z.string() })),
})

const message = z.looseObject({
  id: z.string(),
  from: named,
  to: z.array(z.string()),
  kind: z.string(),
  body: z.string(),
  reply_to: z.string().optional(),
  sent_at: z.string(),
  state: z.string().optional(),
  trust: z.string(),
  repeat: z.boolean().optional(),
  context: z
    .object({
      branch: z.string().nullable(),
      files: z.array(z.string()),
      summary: z.string(),
      cwd: z.string(),
    })
    .optional(),
})
/** A message, as far as the commands show it. */
export type MessageAnswer = z.infer<typeof message>

/** What a node answers to `inbox`; `unread` counts what waits beside these. */
export const inboxAnswer = z.object({ messages: z.array(message), unread: z.number() })
/** What waits to be read. */
export type InboxAnswer = z.infer<typeof inboxAnswer>

/** What a node answers to `history`. */
export const historyAnswer = z.object({ messages: z.array(message), next: z.string().optional() })
/** A page of what was said. */
export type HistoryAnswer = z.infer<typeof historyAnswer>

const proposal = z.looseObject({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  required: z.number(),
  approvals: z.number(),
  rejections: z.number(),
  votes: z.array(z.object({ peer: z.string(), vote: z.string() })),
  deadline: z.string().nullable(),
  author: z.string(),
})
/** A proposal, as far as the commands show it. */
export type ProposalAnswer = z.infer<typeof proposal>

/** What a node answers to `proposals`. */
export const proposalsAnswer = z.object({ proposals: z.array(proposal) })
/** What a node answers to `vote`. */
export const proposalAnswer = z.object({ proposal })

const request = z.looseObject({ id: z.string(), status: z.string(), requester: z.string() })
const approval = request.extend({ approver: z.string(), action: z.string() })
const verification = request.extend({ verifier: z.string(), claim: z.string() })

/** What a node answers to `respond`: one of them. */
export const respondAnswer = z.object({
  approval: approval.optional(),
  verification: verification.optional(),
})

/** What a node answers to `pending`. */
export const pendingAnswer = z.object({
  approvals: z.array(approval),
  verifications: z.array(verification),
  proposals: z.array(proposal),
  tasks: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      creator: z.string(),
      owner: z.string().nullable(),
      assignee: z.string().nullable(),
    }),
  ),
})
/** What waits for somebody, and what it waits for. */
export type PendingAnswer = z.infer<typeof pendingAnswer>

const task = z.looseObject({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  priority: z.string(),
  assignee: z.string().nullable(),
  owner: z.string().nullable(),
  creator: z.string(),
})
/** A task, as far as the commands show it. */
export type TaskAnswer = z.infer<typeof task>

/** What a node answers to `tasks`. */
export const tasksAnswer = z.object({ tasks: z.array(task) })
/** What a node answers to `createTask`, `claimTask` and `completeTask`. */
export const taskAnswer = z.object({ task })

const decisionValue = z.looseObject({
  value: z.string(),
  rationale: z.string(),
  category: z.string(),
  by: z.string(),
  at: z.string(),
})
const decision = decisionValue.extend({
  key: z.string(),
  status: z.enum(['active', 'revoked']),
  group: z.string().optional(),
  conflict: z.array(decisionValue).optional(),
  history: z
    .array(
      z.looseObject({
        status: z.enum(['posted', 'revoked']),
        by: z.string(),
        at: z.string(),
        value: z.string().optional(),
        reason: z.string().optional(),
      }),
    )
    .optional(),
})
/** A decision, as far as the commands show it. */
export type DecisionAnswer = z.infer<typeof decision>

/** What a node answers to `decisions`. */
export const decisionsAnswer = z.object({ decisions: z.array(decision) })
/** What a node answers to `postDecision` and `revokeDecision`. */
export const decisionAnswer = z.object({ decision })
/** What a node answers to `report`: Markdown. */
export const reportAnswer = z.object({ report: z.string() })

/** Reads an answer. Fails with INTERNAL when the node speaks another language than this command. */
export function readAnswer<Answer>(schema: z.ZodType<Answer>, answer: unknown): Answer {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new MeshError('INTERNAL', 'The node gave an answer that this command cannot read.', {
    hint: 'It may be of another version: restart that session.',
    cause: parsed.error,
  })
}

const group = z.object({
  id: z.string(),
  name: z.string(),
  sealed: z.boolean(),
  automatic: z.boolean(),
  members: z.array(z.object({ id: z.string(), name: z.string(), online: z.boolean() })),
})
/** A group, as far as the commands show it. */
export type GroupAnswer = z.infer<typeof group>

/** What a node answers to `groups`. */
export const groupsAnswer = z.object({ groups: z.array(group), autogroup: z.string() })
/** What a node answers to a change of a group. */
export const groupAnswer = z.object({ group })
/** What a node answers to `autogroup`. */
export const autogroupAnswer = z.object({ autogroup: z.string() })
