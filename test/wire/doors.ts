import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { serveDoor } from '../../dashboard/serve.ts'
import { type Clock, systemClock } from '../../mesh/clock.ts'
import type { LeadDoor, LeadDoorDeps } from '../../mesh/leadDoor.ts'
import { silentLog } from '../../mesh/log.ts'
import type { Mesh } from '../../mesh/mesh.ts'

/** A clock whose timers fire when the test says so. */
export interface FiredClock extends Clock {
  /** Fires every timer that waits for at least `fromMs` and less than `toMs`. */
  fire(fromMs: number, toMs?: number): void
  /** How long each open timer was to wait. */
  readonly waitsMs: () => number[]
}

/** Makes such a clock; chance is the machine's. */
export function createFiredClock(): FiredClock {
  const timers = new Map<symbol, { readonly ms: number; readonly callback: () => void }>()
  return {
    ...systemClock,
    after(ms, callback) {
      const key = Symbol('timer')
      timers.set(key, { ms, callback })
      return () => timers.delete(key)
    },
    fire(fromMs, toMs = Number.POSITIVE_INFINITY) {
      for (const [key, { ms, callback }] of [...timers]) {
        if (ms >= fromMs && ms < toMs && timers.delete(key)) callback()
      }
    },
    waitsMs: () => [...timers.values()].map(({ ms }) => ms),
  }
}

/** The secret of the test's device. */
export const secret = new Uint8Array(32).fill(7)
/** A door does nothing with the mesh but hand it on. */
const mesh = Object.create(null) as Mesh

/** A door that closes with the test, and where it has been. */
export async function openDoor(
  given: Partial<LeadDoorDeps> = {},
): Promise<LeadDoor & { readonly urls: (string | null)[] }> {
  const urls: (string | null)[] = []
  const deps = { clock: systemClock, log: silentLog, mesh, secret, port: 0 as const }
  const door = await serveDoor({ ...deps, moved: (url) => void urls.push(url), ...given })
  onTestFinished(() => door.close())
  return { ...door, urls }
}

/** The port of a door that is open. */
export function portOf(door: LeadDoor): number {
  return Number(new URL(door.url() ?? '').port)
}

/** The first of twelve ports that nobody holds, below those that the system gives away. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const ports = Array.from({ length: 12 }, (_, index) => first + index)
    const holders = await Promise.allSettled(
      ports.flatMap((port) => ['127.0.0.1', '::1'].map((host) => hold(port, host))),
    )
    await Promise.all(holders.map((held) => held.status === 'fulfilled' && held.value()))
    if (holders.every(({ status }) => status === 'fulfilled')) return first
  }
}

/** Holds a port until the answer is called, or the test ends. */
export async function hold(port: number, host: string): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await once(server.listen({ port, host, ipv6Only: true }), 'listening')
  async function release(): Promise<void> {
    if (!server.listening) return
    const closed = once(server.close(), 'close')
    for (const socket of sockets) socket.destroy()
    await closed
  }
  onTestFinished(release)
  return release
}

/** What a door answered. */
export interface Fetched {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Asks a door as a client of any kind could. */
export function ask(
  port: number,
  path: string,
  given: {
    readonly method?: string
    readonly headers?: Record<string, string | string[]>
    readonly host?: string
    readonly body?: string
  } = {},
): Promise<Fetched> {
  const { body = '', host = '127.0.0.1', ...rest } = given
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, agent: false, ...rest }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      )
    })
    asked.on('error', reject).end(body)
  })
}

/** A connection that says what it is told and gathers what comes back until it ends. */
export interface Raw {
  readonly socket: Socket
  readonly ended: Promise<string>
  readonly heard: () => string
}

/** Connects without saying anything. */
export async function enter(port: number, host = '127.0.0.1'): Promise<Raw> {
  const socket = connect({ host, port })
  onTestFinished(() => void socket.destroy())
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.on('error', () => {})
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(heard)))
  await once(socket, 'connect')
  return { socket, ended, heard: () => heard }
}

/** Says something, and resolves with everything that came back when the other end has hung up. */
export async function say(port: number, bytes: string | Uint8Array): Promise<string> {
  const { socket, ended } = await enter(port)
  socket.write(bytes)
  return ended
}
