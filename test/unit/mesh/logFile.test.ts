import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogFile, logBytesMax } from '../../../mesh/logFile.ts'

let root: string
let path: string
let instead: string[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mesh-log-'))
  path = join(root, 'mesh.log')
  instead = []
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const open = (at = path) => createLogFile(at, (line) => void instead.push(line))
const linesOf = (at: string) => readFileSync(at, 'utf8').trimEnd().split('\n')

describe('a log file', () => {
  it('is made when there is something to say, for its owner alone', () => {
    const write = open()
    expect(readdirSync(root)).toEqual([])
    write('one\n')
    write('two\n')
    expect(linesOf(path)).toEqual(['one', 'two'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(instead).toEqual([])
  })

  it('is added to, never begun anew', () => {
    writeFileSync(path, 'before\n')
    open()('after\n')
    expect(linesOf(path)).toEqual(['before', 'after'])
  })

  it('becomes the older one when it is full, and only one older one is kept', () => {
    const write = open()
    const full = `${'x'.repeat(logBytesMax - 1)}\n`
    for (const round of ['a', 'b', 'c']) {
      write(`${round}\n`)
      write(full)
    }
    write('last\n')
    expect(readdirSync(root).sort()).toEqual(['mesh.log', 'mesh.log.1'])
    expect(linesOf(path)).toEqual(['last'])
    expect(linesOf(`${path}.1`)[0]).toBe('c')
    expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600)
  })

  it('may be shared: whoever still had the full one open goes on in the new one', () => {
    const [left, right] = [open(), open()]
    left('left\n')
    right('right\n')
    left(`${'x'.repeat(logBytesMax)}\n`)
    right('right again\n')
    left('left again\n')
    expect(linesOf(path)).toEqual(['right again', 'left again'])
    expect(linesOf(`${path}.1`).slice(0, 2)).toEqual(['left', 'right'])
  })

  it('goes where it can when it cannot be written', () => {
    const directory = join(root, 'directory')
    mkdirSync(directory)
    const places = [directory, join(root, 'missing', 'mesh.log'), join(path, 'below'), '\0']
    writeFileSync(path, '')
    for (const place of places) open(place)(`${places.indexOf(place)}\n`)
    expect(instead).toEqual(['0\n', '1\n', '2\n', '3\n'])
  })

  it('is written again when it can be', () => {
    const place = join(root, 'later', 'mesh.log')
    const write = open(place)
    write('lost\n')
    mkdirSync(join(root, 'later'))
    write('kept\n')
    expect(linesOf(place)).toEqual(['kept'])
    expect(instead).toEqual(['lost\n'])
  })

  it.runIf(process.platform === 'linux')('holds nobody when it is a pipe that nobody reads', () => {
    execFileSync('mkfifo', [path])
    open()('one\n')
    expect(instead).toEqual(['one\n'])
  })

  it('stops growing where it cannot be put aside', () => {
    mkdirSync(join(`${path}.1`, 'in the way'), { recursive: true })
    const write = open()
    const half = `${'x'.repeat(logBytesMax / 2 - 1)}\n`
    for (let count = 0; count < 6; count += 1) write(half)
    expect(statSync(path).size).toBe(2 * logBytesMax)
    expect(instead).toEqual([half, half])
  })
})
