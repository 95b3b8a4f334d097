import { createBrakes } from '../state/brakes.ts'
import { MeshError } from '../state/errors.ts'
import { type Draft, directScope, type Entry, groupScope } from '../state/feeds.ts'
import type { ObjectId, PeerId } from '../state/ids.ts'
import {
  type Context,
  messageBytesMax,
  type PeerScope,
  type Reach,
  unreadMax,
  utf8Bytes,
} from '../state/messages.ts'
import { carriedFields } from '../state/structured.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'
import type { BroadcastAnswer, SendAnswer, SendInput } from './mesh.ts'
import type { Peers } from './peers.ts'

/** How long an answer waits for the recipient's disk. */
const answerMs = 250

/** What speaking needs. */
export interface MessagesDeps {
  readonly peers: Peers
  readonly delivery: Delivery
  readonly brakes: boolean
  /** Where we are now; attached to every message. */
  readonly context: () => Promise<Context>
  /** Hops of the chain that a message to this peer continues. */
  readonly hopsTo: (peer: PeerId, replyTo: ObjectId | undefined) => Promise<number>
}

/** Speaks for this peer. */
export interface Messages {
  send(input: SendInput): Promise<SendAnswer>
  broadcast(input: {
    readonly scope: PeerScope
    readonly message: string
  }): Promise<BroadcastAnswer>
}

/** Makes the voice of a node. */
export function createMessages(core: Core, deps: MessagesDeps): Messages {
  const { peers, delivery } = deps
  const brakes = createBrakes()

  function checkText(text: string): void {
    const bytes = utf8Bytes(text)
    if (text.trim() === '') {
      throw new MeshError('BAD_INPUT', 'The message is empty.', { hint: 'Say something.' })
    }
    if (bytes <= messageBytesMax) return
    throw new MeshError(
      'BAD_INPUT',
      `The message has ${bytes} bytes; ${messageBytesMax} is the most.`,
      {
        hint: 'Put it into a file and send its path, or send it in parts.',
      },
    )
  }

  /** Entries of ours that a peer has not got yet. */
  function queuedFor(peer: PeerId): number {
    const scope = directScope(core.peer, peer)
    return Object.entries(core.feeds.heads(scope))
      .filter(([author]) => author.startsWith(core.peer))
      .reduce((sum, [author, head]) => {
        const node = author.split('/')[1] as Entry['node']
        return sum + head - core.cursors.get({ scope, peer: core.peer, node }, peer).delivered
      }, 0)
  }

  function checkInbox(peer: PeerId): void {
    const waiting = peers.presenceOf(peer)?.unread ?? queuedFor(peer)
    if (waiting < unreadMax) return
    throw new MeshError('INBOX_FULL', `${peers.view(peer).name} has ${waiting} unread messages.`, {
      hint: 'Wait until it has read some: list_peers shows when it is back.',
    })
  }

  /** Answers the ID of the message that this one repeats, or undefined when it may go. */
  function brake(
    to: PeerId | 'group',
    message: { id: ObjectId; text: string },
  ): string | undefined {
    if (!deps.brakes) return undefined
    const brake = brakes.take(to, message, core.clock.elapsed())
    if (brake.kind === 'repeat') return brake.id
    if (brake.kind === 'free') return undefined
    const seconds = Math.ceil(brake.retryMs / 1_000)
    throw new MeshError('TOO_FAST', 'You are sending to this peer faster than it can read.', {
      hint: `Try again in ${seconds} s, or put what you have to say into one message.`,
    })
  }

  async function say(to: PeerId | 'group', draft: Draft): Promise<Entry> {
    try {
      const batch = await core.ledger.begin()
      const item = core.feeds.append(batch, draft)
      await batch.commit()
      delivery.send(item)
      return item
    } catch (thrown) {
      brakes.undo(to, draft.id)
      throw thrown
    }
  }

  /** Resolves when the recipient's disk has it, at the latest after `answerMs`. */
  function delivered(item: Entry, peer: PeerId): Promise<void> {
    return new Promise((resolve) => {
      const isThere = () => core.cursors.get(item, peer).delivered >= item.seq
      const stop = delivery.moved.listen(() => isThere() && done())
      const cancel = core.clock.after(answerMs, done)
      function done(): void {
        cancel()
        stop()
        resolve()
      }
      if (isThere()) done()
    })
  }

  function reach(peer: PeerId): Reach {
    const there = peers.presenceOf(peer)
    if (!there) return 'offline: kept for 30 days'
    if (core.isOperator(peer)) return 'when the human looks'
    const isListening = there.status === 'online' || there.status === 'idle'
    return there.wakeable && isListening ? 'wakes it' : 'at its next turn'
  }

  /** A message sent a moment ago, which may still be on its way to the disk. */
  async function earlier(id: string): Promise<Entry> {
    await core.ledger.settled()
    return core.feeds.find(id)
  }

  function answer(item: Entry, peer: PeerId, repeated: boolean): SendAnswer {
    return {
      message_id: item.id,
      to: { id: peer, name: peers.view(peer).name },
      state: core.cursors.stateOf(item, peer).state,
      reach: reach(peer),
      ...(repeated ? { repeated } : {}),
    }
  }

  return {
    async send({ to, message, reply_to, fields }) {
      checkText(message)
      const peer = peers.resolve(to)
      if (peer === core.peer) {
        throw new MeshError('BAD_INPUT', 'That is yourself.', {
          hint: 'See list_peers for the others.',
        })
      }
      const replyTo = reply_to === undefined ? undefined : (await core.feeds.find(reply_to)).id
      if (deps.brakes) checkInbox(peer)
      const id = core.createId()
      const repeated = brake(peer, { id, text: message })
      if (repeated !== undefined) return answer(await earlier(repeated), peer, true)
      const item = await say(peer, {
        scope: directScope(core.peer, peer),
        id,
        group: core.groupOf(core.peer),
        kind: 'message',
        to: [peer],
        ...(replyTo ? { reply_to: replyTo } : {}),
        body: {
          text: message,
          hops: await deps.hopsTo(peer, replyTo),
          context: await deps.context(),
          ...(fields ? { fields: carriedFields.parse(fields) } : {}),
        },
      })
      if (peers.isOnline(peer)) await delivered(item, peer)
      return answer(item, peer, false)
    },

    async broadcast({ scope, message }) {
      checkText(message)
      const group = core.groupOf(core.peer)
      const to = peers
        .list({ scope })
        .peers.filter(({ id }) => core.groupOf(id as PeerId) === group)
      const recipients = to.map(({ id, name }) => ({ id, name }))
      if (to.length === 0) return { message_id: '', to: [] }
      const id = core.createId()
      const repeated = brake('group', { id, text: message })
      if (repeated !== undefined) return { message_id: repeated, to: recipients }
      await say('group', {
        scope: groupScope(group),
        id,
        group,
        kind: 'message',
        to: to.map((peer) => peer.id as PeerId),
        body: { text: message, hops: 0, context: await deps.context() },
      })
      return { message_id: id, to: recipients }
    },
  }
}
