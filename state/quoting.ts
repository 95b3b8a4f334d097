/** A text that somebody wrote, on one line, in quotation marks and cut, for a sentence of ours. */
export function quote(text: string, most = 200): string {
  return JSON.stringify(oneLine(text, most))
}

/** A text at the end of a sentence: with a full stop, unless it brings its own. */
export function ended(text: string): string {
  return /[.!?…]"?$/.test(text) ? text : `${text}.`
}

/** A text on one line and cut, so that it cannot begin a line of its own. */
export function oneLine(text: string, most = 200): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= most ? line : `${line.slice(0, most - 1).toWellFormed()}…`
}
