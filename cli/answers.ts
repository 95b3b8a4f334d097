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
      since: z.string(),
    }),
  ),
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

/** Reads an answer. Fails with INTERNAL when the node speaks another language than this command. */
export function readAnswer<Answer>(schema: z.ZodType<Answer>, answer: unknown): Answer {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new MeshError('INTERNAL', 'The node gave an answer that this command cannot read.', {
    hint: 'It may be of another version: restart that session.',
    cause: parsed.error,
  })
}
