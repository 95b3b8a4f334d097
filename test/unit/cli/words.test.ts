import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../cli/catalogue.ts'
import { understand } from '../../../cli/words.ts'
import { MeshError } from '../../../state/errors.ts'

function refusal(...typed: string[]): MeshError {
  try {
    understand(typed)
  } catch (thrown) {
    if (thrown instanceof MeshError) return thrown
  }
  throw new Error(`understood: ${typed.join(' ')}`)
}

function run(...typed: string[]) {
  const wish = understand(typed)
  if (wish.kind !== 'run') throw new Error('nothing is run')
  return { name: wish.text.name, ...wish.given }
}

describe('what is typed', () => {
  it('is a command with its options and words, in any order', () => {
    expect(run('peers', '--offline', '--scope', 'machine')).toMatchObject({
      name: 'peers',
      flags: new Set(['offline']),
      values: new Map([['scope', 'machine']]),
      json: false,
    })
    expect(run('stop', '--json', 'ada')).toMatchObject({ name: 'stop', words: ['ada'], json: true })
    expect(run('--json', 'stop', 'ada')).toMatchObject({ words: ['ada'], json: true })
  })

  it('is a message in as many words as it has, whatever stands behind two dashes', () => {
    expect(run('send', 'ada', 'is', 'it', 'done?')).toMatchObject({
      words: ['ada', 'is', 'it', 'done?'],
    })
    expect(run('send', 'ada', '--wait', '0.5', '-')).toMatchObject({
      words: ['ada', '-'],
      values: new Map([['wait', '0.5']]),
    })
    expect(run('send', 'ada', '--', 'use', '--json', '--help')).toMatchObject({
      name: 'send',
      words: ['ada', 'use', '--json', '--help'],
      json: false,
    })
    expect(run('send', '--json', 'ada', '--', '--json')).toMatchObject({
      words: ['ada', '--json'],
      json: true,
    })
  })

  it.each([[[]], [['--help']], [['-h']], [['help']]])('%j lists the commands', (typed) => {
    expect(run(...typed)).toMatchObject({ name: 'help', words: [] })
  })

  it.each(catalogue.map(({ name }) => name))('mesh %s --help explains it', (name) => {
    const words = name === 'help' ? ['help'] : [name]
    expect(run(name, '--help')).toMatchObject({ name: 'help', words })
    expect(run(name, '-h')).toMatchObject({ name: 'help', words })
  })

  it.each([[['--version']], [['-V']]])('%j asks for the version', (typed) => {
    expect(understand(typed)).toEqual({ kind: 'version', json: false })
    expect(understand([...typed, '--json'])).toEqual({ kind: 'version', json: true })
  })

  it.each([
    ['an unknown command', ['frobnicate'], 'frobnicate', 'mesh help'],
    ['a misspelt command', ['statsu'], 'statsu', 'mesh status'],
    ['an unknown option', ['peers', '--all'], '--all', 'mesh help peers'],
    ['an option without its value', ['peers', '--scope'], '--scope', 'mesh help peers'],
    ['a value that is none', ['peers', '--scope', 'moon'], 'moon', 'mesh help peers'],
    ['a missing word', ['stop'], '<peer>', 'mesh help stop'],
    ['a word too many', ['stop', 'ada', 'ben'], 'ben', 'mesh help stop'],
    ['a number that is none', ['inbox', '--limit', 'many'], 'many', 'mesh help inbox'],
    ['a number out of bounds', ['inbox', '--limit', '201'], '1 to 200', 'mesh help inbox'],
    ['a part where a whole is meant', ['inbox', '--limit', '1.5'], 'whole', 'mesh help inbox'],
    ['an empty number', ['send', 'ada', 'hi', '--wait', ''], '--wait', 'mesh help send'],
    ['no message', ['send', 'ada'], '<message>', 'mesh help send'],
    ['a word where none is taken', ['status', 'please'], 'please', 'mesh help status'],
    ['a name of the language', ['constructor'], 'constructor', 'mesh help'],
  ])('%s is refused by name, with the next step', (_, typed, named, hint) => {
    const { code, message, hint: given } = refusal(...typed)
    expect(code).toBe('BAD_INPUT')
    expect(message).toContain(named)
    expect(given).toContain(hint)
  })
})

describe('the catalogue', () => {
  it.each(catalogue)('gives examples of mesh $name that are understood', ({ name, examples }) => {
    expect(examples.length).toBeGreaterThan(0)
    for (const [command] of examples) {
      const typed = /(?:^|-- )mesh (.+?)(?: \||$)/.exec(command)?.[1]?.split(' ') ?? []
      expect(run(...typed).name).toBe(name)
    }
  })
})
