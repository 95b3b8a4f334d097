import type { Output } from '../../../cli/print.ts'

/** An output that keeps what is written to it. */
export interface KeptOutput extends Output {
  text(): string
  fail(code: string): void
}

/** Makes an output: a pipe, or a terminal of so many columns. */
export function keepOutput(columns?: number): KeptOutput {
  let kept = ''
  const listeners: ((error: Error) => void)[] = []
  return {
    ...(columns === undefined ? {} : { isTTY: true, columns }),
    write(text, done) {
      kept += text
      done?.()
      return true
    },
    on: (_, listener) => listeners.push(listener),
    text: () => kept,
    fail(code) {
      for (const listener of listeners) listener(Object.assign(new Error(code), { code }))
    },
  }
}
