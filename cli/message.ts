import { MeshError } from '../state/errors.ts'
import { messageBytesMax, utf8Bytes } from '../state/messages.ts'
import type { Surroundings } from './command.ts'

/**
 * The text that was typed, or what is piped in when that is `-`. Fails with BAD_INPUT when it is
 * empty, too long or no UTF-8.
 */
export async function readMessage(
  words: readonly string[],
  { input, signal }: Pick<Surroundings, 'input' | 'signal'>,
): Promise<string> {
  const isPiped = words.length === 1 && words[0] === '-'
  const text = isPiped ? await untilAborted(readInput(input), signal) : words.join(' ')
  if (text.trim() === '') {
    throw new MeshError('BAD_INPUT', 'The message is empty.', { hint: 'Say something.' })
  }
  if (utf8Bytes(text) > messageBytesMax) throw tooLong()
  return text
}

async function readInput(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of input) {
    bytes += chunk.length
    // A last line end is not part of the message.
    if (bytes > messageBytesMax + 2) throw tooLong()
    chunks.push(chunk)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
    return text.replace(/\r?\n$/, '')
  } catch (cause) {
    throw new MeshError('BAD_INPUT', 'The input is not text in UTF-8.', {
      hint: 'Send its path instead.',
      cause,
    })
  }
}

/** Input from a keyboard ends when it likes, an interrupt does not wait for it. */
function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new MeshError('CANCELLED', 'Nothing was sent.'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject)
  })
}

function tooLong(): MeshError {
  return new MeshError('BAD_INPUT', `The message is longer than ${messageBytesMax} bytes.`, {
    hint: 'Put it into a file and send its path, or send it in parts.',
  })
}
