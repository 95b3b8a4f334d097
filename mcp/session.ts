import type { Clock } from '../mesh/clock.ts'
import type { Environment } from '../mesh/environment.ts'
import type { OpenLeadDoor } from '../mesh/leadDoor.ts'
import { createLog, logWith } from '../mesh/log.ts'
import type { Mesh, Route } from '../mesh/mesh.ts'
import { readSettings } from '../mesh/settings.ts'
import { version } from '../mesh/version.ts'
import type { Message } from '../state/messages.ts'
import { type ChannelEvent, describeEvent, describeMessage } from './channel.ts'
import { createEvidence, type Evidence } from './evidence.ts'
import { createPush, type Push } from './push.ts'
import { findRoutes } from './route.ts'
import { createPost } from './socket.ts'
import { showName } from './title.ts'

/** What a session needs from its server. */
export interface SessionDeps {
  readonly clock: Clock
  readonly environment: Environment
  readonly writeLog: (line: string) => void
  readonly openDoor: OpenLeadDoor
  /** The first directory the client named as its root, when it names any. */
  readonly rootDirectory: () => Promise<string | undefined>
  readonly notifyChannel: (event: ChannelEvent) => Promise<void>
  readonly isAwaited: () => boolean
  readonly leave: (reason: string) => void
}

/** The session once it is a peer. */
export interface Joined {
  readonly mesh: Mesh
  readonly evidence: Evidence
}

/** The client's session as a peer of the mesh: joins when first needed, leaves once. */
export interface Session {
  /** Takes the seat and joins. One attempt at a time; one that failed may be tried again. */
  join(): Promise<Joined>
  /** The client gave a request up whose answer may already be on its way. */
  cancelled(request: string | number): void
  leave(reason: string): Promise<void>
}

/** Makes the session of one client. */
export function createSession(deps: SessionDeps): Session {
  const { environment, clock, writeLog } = deps
  let joining: Promise<Joined & { readonly push: Push }> | undefined
  let current: Joined | undefined

  async function openNode(): Promise<Mesh> {
    const { openMesh } = await import('../mesh/open.ts')
    const { variables } = environment
    const session = variables['CLAUDE_CODE_SESSION_ID']
    return openMesh(environment, {
      version,
      projectDirectory:
        variables['CLAUDE_PROJECT_DIR'] ||
        ((await deps.rootDirectory()) ?? environment.workingDirectory),
      ...(session ? { session } : {}),
      writeLog,
      leave: deps.leave,
      openDoor: deps.openDoor,
    })
  }

  async function attempt(): Promise<Joined & { readonly push: Push }> {
    const settings = readSettings(environment)
    const [mesh, routes] = await Promise.all([
      openNode(),
      findRoutes(environment, settings.delivery),
    ])
    const log = logWith(
      createLog(settings.logLevel, writeLog, () => clock.now()),
      { pid: environment.pid, self: mesh.peer },
    )
    try {
      mesh.setRoute(routes[0] ?? 'pull')
      await mesh.start()
    } catch (thrown) {
      await mesh.stop('it could not start').catch(() => {})
      throw thrown
    }
    const evidence = createEvidence(mesh.inbox, clock, () => {
      push.stepDown().catch((thrown: unknown) => log.warn('route_not_changed', { thrown }))
    })
    const push = createPush(
      {
        ...{ clock, log, mesh },
        deliver: createDeliver(mesh),
        pushed: evidence.pushed,
        rerouted: evidence.rerouted,
        isAwaited: deps.isAwaited,
      },
      routes,
    )
    current = { mesh, evidence }
    await push.start()
    // Nobody waits for a title; it never fails.
    void showName(environment, mesh.whoami().self.name)
    return { mesh, evidence, push }
  }

  function createDeliver(mesh: Mesh) {
    const post = createPost(environment, clock)
    return async (route: Exclude<Route, 'pull'>, messages: readonly Message[]) => {
      if (route === 'socket') {
        const text = messages.map((message) => describeMessage(message)).join('\n\n')
        return post?.(text)
      }
      const { self, peers } = mesh.peers({ offline: true })
      const byId = new Map([self, ...peers].map((peer) => [peer.id, peer]))
      return deps.notifyChannel(describeEvent(messages, (id) => byId.get(id)))
    }
  }

  return {
    async join() {
      joining ??= attempt().catch((thrown: unknown) => {
        joining = undefined
        throw thrown
      })
      return joining
    },

    cancelled: (request) => current?.evidence.cancelled(request),

    async leave(reason) {
      const joined = await joining?.catch(() => undefined)
      joined?.push.stop()
      joined?.evidence.stop()
      await joined?.mesh.stop(reason)
    },
  }
}
