import { describe, expect, it } from 'vitest'
import { createLog, logWith } from '../../../mesh/log.ts'

function record(level: 'debug' | 'warn' | 'silent') {
  const lines: string[] = []
  const log = createLog(
    level,
    (line) => void lines.push(line),
    () => Date.UTC(2026, 0),
  )
  return { lines, log }
}

describe('the log', () => {
  it('is one JSON object a line, with whose it is', () => {
    const { lines, log } = record('debug')
    const own = logWith(logWith(log, { pid: 7 }), { self: 'me' })
    own.info('joined', { peer: 'you', text: 'two\nlines' })
    own.error('failed', { thrown: new Error('no') })
    expect(lines.every((line) => line.endsWith('\n') && line.split('\n').length === 2)).toBe(true)
    const [first, second] = lines.map((line) => JSON.parse(line))
    expect(first).toEqual({
      ...{ time: '2026-01-01T00:00:00.000Z', level: 'info', event: 'joined' },
      ...{ pid: 7, self: 'me', peer: 'you', text: 'two\nlines' },
    })
    expect(second).toMatchObject({ pid: 7, self: 'me', thrown: expect.stringContaining('no') })
  })

  it('says what it was asked to, and nothing when it is silent', () => {
    const quiet = record('silent')
    const some = record('warn')
    for (const { log } of [quiet, some]) {
      const own = logWith(log, { pid: 7 })
      for (const level of ['debug', 'info', 'warn', 'error'] as const) own[level](level)
    }
    expect(quiet.lines).toEqual([])
    expect(some.lines.map((line) => JSON.parse(line).event)).toEqual(['warn', 'error'])
  })
})
