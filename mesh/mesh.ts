import type { Desk, Operation } from '../state/desk.ts'
import type { FileConflict } from '../state/files.ts'
import type { AutogroupMode } from '../state/groups.ts'
import type { NodeId, ObjectId, PeerId } from '../state/ids.ts'
import type {
  Context,
  DeliveryState,
  Message,
  PeerScope,
  Reach,
  Receipt,
} from '../state/messages.ts'
import type { ChosenStatus, Peer } from '../state/peers.ts'
import type { Structured } from '../state/structured.ts'
import type { LanMode } from './configuration.ts'
import type { TrafficCounts } from './traffic.ts'

/** The node as the other rooms see it: the only door of `mesh/`. Refusals are `MeshError`. */
export interface Mesh {
  readonly node: NodeId
  readonly peer: PeerId
  readonly inbox: Inbox
  /** Finds peers and lets itself be found. Resolves when the seat's own records are on disk. */
  start(): Promise<void>
  /** Says goodbye and leaves. Idempotent; the store is closed when it resolves. */
  stop(reason: string): Promise<void>

  /** Who I am and the peers I can see; sorted by name. Offline ones only when asked for. */
  peers(query: { readonly scope?: PeerScope; readonly offline?: boolean }): PeerList
  /** Fails with UNKNOWN_PEER, AMBIGUOUS_PEER, TOO_FAST, INBOX_FULL, BAD_INPUT or STORE_FAILED. */
  send(input: SendInput): Promise<SendAnswer>
  /** To all online peers of my group in scope. An empty `to` means that nobody was there: nothing was sent. */
  broadcast(input: {
    readonly scope: PeerScope
    readonly message: string
  }): Promise<BroadcastAnswer>
  /** Only for a recipient; fails with UNKNOWN_MESSAGE, AMBIGUOUS_MESSAGE or NOT_RECIPIENT. */
  acknowledge(messageId: string): Promise<{ readonly message_id: string }>
  /** What I sent, newest first, with the state at each recipient. `limit` defaults to 20, at most 200. */
  receipts(query: {
    readonly limit?: number
    readonly message_id?: string
  }): Promise<readonly Receipt[]>
  /** Calls back whenever a recipient got further with something I said, until the answer is called. */
  onReceipt(listener: () => void): () => void
  /** Past conversation, newest page, oldest first within it; `next` goes into `before` for the page before. */
  history(query: HistoryQuery): Promise<HistoryPage>

  /** The groups that we may know of, and what the operator may do with them. */
  readonly groups: Groups
  /** Which files peers have in hand. */
  readonly files: FilesInHand
  /** Does one operation on the shared work of our group, or for the operator of any. */
  work<Answer>(operation: Operation<Answer>, group?: string): Promise<Answer>
  /** Reads from the shared work as it is now. */
  look<Answer>(view: (desk: Desk) => Answer, group?: string): Answer
  /** The message whose ID begins so. Fails with UNKNOWN_MESSAGE or AMBIGUOUS_MESSAGE. */
  find(messageId: string): Promise<FoundMessage>

  /**
   * Markdown about our group, or for the operator about any: since an ISO 8601 time, an age such as
   * `2h`, or the beginning of the mesh session. Fails with BAD_INPUT.
   */
  report(query: {
    readonly since?: string
    readonly group?: string
  }): Promise<{ readonly report: string }>

  /** Fails with NAME_TAKEN or BAD_INPUT; answers the name as it is now. */
  setName(name: string): Promise<{ readonly name: string }>
  setSummary(summary: string): Promise<void>
  setStatus(status: ChosenStatus): Promise<void>
  /** How a message reaches the model of this session; decides `wakeable`. */
  setRoute(route: Route): void
  /** A request of this session's client arrived: it is at work. */
  touched(): void

  /**
   * What changed for me since I was last here; undefined when there is nothing to tell. With `once`,
   * only the first time after a real absence.
   */
  digest(once?: boolean): string | undefined
  /** Who I am, how I am reached, and whether all is well. */
  whoami(): WhoAmI
  /** Calls back on what a watcher wants to see, until the answer is called. */
  watch(listener: (event: MeshEvent) => void): () => void
  status(): Promise<MeshStatus>
}

/** The push route of a session. `pull` wakes nobody. */
export type Route = 'channel' | 'socket' | 'pull'

/** Which files peers have in hand, as long as their sessions live. */
export interface FilesInHand {
  /** Takes these in hand, and puts the others down. Paths as the session writes them. Fails with BAD_INPUT. */
  set(paths: readonly string[]): Promise<{
    readonly files: readonly string[]
    readonly conflicts: readonly FileConflict<PeerId>[]
  }>
  /** Files of ours that others have in hand as well. */
  conflicts(): readonly FileConflict<PeerId>[]
}

/** The groups as this peer knows them. Only the operator changes anything: others get REFUSED. */
export interface Groups {
  /** What a group is called, as far as we may know; else the beginning of its ID. */
  nameOf(group: string): string
  /** Our own, the lobby, and the open ones; for the operator all. */
  list(): readonly GroupView[]
  /** Makes a sealed group. Fails with BAD_INPUT or NAME_TAKEN. */
  create(name: string): Promise<GroupView>
  /** Moves a peer; `automatic` leaves the choice to its own node again. */
  assign(peer: string, group: string): Promise<GroupView>
  /** Its members go back to the lobby. */
  remove(group: string): Promise<GroupView>
  seal(group: string, isSealed: boolean): Promise<GroupView>
  /** When a branch makes a group of its own. */
  mode(): AutogroupMode
  setMode(mode: AutogroupMode): Promise<void>
  /** The group that a text means. Fails with UNKNOWN_GROUP. */
  resolve(text: string): string
}

/** What waits for this peer, and the evidence of what happened to it. */
export interface Inbox {
  /** How many messages and notices are unread, and the newest sender's name. Synchronous and cheap. */
  unread(): { readonly count: number; readonly from: string | null }
  /** The oldest unread items; `repeat` marks those shown before. Does not change anything. */
  list(limit: number): Promise<readonly Message[]>
  /** They were written into an answer, a channel or a socket. Unknown IDs are ignored. */
  markShown(ids: readonly string[]): Promise<void>
  /** There is proof that they were read: they leave the inbox. Unknown IDs are ignored. */
  markSeen(ids: readonly string[]): Promise<void>
  /** Calls back for each arrival, after it is on disk. `wakes` says whether it may start a turn. */
  onArrival(listener: (message: Message, wakes: boolean) => void): () => void
}

/** A group as tools, commands and the page show it. */
export interface GroupView {
  readonly id: string
  readonly name: string
  readonly sealed: boolean
  /** Made for a branch, by the nodes themselves. */
  readonly automatic: boolean
  readonly members: readonly {
    readonly id: string
    readonly name: string
    readonly online: boolean
  }[]
}

/** What operations need to know of a message. */
export interface FoundMessage {
  readonly id: ObjectId
  readonly from: PeerId
  readonly to: readonly PeerId[]
  readonly group: string
}

/** Answer of `peers`. */
export interface PeerList {
  readonly self: Peer
  readonly peers: readonly Peer[]
}

/** Input of `send`. `to` is a name, a peer ID or an unambiguous beginning of one. */
export interface SendInput {
  readonly to: string
  readonly message: string
  readonly reply_to?: string
  /** What a structured message says, field by field; `message` is the text made of them. */
  readonly fields?: Structured
}

/** Answer of `send`: the state reached within 250 ms. `repeated` when the text was sent a moment ago. */
export interface SendAnswer {
  readonly message_id: string
  readonly to: { readonly id: string; readonly name: string }
  readonly state: DeliveryState
  readonly reach: Reach
  readonly repeated?: boolean
}

/** Answer of `broadcast`. */
export interface BroadcastAnswer {
  readonly message_id: string
  readonly to: readonly { readonly id: string; readonly name: string }[]
}

/** Which part of the past: with one peer, matching words, before an ID, or one message whole. */
export interface HistoryQuery {
  readonly peer?: string
  readonly query?: string
  readonly limit?: number
  readonly before?: string
  readonly message_id?: string
}

/** A page of history. */
export interface HistoryPage {
  readonly messages: readonly Message[]
  readonly next?: string
}

/** Something a watcher sees happen, in the words of the activity log. */
export interface MeshEvent {
  readonly at: string
  readonly kind: 'message' | 'activity' | 'joined' | 'left' | 'state'
  readonly peer: { readonly id: string; readonly name: string }
  readonly text: string
  readonly message?: Message
  readonly context?: Context
}

/** One link as diagnostics show it. */
export interface LinkStatus extends TrafficCounts {
  readonly peer: string
  readonly name: string
  readonly node: string
  readonly address: string
  readonly side: 'dialled' | 'accepted'
  readonly buffered_bytes: number
  /** How long the last ping took; null while none was needed. */
  readonly rtt_ms: number | null
  readonly since: string
}

/** What waits somewhere in a node. */
export interface Queues {
  /** Writes that are not on disk yet. */
  readonly disk_writes: number
  /** Messages and notices that nobody has read. */
  readonly inbox: number
  /** Words of ours for peers that are away. */
  readonly offline_entries: number
}

/** How a node stands to other machines. */
export interface LanStatus {
  readonly mode: LanMode
  /** It should accept links from other machines. */
  readonly on: boolean
  /** Where it does; null while it does not. */
  readonly address: string | null
  /** Why it does not although it should. */
  readonly problem?: string
}

/** How the node is, for `mesh status` and `mesh doctor`. */
export interface MeshStatus {
  readonly version: string
  readonly mesh: string
  readonly session: string
  readonly node: string
  readonly pid: number
  readonly address: string
  readonly lan: LanStatus
  readonly uptime_ms: number
  readonly route: Route
  readonly self: Peer
  readonly peers: readonly Peer[]
  readonly unread: number
  readonly links: readonly LinkStatus[]
  readonly waiting: Queues
  /** `problem` is the last failure of the disk that has not been followed by a success. */
  readonly store: {
    readonly directory: string
    readonly bytes: number
    readonly problem?: string
    readonly set_aside?: string
  }
  /** Since the node began; what has passed over links that ended is in `bytes_in` and its like. */
  readonly counters: Readonly<Record<string, number>>
  readonly dashboard: string | null
}

/** Answer of `whoami`. `health` is `ok` or one sentence that says what is wrong. */
export interface WhoAmI {
  readonly self: Peer
  readonly node: string
  readonly session: string
  readonly route: Route
  readonly unread: number
  readonly dashboard: string | null
  readonly health: string
}
