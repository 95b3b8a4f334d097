import { describe, expect, it } from 'vitest'
import type { MessageAnswer } from '../../../cli/answers.ts'
import { printCards, printContext } from '../../../cli/cards.ts'
import { createPrint } from '../../../cli/print.ts'
import { displayWidth } from '../../../cli/width.ts'
import { keepOutput } from './output.ts'

const sent_at = '2026-01-02T03:04:05.000Z'
const nowMs = Date.parse(sent_at)
const names = new Map([
  ['peer-b', 'ben'],
  ['peer-c', 'cleo'],
])

function messageOf(different: Partial<MessageAnswer> = {}): MessageAnswer {
  return {
    ...{ id: '01jgkz0000000000000000000a', from: { id: 'peer-a', name: 'ann' }, to: ['peer-b'] },
    ...{ kind: 'direct', body: 'which port is free?', sent_at, trust: 'same_device' },
    ...different,
  }
}

function shown(
  messages: readonly MessageAnswer[],
  {
    columns,
    linesMax,
    laterMs = 0,
  }: { columns?: number; linesMax?: number; laterMs?: number } = {},
): string[] {
  const out = keepOutput(columns)
  const print = createPrint({ out, error: out, variables: { NO_COLOR: '1' } }, () => {})
  const facts = { names, nowMs: nowMs + laterMs, ...(linesMax === undefined ? {} : { linesMax }) }
  printCards(print, messages, facts)
  return out.text().trimEnd().split('\n')
}

describe('a message on a terminal', () => {
  it('says who speaks to whom, when, how far it came, its ID, and the text', () => {
    const [head = '', text, ...rest] = shown([messageOf({ state: 'seen' })], { columns: 80 })
    expect(head).toMatch(/^ann → ben {2}\d\d:\d\d:05 {2}seen {2}01jgkz0000000000000000000a$/)
    expect([text, ...rest]).toEqual(['  which port is free?'])
  })

  it('says the day when it is not today', () => {
    const [head] = shown([messageOf()], { laterMs: 3 * 86_400_000 })
    expect(head).toMatch(/ {2}2026-01-0\d \d\d:\d\d:05 {2}/)
  })

  it('never takes more columns than there are, whatever it is', () => {
    const messages = [
      messageOf({ body: 'a long story '.repeat(40), state: 'acknowledged' }),
      messageOf({
        body: `${'語'.repeat(90)}\n\t- indented`,
        reply_to: '01jgkz0000000000000000000b',
      }),
      messageOf({ to: ['peer-b', 'peer-c', 'x'.repeat(17), 'y', 'z'], kind: 'broadcast' }),
      messageOf({ from: { id: 'peer-a', name: 'n'.repeat(32) }, to: ['m'.repeat(32)] }),
    ]
    for (const columns of [40, 80, 200]) {
      for (const line of shown(messages, { columns })) {
        expect(displayWidth(line)).toBeLessThanOrEqual(columns)
      }
    }
  })

  it('keeps the lines and the indentation of its text', () => {
    const body = 'if (a) {\r\n\tgo()\n    stop()\n}'
    const [, ...text] = shown([messageOf({ body })], { columns: 80 })
    expect(text).toEqual(['  if (a) {', '    go()', '      stop()', '  }'])
  })

  it('is cut where several are shown, and whole where a program reads', () => {
    const message = messageOf({ body: Array.from({ length: 50 }, (_, row) => row).join('\n') })
    const cut = shown([message], { columns: 80, linesMax: 12 })
    expect(cut).toHaveLength(13)
    expect(cut.at(-1)).toContain(`mesh history --id ${message.id}`)
    expect(shown([message], { linesMax: 12 })).toHaveLength(51)
    expect(shown([message], { columns: 80 })).toHaveLength(51)
  })

  it('says what a reader should know of it, and how many got it', () => {
    const remarks = { reply_to: '01jgkz0000000000000000000b', trust: 'mesh_device', repeat: true }
    expect(shown([messageOf(remarks)])[1]).toBe(
      '  in reply to 01jgkz0000000000000000000b, from another machine, shown before',
    )
    const to = ['peer-b', 'peer-c', 'peer-d', 'peer-e', 'peer-f']
    expect(shown([messageOf({ to })])[0]).toContain('ann → ben, cleo, peer-d and 2 more')
    const notice = { from: { id: 'mesh', name: 'mesh' }, kind: 'notice' }
    expect(shown([messageOf(notice)])[0]).toMatch(/^mesh {2}\d\d/)
  })

  it('has no power over the terminal', () => {
    const evil = '\u001b[2J\u202e\u009b2J'
    const message = messageOf({
      ...{ id: evil, from: { id: evil, name: evil }, to: [evil], body: `${evil}\n${evil}` },
      ...{ kind: evil, reply_to: evil, state: evil, sent_at: evil, trust: evil },
      context: { branch: evil, cwd: evil, summary: evil, files: [evil] },
    })
    const out = keepOutput(80)
    const print = createPrint({ out, error: out, variables: { NO_COLOR: '1' } }, () => {})
    printCards(print, [message], { names: new Map([[evil, evil]]), nowMs })
    printContext(print, message, { homeDirectory: '/somewhere' })
    expect(out.text().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})
