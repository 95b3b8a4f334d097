import { connect } from 'node:net'
import type { Clock } from '../mesh/clock.ts'
import type { Environment } from '../mesh/environment.ts'
import { MeshError } from '../state/errors.ts'

/** The client must have taken a text within this time. */
const takeMs = 5_000

/** Puts a text before the model of this session; resolves when the client's socket has taken it. */
export type Post = (text: string) => Promise<void>

/**
 * The inbox socket of the session, or undefined when its client has none. One connection per text:
 * a line of authority, then the text. A client answers nothing. Fails with UNREACHABLE.
 */
export function createPost({ variables }: Environment, clock: Clock): Post | undefined {
  const path = variables['CLAUDE_CODE_MESSAGING_SOCKET']
  const token = variables['CLAUDE_CODE_MESSAGING_TOKEN']
  if (!path) return undefined
  return (text) =>
    new Promise((resolve, reject) => {
      const lines = [
        ...(token ? [{ type: 'auth', token }] : []),
        { type: 'user', message: { role: 'user', content: text } },
      ]
      const socket = connect(path, () =>
        socket.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), resolve),
      )
      const cancel = clock.after(takeMs, () => socket.destroy(new Error('it did not take it')))
      socket.on('close', cancel)
      socket.on('error', (cause) =>
        reject(new MeshError('UNREACHABLE', "The session's inbox socket refused.", { cause })),
      )
      socket.resume()
    })
}
