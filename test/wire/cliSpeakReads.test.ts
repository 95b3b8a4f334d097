import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { displayWidth } from '../../cli/width.ts'
import { until } from '../sessions.ts'
import { createDesk, enterAll, type Speaker } from './cliSpeakers.ts'

const message = z.strictObject({
  ...{ id: z.string().length(26), from: z.strictObject({ id: z.string(), name: z.string() }) },
  ...{
    to: z.array(z.string()),
    group: z.string(),
    kind: z.enum(['direct', 'broadcast', 'notice']),
  },
  ...{ body: z.string(), reply_to: z.string().optional(), sent_at: z.iso.datetime() },
  state: z.enum(['queued', 'delivered', 'shown', 'seen', 'acknowledged']).optional(),
  trust: z.enum(['same_device', 'mesh_device', 'operator']),
  repeat: z.literal(true).optional(),
  context: z
    .strictObject({
      ...{ branch: z.string().nullable(), files: z.array(z.string()) },
      ...{ summary: z.string(), cwd: z.string() },
    })
    .optional(),
})
const inbox = z.strictObject({ messages: z.array(message), unread: z.number() })
const history = z.strictObject({ messages: z.array(message), next: z.string().optional() })

// As util-linux has it; elsewhere it takes other words.
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes(
  'util',
)
const itOnTerminal = hasTerminal ? it : it.skip

/** Writes to the operator as soon as its seat is taken; answers the ID. */
async function tellOperator(speaker: Speaker | undefined, text: string): Promise<string> {
  return until(async () => {
    const answer = await speaker?.call('send_message', { to: 'operator', message: text })
    return answer?.data.message_id
  })
}

describe('mesh inbox', () => {
  it('shows what was sent to the operator once, and how to answer', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    const id = await tellOperator(ann, 'which port?\n  a) 80\n  b) 7899')
    const kept = inbox.parse(await desk.runJson(['inbox', '--keep']))
    expect(kept).toMatchObject({ messages: [{ id, from: { name: 'ann' } }], unread: 0 })
    const { code, out } = await desk.run(['inbox'])
    expect(code).toBe(0)
    expect(out).toContain('  which port?\n    a) 80\n    b) 7899\n')
    expect(out).toContain(`mesh send ann --reply-to ${id} <message>`)
    expect((await desk.run(['inbox'])).out).toBe('No unread messages.\n')
    const acks = await ann?.call('check_acks', { message_id: id })
    expect(acks?.data.messages).toMatchObject([{ id, state: 'seen' }])
  })

  it('shows a part, and says how many more wait', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    for (const text of ['one', 'two', 'three']) await tellOperator(ann, text)
    expect((await desk.run(['inbox', '--limit', '2'])).out).toMatch(/one.*two.*1 more wait/s)
    const rest = inbox.parse(await desk.runJson(['inbox']))
    expect(rest.messages.map(({ body }) => body)).toEqual(['three'])
  })

  it('keeps unread what nobody has got to see', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    await tellOperator(ann, 'important')
    const child = desk.start(['inbox'])
    child.stdout?.destroy()
    await once(child, 'close')
    expect((await desk.run(['inbox'])).out).toContain('important')
  })

  it('is that of the session when an agent types', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    await tellOperator(ann, 'for the human')
    await desk.run(['send', 'ann', 'for ann'])
    const variables = { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: 'session-ann' }
    const { out } = await desk.run(['inbox'], { variables })
    expect(out).toContain('for ann')
    expect(out).not.toContain('for the human')
    expect((await ann?.call('check_messages'))?.data.messages).toEqual([])
    expect((await desk.run(['inbox'])).out).toContain('for the human')
  })
})

describe('mesh history', () => {
  it('shows the operator what everybody said, page by page, by peer and by words', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann', 'ben')
    await tellOperator(ann, 'to the human')
    await ann?.call('send_message', { to: 'ben', message: 'between the two of us' })
    await desk.run(['send', 'ben', 'from the human'])
    const all = await until(async () => {
      const page = history.parse(await desk.runJson(['history']))
      return page.messages.length === 3 && page
    })
    const bodies = ({ messages }: typeof all) => messages.map(({ body }) => body)
    expect(bodies(all)).toEqual(['to the human', 'between the two of us', 'from the human'])
    const newest = history.parse(await desk.runJson(['history', '--limit', '1']))
    expect(bodies(newest)).toEqual(['from the human'])
    const before = history.parse(await desk.runJson(['history', '--before', newest.next ?? '']))
    expect(bodies(before)).toEqual(['to the human', 'between the two of us'])
    expect(bodies(history.parse(await desk.runJson(['history', 'ben'])))).toHaveLength(2)
    const found = history.parse(await desk.runJson(['history', '--query', 'HUMAN from']))
    expect(bodies(found)).toEqual(['from the human'])
    const { out } = await desk.run(['history', '--limit', '1', '--query', 'the human'])
    expect(out).toContain("mesh history --query 'the human' --limit 1 --before ")
    expect((await desk.run(['history', 'nobody'])).code).toBe(4)
    expect((await desk.run(['history', '--id', 'zzzzzz'])).code).toBe(1)
  })

  it('shows one message whole, with where it was written and how far it came', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    const id = await tellOperator(ann, 'in context')
    const shown = await desk.run(['history', '--id', id.slice(0, 20)])
    expect(shown.out).toMatch(/ann → operator {2}.*\n {2}in context\n\n {2}written in /)
    const own: unknown = await desk.runJson(['send', 'ann', 'mine'])
    const { message_id } = z.object({ message_id: z.string() }).parse(own)
    expect((await desk.run(['history', '--id', message_id])).out).toContain('  ann: delivered')
  })

  it('has no power over the terminal, and no colours in a pipe', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    const id = await tellOperator(ann, 'clear \u001b[2J\u009b2J \u202e and more')
    for (const words of [['inbox', '--keep'], ['history'], ['history', '--id', id]]) {
      for (const more of [[], ['--json']]) {
        const { out } = await desk.run([...words, ...more])
        expect(out).toContain('and more')
        expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
      }
    }
  })

  itOnTerminal('fits a terminal of 80 columns, and of 50', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'a-rather-long-name-for-a-session')
    await tellOperator(ann, `${'many words '.repeat(30)}\n\n${'語'.repeat(100)}`)
    for (const columns of [80, 50]) {
      for (const words of [['history'], ['inbox', '--keep']]) {
        const { out } = await desk.run(words, { columns })
        const lines = out.split(/\r?\n/)
        expect(lines.length).toBeGreaterThan(6)
        // The command to answer with is copied: it is never broken.
        const shown = lines.filter((line) => !line.includes('mesh send'))
        for (const line of shown) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
      }
    }
  })
})

describe('when no session runs', () => {
  it('what was said can still be read, and what waits goes on waiting', async () => {
    const desk = createDesk()
    const [ann, ben] = await enterAll(desk, 'ann', 'ben')
    const id = await tellOperator(ann, 'before the evening')
    await ann?.call('send_message', { to: 'ben', message: 'good night' })
    await until(async () => (await desk.run(['history'])).out.includes('good night'))
    await ben?.close()
    await ann?.close()
    await until(async () => (await desk.run(['peers'])).code === 3)
    const page = history.parse(await desk.runJson(['history']))
    expect(page.messages.map(({ body }) => body)).toEqual(['before the evening', 'good night'])
    expect((await desk.run(['history', '--id', id])).out).toContain('written in ')
    expect((await desk.run(['history', '--limit', '1'])).out).toContain('Older: mesh history')
    expect((await desk.run(['history', 'ann', '--query', 'night'])).out).toContain('good night')
    for (const look of [1, 2]) {
      const kept = inbox.parse(await desk.runJson(['inbox', '--keep', '--limit', String(look)]))
      expect(kept).toMatchObject({ messages: [{ id }], unread: 0 })
    }
    expect((await desk.run(['inbox'])).code).toBe(3)
    const variables = { CLAUDECODE: '1' }
    expect(await desk.run(['history'], { variables })).toMatchObject({ code: 3, out: '' })
    const [again] = await enterAll(desk, 'ann')
    await tellOperator(again, 'good morning')
    expect((await desk.run(['inbox'])).out).toMatch(/before the evening.*good morning/s)
  })
})
