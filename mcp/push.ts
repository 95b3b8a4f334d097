import type { Clock } from '../mesh/clock.ts'
import type { Log } from '../mesh/log.ts'
import type { Mesh, Route } from '../mesh/mesh.ts'
import type { Message } from '../state/messages.ts'

/** After one event, what arrives within this time makes the next. */
const gatherMs = 250
/** Messages in one event at most; the rest waits to be checked. */
const eventMessagesMax = 20

/** What pushing needs. */
export interface PushDeps {
  readonly clock: Clock
  readonly log: Log
  readonly mesh: Pick<Mesh, 'inbox' | 'setRoute'>
  /** Puts messages before the model through one route. */
  readonly deliver: (route: Exclude<Route, 'pull'>, messages: readonly Message[]) => Promise<void>
  /** These messages went out. */
  readonly pushed: (ids: readonly string[]) => Promise<void>
  /** What went out before has no proof any more. */
  readonly rerouted: () => void
  /** Whether a call waits for messages, whose answer will carry them. */
  readonly isAwaited: () => boolean
}

/** Puts what arrives before the model unasked, where the client has a way for that. */
export interface Push {
  /** Begins, with what already waits. */
  start(): Promise<void>
  /** What was pushed got no reaction: takes the next route, once in the life of a session. */
  stepDown(): Promise<void>
  stop(): void
}

/** Makes the push of one session over its routes, best first. */
export function createPush(deps: PushDeps, routes: readonly Route[]): Push {
  const { clock, log, mesh } = deps
  let [route = 'pull'] = routes
  let waiting: Message[] = []
  let cancelGather: (() => void) | undefined
  let stopListening = () => {}
  let hasSteppedDown = false
  let isStarted = false

  async function deliver(messages: readonly Message[]): Promise<void> {
    if (route === 'pull' || messages.length === 0) return
    try {
      await deps.deliver(route, messages)
      await deps.pushed(messages.map(({ id }) => id))
    } catch (thrown) {
      log.warn('push_failed', { route, thrown })
      await push.stepDown()
    }
  }

  function flush(): void {
    cancelGather = undefined
    if (waiting.length === 0) return
    const messages = waiting.slice(0, eventMessagesMax)
    waiting = waiting.slice(eventMessagesMax)
    cancelGather = clock.after(gatherMs, flush)
    deliver(messages).catch((thrown: unknown) => log.warn('push_not_kept', { thrown }))
  }

  const push: Push = {
    async start() {
      stopListening = mesh.inbox.onArrival((message, wakes) => {
        if (route === 'pull' || !wakes || deps.isAwaited()) return
        waiting.push(message)
        if (isStarted && !cancelGather) flush()
      })
      const items = await mesh.inbox.list(eventMessagesMax)
      // What arrived meanwhile may be among them already.
      const listed = new Set(items.map(({ id }) => id))
      waiting = waiting.filter(({ id }) => !listed.has(id))
      isStarted = true
      await deliver(items)
      flush()
    },

    async stepDown() {
      if (hasSteppedDown || route === 'pull') return
      hasSteppedDown = true
      route = routes[1] ?? 'pull'
      log.warn('route_changed', { route })
      deps.rerouted()
      mesh.setRoute(route)
      await deliver(await mesh.inbox.list(eventMessagesMax))
    },

    stop() {
      stopListening()
      cancelGather?.()
    },
  }
  return push
}
