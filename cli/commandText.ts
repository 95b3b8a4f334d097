/** One option of a command. A value is asked for when `value` names it. */
export interface OptionText {
  readonly name: string
  readonly value?: string
  /** The only values that are understood. */
  readonly choices?: readonly string[]
  /** The value is a number within these, ends included; whole unless it is divisible. */
  readonly range?: {
    readonly least: number
    readonly most: number
    readonly isDivisible?: boolean
  }
  readonly text: string
}

/** How a command is typed and what it is for. */
export interface CommandText {
  readonly name: string
  /** The words after it: one in brackets may be left out, one with dots may be several. */
  readonly words: readonly string[]
  /** One line, for the list of commands. */
  readonly summary: string
  /** What a user should know before using it. */
  readonly about: string
  readonly options: readonly OptionText[]
  readonly examples: readonly (readonly [command: string, effect: string])[]
}
