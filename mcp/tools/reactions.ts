import { z } from 'zod'
import type { Mesh } from '../../mesh/mesh.ts'
import { MeshError } from '../../state/errors.ts'
import type { ObjectId } from '../../state/ids.ts'
import { pin } from '../../state/pins.ts'
import { emoji, react } from '../../state/reactions.ts'
import { defineTool, setsOnly } from '../tool.ts'

const messageId = z.string().min(1).max(64)

/** Answers a message without a word. */
export const reactTool = defineTool({
  name: 'react',
  description: 'Reacts to a message that you sent or got. Nobody is woken.',
  annotations: setsOnly,
  input: z.strictObject({ message_id: messageId, emoji, remove: z.boolean().optional() }),
  async run({ mesh, evidence }, { message_id, emoji, remove = false }) {
    const message = await findOwn(mesh, message_id)
    await mesh.work(react({ message, emoji, remove }))
    await evidence.named(message)
    const text = remove ? `Took ${emoji} back from ${message}.` : `Reacted ${emoji} to ${message}.`
    return { text, structured: { message_id: message } }
  },
})

/** Keeps a message in sight of the group. */
export const pinMessage = defineTool({
  name: 'pin_message',
  description: 'Pins a message that you sent or got for your whole group; pinned false unpins it.',
  annotations: setsOnly,
  input: z.strictObject({ message_id: messageId, pinned: z.boolean().optional() }),
  async run({ mesh, evidence }, { message_id, pinned = true }) {
    const message = await findOwn(mesh, message_id)
    await mesh.work(pin(message, pinned))
    await evidence.named(message)
    const text = pinned ? `Pinned ${message} for your group.` : `Unpinned ${message}.`
    return { text, structured: { message_id: message } }
  },
})

/** A message of ours; others, though they are kept here, are as good as unknown. */
async function findOwn(mesh: Pick<Mesh, 'find' | 'peer'>, messageId: string): Promise<ObjectId> {
  const { id, from, to } = await mesh.find(messageId)
  if (from === mesh.peer || to.includes(mesh.peer)) return id
  throw new MeshError('UNKNOWN_MESSAGE', 'That message was sent neither by you nor to you.', {
    hint: 'message_history lists the messages that you can name.',
  })
}
