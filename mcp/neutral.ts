/** Longest body, in characters, that is put before the model unasked. */
const bodyMax = 4_096

/** Control characters except tab and newline, and characters that reorder or hide text. */
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu
/** Tags by which a client tells its model who speaks. */
const tags =
  /<(\/?)(?=\s*(?:channel|system|user|human|assistant|task-notification|function|invoke))/gi

/** Text of a peer so that it cannot pretend to be the client, the user, or something else. */
export function neutral(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(unseen, '').replace(tags, '‹$1').toWellFormed()
}

/** The same on one line, for names, directories and summaries. */
export function neutralLine(text: string): string {
  return neutral(text).replace(/\s+/g, ' ').trim()
}

/** A body as it is shown unasked: neutral, and cut with the way to the rest. */
export function neutralBody(text: string, id: string): string {
  const whole = neutral(text)
  if (whole.length <= bodyMax) return whole
  const cut = whole.slice(0, bodyMax).toWellFormed()
  return `${cut}…\n[cut: ${bodyMax} of ${whole.length} characters; read the rest with message_history, message_id ${id}]`
}
