import { describe, expect, it } from 'vitest'
import { exitOf } from '../../../cli/exits.ts'
import { createPrint } from '../../../cli/print.ts'
import { runCommand } from '../../../cli/run.ts'
import { environmentOf } from '../environment.ts'
import { keepOutput } from './output.ts'

/** Nothing is piped in. */
async function* piped(): AsyncGenerator<Uint8Array> {}

function around(variables: Record<string, string> = {}) {
  const out = keepOutput()
  const error = keepOutput()
  return {
    out,
    error,
    given: {
      environment: environmentOf({ variables: { MESH_HOME: '/nowhere/at/all', ...variables } }),
      print: createPrint({ out, error, variables }, () => {}),
      signal: new AbortController().signal,
      program: '/somewhere/mesh.js',
      input: piped(),
      runtime: { path: 'node', flags: [], version: '20.19.0' },
    },
  }
}

describe('exit codes', () => {
  it.each([
    ['BAD_INPUT', 2],
    ['NO_MESH', 3],
    ['UNKNOWN_PEER', 4],
    ['AMBIGUOUS_PEER', 4],
    ['REFUSED', 5],
    ['TOO_FAST', 5],
    ['CANCELLED', 130],
    ['STORE_FAILED', 1],
    ['HOME_UNSAFE', 1],
    ['INTERNAL', 1],
  ] as const)('%s ends with %i', (code, exit) => {
    expect(exitOf(code)).toBe(exit)
  })

  it.each([
    [['help'], 0],
    [['--version'], 0],
    [['nonsense'], 2],
    [['help', 'nonsense'], 2],
    [['status'], 3],
    [['peers'], 3],
    [['watch'], 3],
    [['stop', 'ada'], 3],
    [['send', 'ada', 'hello'], 3],
    [['send', 'ada', ''], 2],
    [['send', 'ada', '-'], 2],
    [['broadcast', 'hello'], 3],
    [['inbox'], 3],
    [['inbox', '--keep'], 3],
    [['history'], 3],
    [['history', 'ada', '--id', '0123456'], 2],
  ])('mesh %j where nothing runs ends with %i', async (typed, exit) => {
    expect(await runCommand(typed, around().given)).toBe(exit)
  })

  it('a message that is too long ends with 2, typed or piped in', async () => {
    const long = 'x'.repeat(65_537)
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new TextEncoder().encode(long)
    }
    for (const words of [[long], ['-']]) {
      const { given, error } = around()
      expect(await runCommand(['send', 'ada', ...words], { ...given, input: endless() })).toBe(2)
      expect(error.text()).toContain('65536')
    }
  })

  it('input that is no text ends with 2', async () => {
    const { given, error } = around()
    async function* noise(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([0xff, 0xfe, 0])
    }
    expect(await runCommand(['broadcast', '-'], { ...given, input: noise() })).toBe(2)
    expect(error.text()).toContain('UTF-8')
  })

  it('a setting that is not understood ends with 2 and is named', async () => {
    const { given, error } = around({ MESH_PORT: 'moon' })
    expect(await runCommand(['status'], given)).toBe(2)
    expect(error.text()).toContain('MESH_PORT')
  })
})

describe('refusals', () => {
  it('are told beside the output, with the next step', async () => {
    const { given, out, error } = around()
    await runCommand(['peers'], given)
    expect(out.text()).toBe('')
    expect(error.text()).toMatch(/No session.*\n.*mesh demo/)
  })

  it('are the output, as JSON, when JSON is asked for', async () => {
    for (const typed of [
      ['peers', '--json'],
      ['--json', 'nonsense'],
      ['stop', '--json'],
    ]) {
      const { given, out, error } = around()
      await runCommand(typed, given)
      expect(error.text()).toBe('')
      const { error: told } = JSON.parse(out.text())
      expect(Object.keys(told)).toEqual(['code', 'message', 'hint'])
    }
  })

  it('never come with power over the terminal', async () => {
    const { given, error } = around()
    await runCommand(['\u001b[2J'], given)
    expect(error.text()).not.toContain('\u001b')
  })
})
