import type { GetPromptResult, Prompt } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { MeshError } from '../state/errors.ts'
import { neutral } from './neutral.ts'
import type { Answer, ToolContext } from './tool.ts'
import { answerWith } from './tools/messages.ts'

/** What a human may pick in the client's menu. */
export const prompts: readonly Prompt[] = [
  {
    name: 'set-name',
    description: 'Give this session a name in the mesh.',
    arguments: [{ name: 'name', description: '1-32 letters, digits, - or _', required: true }],
  },
  {
    name: 'inbox',
    description: 'Read the unread messages of this session, and what changed while it was away.',
  },
  { name: 'report', description: 'Write up what this group has done.' },
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
    const digest = mesh.digest()
    const before = digest === undefined ? '' : `${neutral(digest)}\n\n`
    return { ...answer, text: `My inbox in the mesh:\n\n${before}${answer.text}` }
  }
  if (name === 'report') {
    const { report } = await mesh.report({})
    return {
      text: `What my group in the mesh has done, as its node wrote it down:\n\n${neutral(report)}`,
      structured: {},
    }
  }
  throw new MeshError('BAD_INPUT', `There is no prompt ${JSON.stringify(name.slice(0, 64))}.`, {
    hint: 'There are set-name, inbox and report.',
  })
}

/** A prompt as the protocol carries it. */
export function givePrompt({ text }: Answer): GetPromptResult {
  return { messages: [{ role: 'user', content: { type: 'text', text } }] }
}
