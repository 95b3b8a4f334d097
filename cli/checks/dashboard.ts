import { systemClock } from '../../mesh/clock.ts'
import { checkDoor, type DoorHolder } from '../../mesh/doorProof.ts'
import type { Environment } from '../../mesh/environment.ts'
import { type Finding, ok, warn } from '../check.ts'

/** What is known about the door of the lead before anybody is asked. */
export interface DashboardFacts {
  /** The wished port, as MESH_PORT has it. */
  readonly port: number | 'off'
  /** By what our door is known; undefined while the device has no keys. */
  readonly secret: Uint8Array | undefined
  /** Where the lead says that it is. */
  readonly served: string | undefined
  readonly environment: Pick<Environment, 'platform'>
}

/** Says who holds the port of the dashboard, and how to get it back from somebody else. */
export async function checkDashboard(facts: DashboardFacts, signal: AbortSignal): Promise<Finding> {
  const { port, served } = facts
  const name = 'dashboard'
  if (port === 'off') return ok(name, 'MESH_PORT is off: a lead started like this serves none.')
  const place = served === undefined ? undefined : `the lead of this device serves at ${served}`
  if (port === 0) return ok(name, place ? sentence(place) : 'Any free port will be used.')
  const holder = await holderOf(port, facts.secret, signal)
  if (holder === 'ours') return ok(name, `The lead of this device serves at ${urlOf(port)}.`)
  const elsewhere = place ?? 'the lead of this device takes the next free one'
  if (holder === 'closed') return ok(name, sentence(`port ${port} is free`, place))
  if (holder === 'another') {
    const text = `port ${port} is held by the lead of another user, or of another MESH_HOME`
    return warn(
      name,
      sentence(text, elsewhere),
      'Start the sessions of one of them with another MESH_PORT.',
    )
  }
  const text = `port ${port} is held by something else`
  return warn(
    name,
    sentence(text, elsewhere),
    `See what it is: ${commandFor(port, facts.environment)}`,
  )
}

/** Asks in both families: the port is ours only when it is free in both. */
async function holderOf(
  port: number,
  secret = systemClock.random(32),
  signal: AbortSignal,
): Promise<DoorHolder> {
  const check = { clock: systemClock, secret }
  const urls = [urlOf(port), `http://[::1]:${port}`]
  const holders = await Promise.all(urls.map((url) => checkDoor(check, url, signal)))
  const order: readonly DoorHolder[] = ['another', 'foreign', 'ours']
  return order.find((holder) => holders.includes(holder)) ?? 'closed'
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`
}

function commandFor(port: number, { platform }: Pick<Environment, 'platform'>): string {
  return platform === 'win32'
    ? `netstat -ano | findstr :${port}`
    : `lsof -nP -i TCP:${port} -s TCP:LISTEN`
}

/** Parts of a sentence as one. */
function sentence(...parts: readonly (string | undefined)[]): string {
  const text = parts.filter((part) => part !== undefined).join('; ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
