import { parseArgs } from 'node:util'
import { distance } from 'fastest-levenshtein'
import { MeshError } from '../state/errors.ts'
import { catalogue, everywhere } from './catalogue.ts'
import type { Given } from './command.ts'
import type { CommandText } from './commandText.ts'

/** What the user wants. */
export type Wish =
  | { readonly kind: 'run'; readonly text: CommandText; readonly given: Given }
  | { readonly kind: 'version'; readonly json: boolean }

/** Understands what was typed after `mesh`. Fails with BAD_INPUT, naming what is not understood. */
export function understand(typed: readonly string[]): Wish {
  const json = wantsJson(typed)
  const [first, ...rest] = withoutJson(typed)
  if (first === undefined || first === '--help' || first === '-h') return help([], json)
  if (first === '--version' || first === '-V') return { kind: 'version', json }
  const text = catalogue.find(({ name }) => name === first)
  if (!text) throw unknown(first)
  const { values, positionals } = parse(text, rest)
  if (values['help'] === true) return help([text.name], json)
  checkWords(text, positionals)
  checkChoices(text, values)
  checkRanges(text, values)
  return {
    kind: 'run',
    text,
    given: {
      json,
      flags: new Set(Object.keys(values).filter((name) => values[name] === true)),
      values: new Map(
        Object.entries(values).flatMap(([name, value]) =>
          typeof value === 'string' ? [[name, value] as const] : [],
        ),
      ),
      words: positionals,
    },
  }
}

/** Whether JSON is asked for; also answers when the rest is not understood. */
export function wantsJson(typed: readonly string[]): boolean {
  return typed.slice(0, endOf(typed)).includes('--json')
}

/** What stands behind `--` is text, whatever it looks like. */
function withoutJson(typed: readonly string[]): string[] {
  const end = endOf(typed)
  return typed.filter((word, index) => word !== '--json' || index > end)
}

/** Where the options end. */
function endOf(typed: readonly string[]): number {
  const end = typed.indexOf('--')
  return end < 0 ? typed.length : end
}

function help(words: readonly string[], json: boolean): Wish {
  const text = catalogue.find(({ name }) => name === 'help')
  if (!text) throw unknown('help')
  return { kind: 'run', text, given: { json, flags: new Set(), values: new Map(), words } }
}

function parse(text: CommandText, words: readonly string[]) {
  const options = Object.fromEntries(
    [...text.options, ...everywhere].map(({ name, value }) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(name === 'help' ? { short: 'h' } : {}),
      },
    ]),
  )
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true })
  } catch (thrown) {
    // Node appends advice about `--` that helps nobody here.
    const why = thrown instanceof Error ? (thrown.message.split(/[.\n]/)[0] ?? '') : ''
    throw misused(`${why}.`, text.name)
  }
}

function checkWords({ name, words }: CommandText, given: readonly string[]): void {
  const takesMore = words.at(-1)?.endsWith('...') === true
  const extra = takesMore ? undefined : given[words.length]
  if (extra !== undefined) throw misused(`${JSON.stringify(extra)} is one word too many.`, name)
  const missing = words[given.length]
  if (missing !== undefined && !missing.startsWith('[')) {
    throw misused(`mesh ${name} needs a <${missing.replace('...', '')}>.`, name)
  }
}

function checkRanges(text: CommandText, values: Readonly<Record<string, unknown>>): void {
  for (const { name, range } of text.options) {
    const value = values[name]
    if (typeof value !== 'string' || !range) continue
    const amount = value.trim() === '' ? Number.NaN : Number(value)
    const isWhole = Number.isInteger(amount) || range.isDivisible === true
    if (isWhole && amount >= range.least && amount <= range.most) continue
    const kind = range.isDivisible ? 'a number' : 'a whole number'
    const wanted = `${kind} from ${range.least} to ${range.most}`
    throw misused(`--${name} is ${wanted}, not ${JSON.stringify(value)}.`, text.name)
  }
}

function checkChoices(text: CommandText, values: Readonly<Record<string, unknown>>): void {
  for (const { name, choices } of text.options) {
    const value = values[name]
    if (typeof value !== 'string' || !choices || choices.includes(value)) continue
    const list = choices.join(', ')
    throw misused(`--${name} is one of ${list}, not ${JSON.stringify(value)}.`, text.name)
  }
}

function misused(message: string, command: string): MeshError {
  return new MeshError('BAD_INPUT', message, { hint: `Run \`mesh help ${command}\`.` })
}

function unknown(word: string): MeshError {
  const near = catalogue.map(({ name }) => name).filter((name) => distance(name, word) <= 2)
  const hint = near[0] === undefined ? 'Run `mesh help`.' : `Did you mean \`mesh ${near[0]}\`?`
  return new MeshError('BAD_INPUT', `mesh has no command ${JSON.stringify(word)}.`, { hint })
}
