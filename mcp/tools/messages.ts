import { z } from 'zod'
import { every } from '../../mesh/clock.ts'
import type { SendAnswer } from '../../mesh/mesh.ts'
import { type Context, type Message, peerScope } from '../../state/messages.ts'
import { describeMessage } from '../channel.ts'
import { neutralFields } from '../fields.ts'
import { neutral, neutralBody, neutralLine } from '../neutral.ts'
import { type Answer, addsOnly, defineTool, readsOnly } from '../tool.ts'

const messageId = z.string().min(1).max(64)
const limit = z.number().int().min(1).max(200)
/** How often a waiting call says that it still waits. */
const progressMs = 10_000

/** Says something to one peer. */
export const sendMessage = defineTool({
  name: 'send_message',
  description:
    'Sends a message to one peer. It is kept until read, even if that peer is offline. The answer says how far it came and how the peer will learn of it.',
  annotations: addsOnly,
  alwaysLoad: true,
  input: z.strictObject({
    to: z.string().min(1).max(64).describe('name or peer ID'),
    message: z.string().min(1),
    reply_to: messageId.optional().describe('ID of the message you answer'),
  }),
  async run({ mesh, evidence }, { to, message, reply_to }) {
    if (reply_to !== undefined) await evidence.named(reply_to)
    const answer = await mesh.send({ to, message, ...(reply_to === undefined ? {} : { reply_to }) })
    return describeSent(answer)
  },
})

/** Says something to everybody who is there. */
export const broadcastMessage = defineTool({
  name: 'broadcast_message',
  description: 'Sends a message to all online peers of your group in a scope.',
  annotations: addsOnly,
  input: z.strictObject({ scope: peerScope, message: z.string().min(1) }),
  async run({ mesh }, input) {
    const answer = await mesh.broadcast(input)
    const names = answer.to.map(({ name }) => name).join(', ')
    const text =
      answer.to.length === 0
        ? 'Nobody of your group is online in that scope: nothing was sent. See list_peers.'
        : `Sent to ${answer.to.length}: ${names}. Message ${answer.message_id}.`
    return { text, structured: { ...answer } }
  },
})

/** Reads what waits. */
export const checkMessages = defineTool({
  name: 'check_messages',
  description:
    'Your unread messages and notices, oldest first. They count as read once you make another call.',
  annotations: readsOnly,
  alwaysLoad: true,
  input: z.strictObject({ limit: limit.optional().describe('default 20') }),
  async run({ mesh, clock }, { limit: most = 20 }) {
    // Who comes back learns once what else has changed.
    const digest = mesh.digest(true)
    const answer = answerWith(await mesh.inbox.list(most), mesh.inbox.unread().count, clock.now())
    return digest === undefined ? answer : withDigest(answer, neutral(digest))
  },
})

/** Waits for what comes. */
export const waitForMessages = defineTool({
  name: 'wait_for_messages',
  description: 'Returns unread messages at once, else waits until one arrives or the time is over.',
  annotations: readsOnly,
  input: z.strictObject({
    timeout_s: z.number().min(0).max(1_500).optional().describe('default 50, at most 1500'),
  }),
  async run({ mesh, clock, signal, progress, awaiting }, { timeout_s = 50 }) {
    await awaiting(async () => {
      const waited = new AbortController()
      const stop = () => waited.abort()
      const stopListening = mesh.inbox.onArrival(stop)
      const cancel = clock.after(timeout_s * 1_000, stop)
      const cancelProgress = every(clock, progressMs, () => void progress('Waiting for messages.'))
      signal.addEventListener('abort', stop, { once: true })
      if (mesh.inbox.unread().count > 0 || signal.aborted) stop()
      if (!waited.signal.aborted) {
        await new Promise((resolve) => waited.signal.addEventListener('abort', resolve))
      }
      for (const end of [stopListening, cancel, cancelProgress]) end()
      signal.removeEventListener('abort', stop)
    })
    return answerWith(await mesh.inbox.list(20), mesh.inbox.unread().count, clock.now())
  },
})

/** Tells the sender that a message was taken note of. */
export const ackMessage = defineTool({
  name: 'ack_message',
  description:
    'Acknowledges a message sent to you; its sender sees that in check_acks and is not woken.',
  annotations: addsOnly,
  input: z.strictObject({ message_id: messageId }),
  async run({ mesh, evidence }, { message_id }) {
    const answer = await mesh.acknowledge(message_id)
    await evidence.named(answer.message_id)
    return { text: `Acknowledged ${answer.message_id}.`, structured: { ...answer } }
  },
})

/** How far my messages came. */
export const checkAcks = defineTool({
  name: 'check_acks',
  description:
    'How far your sent messages came, newest first: queued, delivered, shown, seen or acknowledged, for each recipient.',
  annotations: readsOnly,
  input: z.strictObject({
    limit: limit.optional().describe('default 20'),
    message_id: messageId.optional(),
  }),
  async run({ mesh }, { limit: most, message_id }) {
    const messages = await mesh.receipts({
      ...(most === undefined ? {} : { limit: most }),
      ...(message_id === undefined ? {} : { message_id }),
    })
    const lines = messages.map(({ id, to, state, at }) => `- ${id} to ${to.name}: ${state} (${at})`)
    return {
      text: lines.length === 0 ? 'You have sent nothing yet.' : lines.join('\n'),
      structured: { messages },
    }
  },
})

/** What was said before. */
export const messageHistory = defineTool({
  name: 'message_history',
  description:
    'Past messages to and from you, oldest first. query finds words; before pages back; message_id gives one message whole.',
  annotations: readsOnly,
  alwaysLoad: true,
  input: z.strictObject({
    peer: z.string().min(1).max(64).optional().describe('only with this peer'),
    query: z.string().max(200).optional(),
    limit: limit.optional().describe('default 20'),
    before: messageId.optional().describe('next of the last answer'),
    message_id: messageId.optional(),
  }),
  async run({ mesh, clock }, given) {
    const query = Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    )
    const { messages, next } = await mesh.history(query)
    const isWhole = given.message_id !== undefined
    const texts = messages.map((message) => describePast(message, clock.now(), isWhole))
    const more =
      next === undefined ? [] : [`More before this: message_history with before ${next}.`]
    return {
      text: messages.length === 0 ? 'Nothing found.' : [...texts, ...more].join('\n\n'),
      structured: {
        messages: messages.map((message) => neutralMessage(message, isWhole)),
        ...(next === undefined ? {} : { next }),
      },
    }
  },
})

/** The same answer, with what changed while the reader was away. */
function withDigest(answer: Answer, digest: string): Answer {
  return {
    ...answer,
    text: `${digest}\n\n${answer.text}`,
    structured: { ...answer.structured, digest },
  }
}

/** What became of a message to one peer. */
export function describeSent(answer: SendAnswer): Answer {
  const { to, state, reach, repeated, message_id } = answer
  const said = repeated
    ? 'You sent the same text a moment ago; it was not sent twice.'
    : `Sent to ${to.name} (${to.id}).`
  return {
    text: `${said} State: ${state}; reaches it: ${reach}. Message ${message_id}.`,
    structured: { ...answer },
  }
}

/** The answer that carries unread messages. */
export function answerWith(messages: readonly Message[], total: number, nowMs: number) {
  const unread = Math.max(0, total - messages.length)
  const texts = messages.map((message) =>
    describeMessage(message, { ageMs: nowMs - Date.parse(message.sent_at) }),
  )
  const more = unread === 0 ? [] : [`${unread} more: call check_messages again.`]
  return {
    text: messages.length === 0 ? 'No unread messages.' : [...texts, ...more].join('\n\n'),
    structured: { messages: messages.map((message) => neutralMessage(message, false)), unread },
    shown: messages.map(({ id }) => id),
  }
}

function describePast(message: Message, nowMs: number, isWhole: boolean): string {
  const ageMs = nowMs - Date.parse(message.sent_at)
  const said = describeMessage(message, { ageMs, state: message.state, isWhole })
  return isWhole && message.context ? `${said}\n\n${describeContext(message.context)}` : said
}

function describeContext({ cwd, branch, summary, files }: Context): string {
  const facts = [
    `Written in ${cwd}`,
    ...(branch ? [`on branch ${branch}`] : []),
    ...(summary ? [`working on: ${summary}`] : []),
    ...(files.length > 0 ? [`recent files: ${files.join(', ')}`] : []),
  ]
  return `${facts.map(neutralLine).join('; ')}.`
}

function neutralMessage(message: Message, isWhole: boolean): Message {
  const body = isWhole ? neutral(message.body) : neutralBody(message.body, message.id)
  const { context, fields, ...rest } = message
  return {
    ...{ ...rest, body },
    ...(fields ? { fields: neutralFields(fields, isWhole) } : {}),
    ...(isWhole && context ? { context } : {}),
  }
}
