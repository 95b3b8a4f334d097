import type { Clock } from '../mesh/clock.ts'
import type { Inbox } from '../mesh/mesh.ts'

/** Time after which something pushed counts as unnoticed when no call came meanwhile. */
const silenceMs = 60_000

/**
 * Proof that what was put before the model was read.
 *
 * 1. What a tool result carried is seen when a later request arrives, unless that call was cancelled.
 * 2. What was pushed is seen when the model names it, or at the next request once the route has proved itself.
 * 3. What has no proof stays in the inbox and is offered again.
 */
export interface Evidence {
  /** A request of the model or the human arrived. Resolves when what it proves is on disk. */
  requested(): Promise<void>
  /** The answer to a request carries these messages. */
  answered(request: string | number, ids: readonly string[]): Promise<void>
  /** The client gave the request up: its answer will not be read. */
  cancelled(request: string | number): void
  /** These messages went out through the push route. */
  pushed(ids: readonly string[]): Promise<void>
  /** The model named a message. Proves the route when it was pushed there. */
  named(idPrefix: string): Promise<void>
  /** The push route changed: what it carried is unproved. */
  rerouted(): void
  stop(): void
}

/** Makes the evidence of one session. `unnoticed` is called when a push got no reaction at all. */
export function createEvidence(
  inbox: Pick<Inbox, 'markShown' | 'markSeen'>,
  clock: Clock,
  unnoticed: () => void,
): Evidence {
  const answers = new Map<string | number, readonly string[]>()
  const pushes = new Set<string>()
  let isProved = false
  let cancelSilence = () => {}

  async function markSeen(ids: readonly string[]): Promise<void> {
    for (const id of ids) pushes.delete(id)
    if (ids.length > 0) await inbox.markSeen(ids)
  }

  return {
    async requested() {
      cancelSilence()
      const read = [...answers.values()].flat()
      answers.clear()
      await markSeen(isProved ? [...read, ...pushes] : read)
    },

    async answered(request, ids) {
      if (ids.length === 0) return
      await inbox.markShown(ids)
      answers.set(request, ids)
    },

    cancelled: (request) => void answers.delete(request),

    async pushed(ids) {
      // Before anything is waited for: the next request may already be on its way.
      for (const id of ids) pushes.add(id)
      cancelSilence()
      cancelSilence = clock.after(silenceMs, unnoticed)
      await inbox.markShown(ids)
    },

    async named(idPrefix) {
      const wanted = idPrefix.trim().toLowerCase()
      if (wanted.length < 6 || ![...pushes].some((id) => id.startsWith(wanted))) return
      isProved = true
      await markSeen([...pushes])
    },

    rerouted() {
      isProved = false
      pushes.clear()
    },

    stop: () => cancelSilence(),
  }
}
