import { z } from 'zod'
import { cursor } from '../state/cursors.ts'
import { entry, recipientsMax } from '../state/feeds.ts'
import { fileCharactersMax, filesMax } from '../state/files.ts'
import { chosenStatus } from '../state/peers.ts'

/** Versions of the wire language that this node speaks: [oldest, newest]. */
export const protocolVersions = [1, 1] as const
/** Bytes of an update in one frame; bigger ones travel in pieces. */
export const pieceBytes = 262_144
/** Entries in one frame. */
export const entriesMax = 500
/** Nodes that one frame may introduce. */
export const introductionsMax = 256

const name = z.string().max(96)
const base64 = z.base64().max(400_000)
const feed = { scope: entry.shape.scope, peer: entry.shape.peer, node: entry.shape.node }
const head = z.number().int().nonnegative().max(1_000_000_000)

/** The first frame of each end: who am I, signed over this very connection. */
export const hello = z.object({
  kind: z.literal('hello'),
  protocol: z.tuple([z.number().int(), z.number().int()]),
  mesh: z.string().max(64),
  node: entry.shape.node,
  peer: entry.shape.peer,
  role: z.enum(['node', 'control']),
  /** Name of the machine, for people. */
  host: z.string().max(255),
  /** Where this node accepts links; a control end has no such place. */
  port: z.number().int().min(0).max(65_535),
  key: z.string().length(43),
  sig: z.string().length(86),
})
/** The first frame of each end. */
export type Hello = z.infer<typeof hello>

const frame = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ping'), number: z.number().int() }),
  z.object({ kind: z.literal('pong'), number: z.number().int() }),
  z.object({ kind: z.literal('bye'), reason: z.string().max(100) }),
  /** Nodes that the sender is linked to. */
  z.object({
    kind: z.literal('nodes'),
    nodes: z
      .array(
        z.object({
          node: entry.shape.node,
          /** Empty for the address at which the receiver knows the sender. */
          host: z.string().max(255),
          port: z.number().int().min(1).max(65_535),
        }),
      )
      .max(introductionsMax),
  }),
  /** Hashes of what the two share; a difference starts an exchange. */
  z.object({
    kind: z.literal('compare'),
    documents: z.record(name, z.string().max(32)),
    feeds: z.string().max(32),
    /** The sender asks for the receiver's hashes in return. */
    answer: z.boolean(),
    /** Asked because the two share more or less than before: a difference is no repair. */
    fresh: z.boolean().optional(),
  }),
  /** What the sender has of a document (Yjs state vector): asks for the rest. */
  z.object({ kind: z.literal('state'), document: name, vector: base64 }),
  /** A Yjs update, whole or the given piece of it. */
  z.object({
    kind: z.literal('update'),
    document: name,
    update: base64,
    piece: z
      .object({
        id: z.number().int(),
        index: z.number().int().nonnegative(),
        of: z.number().int().max(4_096),
      })
      .optional(),
  }),
  /** What the sender has of the feeds of its shared scopes: `<peer>/<node>` to sequence number. */
  z.object({
    kind: z.literal('heads'),
    scopes: z.record(entry.shape.scope, z.record(z.string().max(64), head)),
  }),
  /** Asks for entries of a feed, from a sequence number up. */
  z.object({ kind: z.literal('want'), ...feed, from: head, to: head }),
  z.object({
    kind: z.literal('entries'),
    entries: z.array(entry).max(entriesMax),
    /** The answer to a `want` from there: what is missing in it was let go. */
    from: head.optional(),
    /** Recipients whom the sender cannot reach: an operator passes the entries on. */
    relay: z.array(entry.shape.peer).max(recipientsMax).optional(),
  }),
  z.object({
    kind: z.literal('cursors'),
    cursors: z.array(cursor).max(entriesMax),
    /** The sender cannot reach the authors: an operator passes the cursors on. */
    relay: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal('presence'),
    count: z.number().int().nonnegative(),
    status: z.enum([...chosenStatus.options, 'idle']),
    unread: z.number().int().nonnegative(),
    wakeable: z.boolean(),
    /** It lived long enough to be announced to its group. */
    settled: z.boolean(),
    /** The mesh session it works in; null while it has not decided. */
    session: z.string().max(32).nullable(),
    /** Where it accepts links from other machines; 0 when it does not. */
    lan: z.number().int().min(0).max(65_535).optional(),
    /** Where the operator's node serves the dashboard; told to nodes of its own device alone. */
    dashboard: z.string().max(255).nullable().optional(),
  }),
  /** The files that the sender has in hand; the newest count wins, never stored. */
  z.object({
    kind: z.literal('files'),
    count: z.number().int().nonnegative(),
    files: z.array(z.string().max(fileCharactersMax)).max(filesMax),
  }),
  z.object({
    kind: z.literal('request'),
    id: z.number().int(),
    command: z.string().max(64),
    input: z.unknown(),
  }),
  z.object({
    kind: z.literal('response'),
    id: z.number().int(),
    result: z.unknown().optional(),
    error: z
      .object({
        code: z.string().max(64),
        message: z.string().max(2_000),
        hint: z.string().max(2_000).optional(),
      })
      .optional(),
  }),
  z.object({ kind: z.literal('event'), event: z.unknown() }),
])
/** Everything that travels on an open link. */
export type Frame = z.infer<typeof frame>
/** The frames of one kind. */
export type FrameOf<Kind extends Frame['kind']> = Extract<Frame, { kind: Kind }>

const kinds: ReadonlySet<string> = new Set(frame.options.map((option) => option.shape.kind.value))

/** What a text from a wire turned out to be. */
export type Parsed =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'malformed' }

/** Parses a frame once, at the door. A kind from a later version is unknown, not malformed. */
export function parseFrame(text: string): Parsed {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || !('kind' in value))
    return { kind: 'malformed' }
  if (typeof value.kind !== 'string') return { kind: 'malformed' }
  if (!kinds.has(value.kind)) return { kind: 'unknown' }
  const parsed = frame.safeParse(value)
  return parsed.success ? { kind: 'frame', frame: parsed.data } : { kind: 'malformed' }
}

/** Parses the first frame of a link; undefined when it is no hello. */
export function parseHello(text: string): Hello | undefined {
  return hello.safeParse(parseJson(text)).data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
