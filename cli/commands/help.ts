import { MeshError } from '../../state/errors.ts'
import { catalogue, everywhere } from '../catalogue.ts'
import type { Command } from '../command.ts'
import type { CommandText, OptionText } from '../commandText.ts'
import { exits } from '../exits.ts'
import type { Print } from '../print.ts'
import { fill, wrap } from '../width.ts'

/** Widest text that reads well. */
const columnsMax = 80

/** Explains a command, or lists all of them. */
export const help: Command = async ({ words, json }, { print }) => {
  const [name] = words
  const text = catalogue.find((command) => command.name === name)
  if (name !== undefined && !text) {
    throw new MeshError('BAD_INPUT', `mesh has no command ${JSON.stringify(name)}.`, {
      hint: 'Run `mesh help`.',
    })
  }
  if (json) print.json(text ?? { commands: catalogue })
  else if (text) explain(print, text)
  else list(print)
  return exits.ok
}

function list(print: Print): void {
  const { bold, dim, cyan } = print.style
  print.line(
    `${bold('mesh')} lets Claude Code sessions find each other and talk, without a broker.`,
  )
  print.line()
  print.line(`${dim('Usage:')} mesh <command> [options]`)
  print.line()
  const width = Math.max(...catalogue.map((text) => typedAs(text).length))
  for (const text of catalogue) {
    print.line(`  ${cyan(fill(typedAs(text), width))}  ${text.summary}`)
  }
  print.line()
  print.line(`  ${cyan('--json')} with any command prints JSON, ${cyan('--version')} the version.`)
  print.line()
  print.line('New here? See it work: mesh demo')
}

function explain(print: Print, text: CommandText): void {
  const { bold, dim, cyan } = print.style
  print.line(`${bold(`mesh ${typedAs(text)}`)}  ${text.summary}`)
  print.line()
  const columns = Math.min(print.columns, columnsMax) - 2
  for (const line of wrap(text.about, columns)) print.line(`  ${line}`)
  print.line()
  print.line(dim('Options'))
  const options = [...text.options, ...everywhere]
  const width = Math.max(...options.map((option) => optionAs(option).length))
  for (const option of options) {
    print.line(`  ${cyan(fill(optionAs(option), width))}  ${option.text}`)
  }
  print.line()
  print.line(dim(text.examples.length === 1 ? 'Example' : 'Examples'))
  const longest = Math.max(...text.examples.map(([command]) => command.length))
  for (const [command, effect] of text.examples) {
    print.line(`  ${cyan(fill(command, longest))}  ${dim(effect)}`)
  }
}

function typedAs({ name, words }: CommandText): string {
  const shown = words.map((word) => (word.startsWith('[') ? word : `<${word}>`))
  return [name, ...shown].join(' ')
}

function optionAs({ name, value }: OptionText): string {
  return value === undefined ? `--${name}` : `--${name} <${value}>`
}
