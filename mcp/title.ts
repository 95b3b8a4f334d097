import { open } from 'node:fs/promises'
import type { Environment } from '../mesh/environment.ts'

/**
 * Writes a name into the title of the session's terminal, when there is one: never to stdout, which
 * belongs to the protocol. The name is one of ours: letters, digits, `-` and `_`.
 */
export async function showName({ platform, variables }: Environment, name: string): Promise<void> {
  if (!variables['CLAUDECODE']) return
  const terminal = platform === 'win32' ? '\\\\.\\CONOUT$' : '/dev/tty'
  // No terminal is no failure: a client may well run without one.
  const file = await open(terminal, 'w').catch(() => undefined)
  await file?.write(`\u001b]0;${name}\u0007`).catch(() => {})
  await file?.close().catch(() => {})
}
