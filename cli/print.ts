import { exits } from './exits.ts'

/** What output is written to: a stream of the process, or of a test. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Paints text; each leaves it as it is where colours are not wanted. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

/** The only way in which a command says something. */
export interface Print {
  readonly style: Style
  readonly errorStyle: Style
  /** Columns of the terminal; without one, as many as are needed. */
  readonly columns: number
  line(text?: string): void
  json(value: unknown): void
  /** Says something beside the output, so that a pipe does not get it. */
  complain(text: string): void
  /** Resolves when everything has left the process. */
  flush(): Promise<void>
}

/** Where a command's words go. */
export interface PrintDeps {
  readonly out: Output
  readonly error: Output
  readonly variables: Readonly<Record<string, string | undefined>>
}

/**
 * Makes the printer of a command. `gone` is called with the exit code when the output can no longer
 * be written: a reader that left, as `head` does, is no failure.
 */
export function createPrint(deps: PrintDeps, gone: (code: number) => void): Print {
  const { out, error, variables } = deps
  let isGone = false

  function lost(thrown: Error): void {
    if (isGone) return
    isGone = true
    gone('code' in thrown && thrown.code === 'EPIPE' ? exits.ok : exits.failed)
  }

  out.on('error', lost)
  // Nobody is left to be told that complaints cannot be written.
  error.on('error', () => {})

  function write(text: string): void {
    if (!isGone) out.write(`${text}\n`)
  }

  return {
    style: createStyle(isPainted(out, variables)),
    errorStyle: createStyle(isPainted(error, variables)),
    get columns() {
      return out.isTTY ? (out.columns ?? 80) : Number.POSITIVE_INFINITY
    },
    line: (text = '') => write(text),
    json: (value) => write(safeJson(value)),
    complain: (text) => void error.write(`${text}\n`),
    async flush() {
      await Promise.all([drained(out), drained(error)])
    },
  }
}

/** Control characters, and those that reorder the text around them. */
const controls = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** Where the pictures of the control characters begin: Unicode block 2400. */
const pictures = 0x2400

/**
 * Text that somebody else wrote, on one line and without power over the terminal: line ends become
 * blanks, control characters their pictures, and what would reorder text a replacement character.
 */
export function plain(text: string): string {
  return text.replace(/\s*[\r\n\t\v\f]\s*/g, ' ').replace(controls, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code === 0x7f) return '␡'
    return code < 0x20 ? String.fromCodePoint(pictures + code) : '\ufffd'
  })
}

/** JSON leaves some control characters as they are, which a terminal may obey; escaped they mean the same. */
function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    controls,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function isPainted(output: Output, variables: PrintDeps['variables']): boolean {
  return output.isTTY === true && !variables['NO_COLOR'] && variables['TERM'] !== 'dumb'
}

function createStyle(isOn: boolean): Style {
  // Select Graphic Rendition, ECMA-48 section 8.3.117: on, and back to the default.
  const paint = (on: number, off: number) => (text: string) =>
    isOn && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  }
}

function drained(output: Output): Promise<void> {
  return new Promise((resolve) => void output.write('', () => resolve()))
}
