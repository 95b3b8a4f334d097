import type { Desk } from './desk.ts'

/** Longest text of a notice, in characters: what an inbox takes. */
const noticeTextMax = 2_000

/** Lines as the text of a notice, cut where an inbox would not take more. */
export function noticeText(lines: readonly string[]): string {
  return lines.join('\n').slice(0, noticeTextMax).toWellFormed()
}

/** How whoever reads a notice goes on: an agent with a tool, the human with a command. */
export function nextMove(
  { peer, isOperator }: Pick<Desk, 'peer' | 'isOperator'>,
  { tool, command }: { readonly tool: string; readonly command: string },
): string {
  return isOperator(peer) ? command : tool
}
