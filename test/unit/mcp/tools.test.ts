import { describe, expect, it } from 'vitest'
import { giveRefusal, listTool } from '../../../mcp/answers.ts'
import { describeAge, describeEvent } from '../../../mcp/channel.ts'
import { instructions } from '../../../mcp/instructions.ts'
import { tools } from '../../../mcp/tools/index.ts'
import { MeshError } from '../../../state/errors.ts'
import type { Message } from '../../../state/messages.ts'

const listed = tools.map(listTool)

describe('what an agent reads of this server', () => {
  it('is short: the tools, and the instructions', () => {
    expect(JSON.stringify(listed).length).toBeLessThanOrEqual(13_000)
    expect(instructions.length).toBeLessThanOrEqual(1_500)
    for (const { description = '' } of listed) expect(description.length).toBeLessThan(300)
  })

  it('carries no ballast of schemas', () => {
    expect(JSON.stringify(listed)).not.toMatch(
      /\$schema|additionalProperties|m(in|ax)Length|"maximum"/,
    )
    for (const { inputSchema } of listed) expect(inputSchema.type).toBe('object')
  })

  it('keeps the four tools at hand that start a conversation', () => {
    const atHand = listed.filter(({ _meta }) => _meta?.['anthropic/alwaysLoad'] === true)
    expect(atHand.map(({ name }) => name)).toEqual([
      'list_peers',
      'send_message',
      'check_messages',
      'message_history',
    ])
  })

  it('names the arguments that a tool takes', () => {
    expect(listed.find(({ name }) => name === 'send_message')?.inputSchema).toEqual({
      type: 'object',
      properties: {
        to: { type: 'string', description: 'name or peer ID' },
        message: { type: 'string' },
        reply_to: { type: 'string', description: 'ID of the message you answer' },
      },
      required: ['to', 'message'],
    })
  })
})

describe('a refusal', () => {
  it('says what happened, then the next move, and has a code', () => {
    const refused = giveRefusal(
      new MeshError('NAME_TAKEN', 'It is taken.', { hint: 'Take another.' }),
    )
    expect(refused).toEqual({
      isError: true,
      content: [{ type: 'text', text: 'It is taken. Take another.' }],
      structuredContent: { code: 'NAME_TAKEN', message: 'It is taken.', hint: 'Take another.' },
    })
  })

  it('names the argument that does not fit', async () => {
    const send = tools.find(({ name }) => name === 'send_message')
    const thrown = await send?.run({} as never, { to: 'ann', mesage: 'hi' }).catch((error) => error)
    const { content, structuredContent } = giveRefusal(thrown)
    expect(structuredContent).toMatchObject({ code: 'BAD_INPUT' })
    expect(content[0]).toMatchObject({ text: expect.stringMatching(/message:.*"mesage"/) })
  })

  it('tells nothing of the inside when something unexpected was thrown', () => {
    expect(JSON.stringify(giveRefusal(new Error('secret')))).not.toContain('secret')
  })
})

describe('an event of the channel', () => {
  const said = (id: string): Message => ({
    id,
    from: { id: 'peer-1', name: 'ann' },
    to: ['me'],
    group: 'lobby',
    kind: 'direct',
    body: `says ${id}`,
    sent_at: '2026-01-01T00:00:00.000Z',
    trust: 'same_device',
  })

  it('speaks for one message through its facts, for several in its text', () => {
    expect(describeEvent([said('m1')], () => undefined)).toMatchObject({
      content: 'says m1',
      meta: { msg_id: 'm1', from_id: 'peer-1', from_name: 'ann', trust: 'same_device' },
    })
    const both = describeEvent([said('m1'), said('m2')], () => undefined)
    expect(both.content).toBe(
      '[m1] from ann (peer-1):\nsays m1\n\n[m2] from ann (peer-1):\nsays m2',
    )
    expect(both.meta).toMatchObject({ msg_id: 'm2', msg_ids: 'm1 m2', count: '2' })
  })

  it.each([
    [0, 'just now'],
    [45_000, '45 s ago'],
    [600_000, '10 min ago'],
    [7_200_000, '2 h ago'],
    [259_200_000, '3 days ago'],
    [-5_000, 'just now'],
  ])('an age of %i ms is "%s"', (ms, words) => {
    expect(describeAge(ms)).toBe(words)
  })
})
