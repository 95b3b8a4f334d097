import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { command, type SessionOptions, variablesOf } from './sessions.ts'

/** A message of the protocol, as far as a test reads it. */
export interface RawMessage {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly content?: string }
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: unknown
}

/** A server process spoken to line by line: every byte of it is seen, and no client's work is in between. */
export interface RawServer {
  readonly child: ChildProcess
  /** Lines of stdout so far. */
  readonly lines: readonly string[]
  readonly log: () => string
  say(...messages: readonly object[]): void
  /** Resolves with the first message that fits, past or coming. Lines that are no JSON never fit. */
  answer(fits: (message: RawMessage) => boolean): Promise<RawMessage>
}

/** What a client says first. */
export const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  },
} as const
/** What a client says when that was answered. */
export const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' } as const

/** A call of a tool. */
export function callOf(id: number, tool: string, input: object = {}): object {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: input } }
}

/** Starts a server process. */
export function spawnServer(options: SessionOptions): RawServer {
  const child = spawn(process.execPath, [command, 'mcp'], {
    cwd: options.directory ?? options.home,
    env: variablesOf(options),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const messages: RawMessage[] = []
  const listeners = new Set<(message: RawMessage) => void>()
  let log = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    const message = parse(line)
    if (!message) return
    messages.push(message)
    for (const listener of [...listeners]) listener(message)
  })
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  return {
    child,
    lines,
    log: () => log,
    say: (...messages) =>
      void child.stdin.write(messages.map((message) => `${JSON.stringify(message)}\n`).join('')),
    answer(fits) {
      const past = messages.find(fits)
      if (past) return Promise.resolve(past)
      return new Promise((resolve) => {
        function look(message: RawMessage): void {
          if (!fits(message)) return
          listeners.delete(look)
          resolve(message)
        }
        listeners.add(look)
      })
    },
  }
}

function parse(line: string): RawMessage | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
