/** Two columns wide: East Asian wide and full-width blocks (Unicode Annex 11), and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u
/** Without a place of their own: accents and joiners. */
const narrow = /^[\p{Mn}\p{Me}\p{Cf}]+$/u
/** What most texts are made of. */
const simple = /^[ -~]*$/

/** Columns that a text takes on a terminal. */
export function displayWidth(text: string): number {
  if (simple.test(text)) return text.length
  return charactersOf(text).reduce((sum, character) => sum + widthOf(character), 0)
}

/** A text of at most `columns` columns, its end replaced by `…` when it is longer. */
export function shorten(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let kept = ''
  let left = columns - 1
  for (const character of charactersOf(text)) {
    left -= widthOf(character)
    if (left < 0) break
    kept += character
  }
  return columns < 1 ? '' : `${kept.trimEnd()}…`
}

/** A text filled with blanks to `columns` columns. */
export function fill(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)))
}

/** Breaks a text between words into lines of at most `columns` columns; longer words are cut. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((whole) => pieces(whole, columns))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (displayWidth(longer) <= columns) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}

function pieces(word: string, columns: number): string[] {
  if (displayWidth(word) <= columns) return [word]
  const found: string[] = []
  let piece = ''
  for (const character of charactersOf(word)) {
    if (displayWidth(piece + character) > columns) {
      found.push(piece)
      piece = ''
    }
    piece += character
  }
  return [...found, piece]
}

/** What a reader sees as one character, however many code points it is. */
function charactersOf(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment)
}

function widthOf(character: string): number {
  if (narrow.test(character)) return 0
  return wide.test(character) ? 2 : 1
}
