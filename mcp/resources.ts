import type { Resource } from '@modelcontextprotocol/sdk/types.js'
import { MeshError } from '../state/errors.ts'
import type { Answer, Tool, ToolContext } from './tool.ts'
import { queryDecisions } from './tools/decisions.ts'
import { answerWith } from './tools/messages.ts'
import { neutralPeer } from './tools/peers.ts'
import { listPending } from './tools/pending.ts'
import { listTasks } from './tools/tasks.ts'

/** What a human may attach to a prompt. */
export const resources: readonly Resource[] = [
  {
    uri: 'mesh://peers',
    name: 'peers',
    description: 'The sessions in the mesh.',
    mimeType: 'application/json',
  },
  {
    uri: 'mesh://inbox',
    name: 'inbox',
    description: 'Unread messages of this session.',
    mimeType: 'application/json',
  },
  {
    uri: 'mesh://tasks',
    name: 'tasks',
    description: 'The task board of this group.',
    mimeType: 'application/json',
  },
  {
    uri: 'mesh://decisions',
    name: 'decisions',
    description: 'What this group has decided.',
    mimeType: 'application/json',
  },
  {
    uri: 'mesh://pending',
    name: 'pending',
    description: 'What waits for this session, and what it waits for.',
    mimeType: 'application/json',
  },
]

/** Resources that say the same as a tool without arguments. */
const toolsByUri = new Map<string, Tool>([
  ['mesh://tasks', listTasks],
  ['mesh://decisions', queryDecisions],
  ['mesh://pending', listPending],
])

/** Reads a resource: `text` is JSON, the same as the answer of the tool. Fails with BAD_INPUT. */
export async function readResource(context: ToolContext, uri: string): Promise<Answer> {
  const { mesh, clock } = context
  const tool = toolsByUri.get(uri)
  if (tool) return asJson(await tool.run(context, {}))
  if (uri === 'mesh://peers') {
    const { self, peers } = mesh.peers({ offline: true })
    return asJson({ structured: { self: neutralPeer(self), peers: peers.map(neutralPeer) } })
  }
  if (uri === 'mesh://inbox') {
    const items = await mesh.inbox.list(20)
    return asJson(answerWith(items, mesh.inbox.unread().count, clock.now()))
  }
  throw new MeshError('BAD_INPUT', `There is no resource ${JSON.stringify(uri.slice(0, 64))}.`, {
    hint: `There are ${resources.map((each) => each.uri).join(', ')}.`,
  })
}

function asJson(answer: Omit<Answer, 'text'>): Answer {
  return { ...answer, text: JSON.stringify(answer.structured, undefined, 2) }
}
