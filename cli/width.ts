import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/** Columns that a text takes on a terminal. */
export const displayWidth: (text: string) => number = stringWidth

/**
 * A text of at most `columns` columns, its end replaced by `…` when it is longer. Never cuts what a
 * reader sees as one character, which cli-truncate 5.2 does not promise.
 */
export function shorten(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let kept = ''
  let left = columns - 1
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    left -= displayWidth(segment)
    if (left < 0) break
    kept += segment
  }
  return columns < 1 ? '' : `${kept.trimEnd()}…`
}

/** A text filled with blanks to `columns` columns. */
export function fill(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)))
}

/** Breaks a text between words into lines of at most `columns` columns; longer words are cut. */
export function wrap(text: string, columns: number): string[] {
  return Number.isFinite(columns) ? wrapAnsi(text, columns, { hard: true }).split('\n') : [text]
}
