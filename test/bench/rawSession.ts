import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { command, type SessionOptions, variablesOf } from '../sessions.ts'

/** A server process spoken to in lines of JSON, so that no client's own work is measured. */
export interface RawSession {
  /** Writes a tool call; resolves with its answer. */
  call(tool: string, input: object): Promise<void>
  /** Resolves when the next channel notification has been read. */
  nextEvent(): Promise<void>
  close(): Promise<void>
}

/** Starts a server and initialises it. */
export async function startRawSession(options: SessionOptions): Promise<RawSession> {
  const child = spawn(process.execPath, [command, 'mcp'], {
    cwd: options.directory ?? options.home,
    env: variablesOf(options),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const answers = new Map<number, () => void>()
  let events: (() => void)[] = []
  let rest = ''
  let calls = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.includes('"notifications/claude/channel"')) {
        for (const resolve of events.splice(0)) resolve()
        continue
      }
      const { id } = JSON.parse(line)
      answers.get(id)?.()
      answers.delete(id)
    }
  })

  function request(method: string, params: object): Promise<void> {
    calls += 1
    const id = calls
    const answered = new Promise<void>((resolve) => answers.set(id, resolve))
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    return answered
  }

  const clientInfo = { name: 'bench', version: '1.0.0' }
  await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
  return {
    call: (tool, input) => request('tools/call', { name: tool, arguments: input }),
    nextEvent: () =>
      new Promise((resolve) => {
        events = [...events, resolve]
      }),
    async close() {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}
