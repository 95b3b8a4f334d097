import type { GetPromptResult, Prompt } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { MeshError } from '../state/errors.ts'
import type { Answer, ToolContext } from './tool.ts'
import { answerWith } from './tools/messages.ts'

/** What a human may pick in the client's menu. */
export const prompts: readonly Prompt[] = [
  {
    name: 'set-name',
    description: 'Give this session a name in the mesh.',
    arguments: [{ name: 'name', description: '1-32 letters, digits, - or _', required: true }],
  },
  { name: 'inbox', description: 'Read the unread messages of this session.' },
]

const wantedName = z.object({ name: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/) })

/** Writes a prompt out. What it carries counts like a tool's answer. Fails with BAD_INPUT. */
export async function writePrompt(
  { mesh, clock }: Pick<ToolContext, 'mesh' | 'clock'>,
  name: string,
  given: unknown,
): Promise<Answer> {
  if (name === 'set-name') {
    const wanted = wantedName.safeParse(given ?? {}).data
    if (!wanted) {
      throw new MeshError('BAD_INPUT', 'A name has 1 to 32 letters, digits, "-" or "_".', {
        hint: 'Give another name.',
      })
    }
    return { text: `Call the tool set_name with name "${wanted.name}".`, structured: {} }
  }
  if (name === 'inbox') {
    const answer = answerWith(await mesh.inbox.list(20), mesh.inbox.unread().count, clock.now())
    return { ...answer, text: `My inbox in the mesh:\n\n${answer.text}` }
  }
  throw new MeshError('BAD_INPUT', `There is no prompt ${JSON.stringify(name.slice(0, 64))}.`, {
    hint: 'There are set-name and inbox.',
  })
}

/** A prompt as the protocol carries it. */
export function givePrompt({ text }: Answer): GetPromptResult {
  return { messages: [{ role: 'user', content: { type: 'text', text } }] }
}
