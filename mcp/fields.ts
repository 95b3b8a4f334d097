import type { Structured } from '../state/structured.ts'
import { neutral } from './neutral.ts'

/** Characters of a field, and items of a list, that are shown unasked: the text says it as well. */
const shownMax = { characters: 1_000, items: 50 } as const

/** Fields so that none of them can pretend to be somebody else's; short ones unless all is wanted. */
export function neutralFields(fields: Structured, isWhole: boolean): Structured {
  const shorten = (text: string) => {
    const whole = neutral(text)
    const isShort = isWhole || whole.length <= shownMax.characters
    return isShort ? whole : `${whole.slice(0, shownMax.characters).toWellFormed()}…`
  }
  const shown = Object.entries(fields).map(([name, value]) =>
    typeof value === 'string'
      ? ([name, shorten(value)] as const)
      : ([name, value.slice(0, isWhole ? undefined : shownMax.items).map(shorten)] as const),
  )
  return { ...Object.fromEntries(shown), type: fields.type }
}
