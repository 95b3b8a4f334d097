import { Writable } from 'node:stream'

/**
 * Takes stdout for the protocol alone: whatever else prints, a library or a stray `console.log`,
 * goes to stderr. Answers the stream that still reaches stdout. To be called before any other import.
 */
export function claimStdout(running: NodeJS.Process, broken: (reason: string) => void): Writable {
  const { stdout, stderr } = running
  const write = stdout.write.bind(stdout)
  const divert = (...given: Parameters<typeof stderr.write>) => stderr.write(...given)
  Object.defineProperty(stdout, 'write', { value: divert })
  for (const name of ['log', 'info', 'debug', 'dir', 'table', 'trace', 'group'] as const) {
    console[name] = console.error
  }
  stdout.on('error', (error) => broken(`stdout failed: ${error.message}`))
  // A closed log must not end a session.
  stderr.on('error', () => {})
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      write(chunk, (error) => done(error))
    },
  }).on('error', (error) => broken(`stdout failed: ${error.message}`))
}
