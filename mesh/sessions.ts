import { uuidV7 } from '../state/ids.ts'
import type { Batch } from '../state/ledger.ts'
import { currentSession, sessionKey } from '../state/sessions.ts'
import { every } from './clock.ts'
import type { Core } from './core.ts'

/** A device's last session goes on when somebody was alive in it less than this ago. */
const resumeMs = 300_000
/** How often the device is reminded which session is alive. */
const rememberMs = 60_000

/** Where a device remembers the last session it took part in. */
export interface SessionMemory {
  read(): Promise<{ readonly session: string; readonly aliveMs: number } | undefined>
  write(session: string, aliveMs: number): Promise<void>
}

/** The mesh session of this node: what the report and the dashboard's default view are about. */
export interface Sessions {
  /** The session we work in, as it is known now; null before `decide`. */
  current(): string | null
  /** Adopts the session of a live node, else goes on with the device's last, else begins one. */
  decide(batch: Batch, ofLiveNode: string | null): void
  /** Another live session was met: the lower ID wins for both. Answers whether ours changed. */
  meet(batch: Batch, other: string): boolean
  /** Reads what the device remembers; before `decide`. */
  load(): Promise<void>
  remember(): Promise<void>
  /** Reminds the device from now on, until the answer is called. */
  keepRemembering(): () => void
}

/** Makes the sessions of a node. */
export function createSessions(core: Core, memory: SessionMemory): Sessions {
  const { clock, directory } = core
  let own: string | null = null
  let last: { readonly session: string; readonly aliveMs: number } | undefined

  function current(): string | null {
    return own === null ? null : currentSession(own, directory.list)
  }

  function join(batch: Batch, session: string): void {
    own = session
    const key = sessionKey(session, core.peer)
    if (!directory.get(key)) directory.put(batch, [{ key, value: { alias: null } }])
  }

  async function remember(): Promise<void> {
    const session = current()
    if (session !== null) await memory.write(session, clock.now())
  }

  return {
    current,

    decide(batch, ofLiveNode) {
      if (own !== null) return
      const nowMs = clock.now()
      const recent = last && Math.abs(nowMs - last.aliveMs) < resumeMs ? last.session : undefined
      join(batch, ofLiveNode ?? recent ?? uuidV7(nowMs, clock.random(10)))
    },

    meet(batch, other) {
      const mine = current()
      const theirs = currentSession(other, directory.list)
      if (mine === null || mine === theirs) return false
      const [lower, higher] = mine < theirs ? [mine, theirs] : [theirs, mine]
      directory.put(batch, [{ key: sessionKey(higher, core.peer), value: { alias: lower } }])
      join(batch, lower)
      return lower !== mine
    },

    async load() {
      last = await memory.read()
    },

    remember,

    keepRemembering: () =>
      every(clock, rememberMs, () => {
        remember().catch((thrown: unknown) => core.log.warn('session_not_kept', { thrown }))
      }),
  }
}
