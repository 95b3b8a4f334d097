import type { Resource } from '@modelcontextprotocol/sdk/types.js'
import { MeshError } from '../state/errors.ts'
import type { Answer, ToolContext } from './tool.ts'
import { answerWith } from './tools/messages.ts'
import { neutralPeer } from './tools/peers.ts'

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
]

/** Reads a resource: `text` is JSON, the same as the answer of the tool. Fails with BAD_INPUT. */
export async function readResource(
  { mesh, clock }: Pick<ToolContext, 'mesh' | 'clock'>,
  uri: string,
): Promise<Answer> {
  if (uri === 'mesh://peers') {
    const { self, peers } = mesh.peers({ offline: true })
    return asJson({ structured: { self: neutralPeer(self), peers: peers.map(neutralPeer) } })
  }
  if (uri === 'mesh://inbox') {
    const items = await mesh.inbox.list(20)
    return asJson(answerWith(items, mesh.inbox.unread().count, clock.now()))
  }
  throw new MeshError('BAD_INPUT', `There is no resource ${JSON.stringify(uri.slice(0, 64))}.`, {
    hint: 'There are mesh://peers and mesh://inbox.',
  })
}

function asJson(answer: Omit<Answer, 'text'>): Answer {
  return { ...answer, text: JSON.stringify(answer.structured, undefined, 2) }
}
