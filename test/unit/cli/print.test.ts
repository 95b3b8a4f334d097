import { describe, expect, it } from 'vitest'
import { createPrint, plain } from '../../../cli/print.ts'
import { printTable } from '../../../cli/table.ts'
import { displayWidth, shorten, wrap } from '../../../cli/width.ts'
import { keepOutput } from './output.ts'

/** Everything a terminal might obey. */
const escapeCharacter = '\u001b'

function printTo(columns?: number, variables: Record<string, string> = {}) {
  const out = keepOutput(columns)
  const error = keepOutput(columns)
  const codes: number[] = []
  const print = createPrint({ out, error, variables }, (code) => codes.push(code))
  return { print, out, error, codes }
}

describe('printing', () => {
  it.each([
    ['a terminal is painted', 80, {}, true],
    ['a pipe is not', undefined, {}, false],
    ['a terminal is not when NO_COLOR is set', 80, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR means nothing', 80, { NO_COLOR: '' }, true],
    ['a dumb terminal is not', 80, { TERM: 'dumb' }, false],
  ] as const)('%s', (_, columns, variables, isPainted) => {
    const { print, out } = printTo(columns, variables)
    print.line(print.style.red('hot'))
    expect(out.text().includes(escapeCharacter)).toBe(isPainted)
    expect(out.text()).toContain('hot')
  })

  it('keeps complaints out of the output', () => {
    const { print, out, error } = printTo()
    print.complain('something is wrong')
    expect(out.text()).toBe('')
    expect(error.text()).toBe('something is wrong\n')
  })

  it('ends quietly when the reader has left, and says no more', () => {
    const { print, out, codes } = printTo()
    out.fail('EPIPE')
    out.fail('EPIPE')
    print.line('nobody reads this')
    expect(codes).toEqual([0])
    expect(out.text()).toBe('')
  })

  it('fails when the output cannot be written', () => {
    const { out, codes } = printTo()
    out.fail('ENOSPC')
    expect(codes).toEqual([1])
  })

  it('prints JSON that a terminal does not obey and a parser reads unchanged', () => {
    const { print, out } = printTo()
    const value = { body: 'a\u001b[2J b\u009b2J c\u007f d\u202e e\u2028 ✅ سلام' }
    print.json(value)
    expect(out.text()).not.toMatch(/[\p{Cc}\u202e\u2028](?!$)/u)
    expect(JSON.parse(out.text())).toEqual(value)
  })
})

describe('text of peers', () => {
  it.each([
    ['an escape sequence', '\u001b[31mred', '␛[31mred'],
    ['an eight-bit control sequence', '\u009b2J', '\ufffd2J'],
    ['a bell and a backspace', '\u0007\b', '␇␈'],
    ['a delete', '\u007f', '␡'],
    ['a return that would overwrite the line', 'good\rbad', 'good bad'],
    ['line ends and tabs', 'one\r\n  two\tthree', 'one two three'],
    ['what turns the reading order', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
    ['what a reader needs', 'سلام 建物 👩‍💻 é', 'سلام 建物 👩‍💻 é'],
  ])('%s has no power', (_, text, shown) => {
    expect(plain(text)).toBe(shown)
  })
})

describe('width', () => {
  it.each([
    ['plain', 5],
    ['建物', 4],
    ['🎉', 2],
    ['👩‍💻', 2],
    ['❤️', 2],
    ['🇩🇪', 2],
    ['e\u0301', 1],
    ['سلام', 4],
    ['', 0],
  ])('%s takes the columns that it takes', (text, columns) => {
    expect(displayWidth(text)).toBe(columns)
  })

  it('never cuts a character in two, nor takes more than there is', () => {
    const text = 'ab建物👩‍💻cd'
    for (let columns = 0; columns < 12; columns += 1) {
      const short = shorten(text, columns)
      expect(displayWidth(short)).toBeLessThanOrEqual(columns)
      expect(short).not.toContain('\ufffd')
      if (columns >= displayWidth(text)) expect(short).toBe(text)
    }
  })

  it('breaks between words, and inside those that are too long', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k'])
    for (const line of wrap('建物の中に猫がいます and more', 7)) {
      expect(displayWidth(line)).toBeLessThanOrEqual(7)
    }
  })
})

describe('tables', () => {
  it('stand in columns whatever the names are made of', () => {
    const { print, out } = printTo()
    printTable(print, [
      { title: 'name', cells: ['ben', '建物', '🎉'] },
      { title: 'then', cells: ['x', 'x', 'x'] },
    ])
    const [, ...rows] = out.text().trimEnd().split('\n')
    const places = rows.map((row) => displayWidth(row.slice(0, row.indexOf('x'))))
    expect(new Set(places).size).toBe(1)
  })

  it('fit the terminal by shortening what may be shortened', () => {
    const { print, out } = printTo(40, { NO_COLOR: '1' })
    printTable(print, [
      { title: 'id', cells: ['15tw4svd-2pcrdedq'] },
      { title: 'summary', cells: ['a summary that is far too long for it'], flexible: true },
    ])
    const lines = out.text().trimEnd().split('\n')
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(40)
    expect(lines[1]).toContain('15tw4svd-2pcrdedq')
    expect(lines[1]).toContain('…')
  })

  it('leave out columns in which there is nothing, and neutralise what is in the others', () => {
    const { print, out } = printTo()
    printTable(print, [
      { title: 'name', cells: ['a\u001b[2Jb'] },
      { title: 'branch', cells: [''] },
    ])
    expect(out.text()).not.toContain('branch')
    expect(out.text()).toContain('a␛[2Jb')
  })
})
