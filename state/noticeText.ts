/** Longest text of a notice, in characters: what an inbox takes. */
const noticeTextMax = 2_000

/** Lines as the text of a notice, cut where an inbox would not take more. */
export function noticeText(lines: readonly string[]): string {
  return lines.join('\n').slice(0, noticeTextMax).toWellFormed()
}
