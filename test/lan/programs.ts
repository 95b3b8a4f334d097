import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { MdnsHealth } from '../../mesh/airing.ts'
import type { Machine } from './lab.ts'

/** How long real machines may take, on a busy one. */
export const patienceMs = 30_000

/** What `mdnsProgram.ts` prints. */
type Line =
  | { readonly event: 'started' | 'stopped' }
  | { readonly event: 'seen' | 'gone'; readonly address: string }
  | { readonly event: 'health'; readonly health: readonly MdnsHealth[] }

/** A running `mdnsProgram.ts`. */
export interface MdnsProgram {
  readonly child: ChildProcess
  /** Where others should find it. */
  readonly address: string
  /** Who it sees now, by address. */
  seen(): string[]
  /** Every coming and going that it told, in order. */
  story(): string[]
  health(): Promise<readonly MdnsHealth[]>
  say(request: string): void
  /** Resolves when it sees exactly these, in any order. */
  sees(...others: readonly MdnsProgram[]): Promise<void>
  /** Fails when it has ended, or said more than that it cannot use an interface. */
  isWell(): void
}

/** Starts `mdnsProgram.ts` in a machine; resolves when it is announced. */
export async function startMdns(
  machine: Machine,
  variables: Readonly<Record<string, string>> = {},
): Promise<MdnsProgram> {
  const program = fileURLToPath(new URL('./mdnsProgram.ts', import.meta.url))
  const { PORT = '7910' } = variables
  const tsx = fileURLToPath(import.meta.resolve('tsx'))
  const child = machine.run(process.execPath, ['--import', tsx, program], { PORT, ...variables })
  const lines: Line[] = []
  let [rest, errors] = ['', '']
  child.stdout?.on('data', (chunk) => {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    // Whatever else is printed is no JSON, and fails the test.
    lines.push(...parts.map((part) => JSON.parse(part)))
  })
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  child.stdin?.on('error', () => {})

  function becomes(isTrue: () => unknown): Promise<unknown> {
    const check = () => isTrue() || Promise.reject(new Error(`${isTrue}: ${told()}\n${errors}`))
    return vi.waitFor(check, { timeout: patienceMs, interval: 20 })
  }

  const told = () => JSON.stringify(lines)
  const changes = () => lines.flatMap((line) => ('address' in line ? [line] : []))

  function seen(): string[] {
    const addresses = new Set<string>()
    for (const { event, address } of changes()) {
      if (event === 'seen') addresses.add(address)
      else addresses.delete(address)
    }
    return [...addresses].sort()
  }

  await becomes(() => lines.some(({ event }) => event === 'started'))
  return {
    child,
    address: `${machine.address}:${PORT}`,
    seen,
    story: () => changes().map(({ event, address }) => `${event} ${address}`),
    async health() {
      const before = lines.length
      child.stdin?.write('health\n')
      const answer = () => lines.slice(before).find((line) => line.event === 'health')
      await becomes(answer)
      return answer()?.health ?? []
    },
    say: (request) => void child.stdin?.write(`${request}\n`),
    async sees(...others) {
      const wanted = others.map(({ address }) => address).sort()
      await becomes(() => String(seen()) === String(wanted))
    },
    isWell() {
      expect([child.exitCode, child.signalCode]).toEqual([null, null])
      const logged = errors.split('\n').filter((line) => line !== '')
      expect(logged.filter((line) => !line.includes('"event":"mdns_unusable"'))).toEqual([])
    },
  }
}
