import type { Clock } from './clock.ts'
import type { LeadDoor } from './leadDoor.ts'
import type { Log } from './log.ts'
import type { Mesh } from './mesh.ts'
import type { Neighbours } from './neighbours.ts'

/** A newcomer leaves its own session this long to settle before it looks for the seat. */
const firstMs = 100
/** Each node that is older is given this much longer to take the seat first. */
const rankMs = 40
/** Nodes that are waited for at most: whatever happens, the seat is not empty for long. */
const rankMax = 10
/** How often a node looks whether the seat is free, beside being told. */
const lookMs = 2_000

/** The operator's seat in our hands. */
export interface LeadSeat {
  readonly mesh: Mesh
  /** Opens the door for humans, where there is to be one. Never rejects. */
  openDoor(): Promise<LeadDoor | undefined>
}

/** What leading needs. */
export interface LeadDeps {
  readonly clock: Clock
  readonly log: Log
  readonly neighbours: Omit<Neighbours, 'unlinked'>
  /** Takes the operator's seat; undefined while another process has it. */
  readonly take: () => Promise<LeadSeat | undefined>
}

/** The part of a process that may have to be the lead of its device. */
export interface Lead {
  start(): void
  /** Leaves the seat for the next. Idempotent. */
  stop(reason: string): Promise<void>
}

/**
 * Sees to it that one node of each device sits in the operator's seat.
 *
 * 1. The lock of that seat's store is the election: whoever has it leads, and nobody else can.
 * 2. Older nodes try first. That order is a courtesy; nothing depends on it.
 * 3. A lead never yields while it lives. Losing the seat, or failing to take it, never harms the
 *    node itself.
 */
export function createLead(deps: LeadDeps): Lead {
  const { clock, log, neighbours } = deps
  let seat: { readonly mesh: Mesh; readonly door: Promise<LeadDoor | undefined> } | undefined
  let trying: Promise<void> | undefined
  let cancelLook = () => {}
  let stopped: Promise<void> | undefined

  function lookIn(ms: number): void {
    cancelLook()
    cancelLook = clock.after(ms, look)
  }

  function look(): void {
    if (stopped || seat) return
    lookIn(lookMs)
    if (neighbours.seesOperator()) return
    trying ??= tryToTake()
      .catch((thrown: unknown) => log.warn('lead_not_taken', { thrown }))
      .finally(() => {
        trying = undefined
      })
  }

  async function tryToTake(): Promise<void> {
    const taken = await deps.take()
    if (!taken) return
    if (stopped) return taken.mesh.stop('not needed')
    // The door first: humans and commands wait for it, the archive reads itself in meanwhile.
    seat = { mesh: taken.mesh, door: taken.openDoor() }
    log.info('lead_taken', { operator: taken.mesh.peer, node: taken.mesh.node })
    try {
      await taken.mesh.start()
    } catch (thrown) {
      log.warn('lead_not_started', { thrown })
      await release('it could not start')
      lookIn(lookMs)
    }
  }

  async function release(reason: string): Promise<void> {
    const held = seat
    seat = undefined
    if (!held) return
    const closing = held.door.then((door) => door?.close())
    await Promise.all([closing, held.mesh.stop(reason)])
  }

  async function leave(reason: string): Promise<void> {
    cancelLook()
    await trying
    await release(reason)
  }

  return {
    start() {
      neighbours.onOperatorGone(() => {
        if (stopped || seat) return
        lookIn(Math.min(neighbours.older(), rankMax) * rankMs)
      })
      lookIn(firstMs + Math.min(neighbours.older(), rankMax) * rankMs)
    },

    stop(reason) {
      stopped ??= leave(reason)
      return stopped
    },
  }
}
