import type { LeadDoor, LeadDoorDeps, OpenLeadDoor } from '../mesh/leadDoor.ts'
import { type Doorway, openDoorway } from './doorway.ts'

/** Ports after the wished one that are tried before any other. */
const neighboursMax = 10
/** A firewall is told that links are here: the door stays out, inclusive. */
const linkPorts = { first: 7_910, last: 7_989 } as const
const portMax = 65_535
/** The system chooses a port for one family, which may be held in the other: then it chooses again. */
const choicesMax = 8
/** How often the wished port is tried while somebody else has it, give or take a tenth. */
const retryMs = 30_000

/**
 * Keeps the HTTP door of the lead open.
 *
 * 1. It is open on one port, which nobody else holds in either family of addresses.
 * 2. On the way to another port, the new one is open before the old one closes.
 * 3. Whatever fails is logged and tried again; nothing is thrown.
 */
export const serveDoor: OpenLeadDoor = async (deps) => {
  const { port } = deps
  if (port === 'off') return closedDoor
  return keepOpen({ ...deps, port })
}

async function keepOpen(deps: LeadDoorDeps & { readonly port: number }): Promise<LeadDoor> {
  const { clock, log, port: wished } = deps
  const leaving = new Set<Doorway>()
  let doorway: Doorway | undefined
  let work = Promise.resolve()
  let cancelRetry = () => {}
  let closing: Promise<void> | undefined

  async function settle(ports: readonly number[]): Promise<void> {
    const next = await openFirst(ports, deps)
    if (closing) return next?.close()
    const before = doorway
    doorway = next ?? before
    if (!doorway || (wished !== 0 && doorway.port !== wished)) retryLater()
    if (!next) return
    log.info('door_opened', { url: urlOf(next), wished })
    if (before) retire(before)
    deps.moved(urlOf(next))
  }

  function retryLater(): void {
    const [chance = 0] = clock.random(1)
    const waitMs = retryMs * (0.9 + (0.2 * chance) / 255)
    cancelRetry = clock.after(waitMs, () => begin(doorway ? [wished] : portsFrom(wished)))
  }

  function begin(ports: readonly number[]): void {
    work = settle(ports).catch((thrown: unknown) => log.error('door_failed', { thrown }))
  }

  function retire(before: Doorway): void {
    leaving.add(before)
    void before.retire().then(() => leaving.delete(before))
  }

  async function close(): Promise<void> {
    cancelRetry()
    // Doorways that are open close at once; one that is just being opened, as soon as it is.
    await Promise.all([work, ...[doorway, ...leaving].map((open) => open?.close())])
    if (doorway) deps.moved(null)
    doorway = undefined
  }

  begin(portsFrom(wished))
  await work
  return {
    url: () => (doorway ? urlOf(doorway) : null),
    close() {
      closing ??= close()
      return closing
    },
  }
}

const closedDoor: LeadDoor = { url: () => null, async close() {} }

/** Where to try, in this order; 0 stands for any port. */
function portsFrom(wished: number): number[] {
  const any = Array.from({ length: choicesMax }, () => 0)
  if (wished === 0) return any
  const neighbours = Array.from({ length: neighboursMax }, (_, index) => wished + index + 1)
  return [wished, ...neighbours.filter((port) => port <= portMax && !isLinkPort(port)), ...any]
}

async function openFirst(
  ports: readonly number[],
  deps: LeadDoorDeps,
): Promise<Doorway | undefined> {
  for (const port of ports) {
    const opened = await openDoorway(port, deps)
    if (opened && (port !== 0 || !isLinkPort(opened.port))) return opened
    await opened?.close()
  }
  return undefined
}

function isLinkPort(port: number): boolean {
  return port >= linkPorts.first && port <= linkPorts.last
}

/** A number, since `localhost` may lead to somebody who holds the port in the other family. */
function urlOf({ port }: Doorway): string {
  return `http://127.0.0.1:${port}`
}
