import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isPeerId, type NodeId, uuidV7 } from '../state/ids.ts'
import type { Message } from '../state/messages.ts'
import { createVerifier } from '../state/signatures.ts'
import { systemClock } from './clock.ts'
import { createCore } from './core.ts'
import { createDelivery } from './delivery.ts'
import type { Environment } from './environment.ts'
import { createHistory } from './history.ts'
import { openHome } from './home.ts'
import { createInbox } from './inbox.ts'
import { silentLog } from './log.ts'
import type { HistoryPage, HistoryQuery } from './mesh.ts'
import { createNames } from './names.ts'
import { createPeers } from './peers.ts'
import { createPresenceBoard } from './presence.ts'
import { createRepair } from './repair.ts'
import { takeOperatorSeat } from './seats.ts'
import { readSettings } from './settings.ts'
import { createViews } from './views.ts'

/** What the device keeps of everything that was said, readable while no session runs. */
export interface Archive {
  history(query: HistoryQuery): Promise<HistoryPage>
  /** What waits for the operator; it goes on waiting. */
  inbox(limit: number): Promise<readonly Message[]>
  /** What a peer is called, its ID when it has no name. */
  nameOf(peer: string): string
  /** Leaves the operator's seat. */
  close(): Promise<void>
}

/**
 * Opens the archive of this device. Undefined when there is none, or when the lead has it: then ask
 * the lead. Makes nothing. Fails with BAD_INPUT (settings), HOME_UNSAFE or STORE_FAILED.
 */
export async function openArchive(environment: Environment): Promise<Archive | undefined> {
  const clock = systemClock
  const { home: directory } = readSettings(environment)
  const isThere = await stat(join(directory, 'operator', 'db')).catch(() => undefined)
  if (!isThere) return undefined
  const home = await openHome(directory, environment, clock)
  const seat = await takeOperatorSeat(home, clock)
  if (!seat) return undefined
  const node = uuidV7(clock.now(), clock.random(10)) as NodeId
  const deps = { clock, log: silentLog, signer: home.signer, verify: createVerifier() }
  const core = createCore({ ...deps, store: seat.store, node, peer: seat.peer, isOperator: true })
  const links = () => []
  const presence = createPresenceBoard(core, seat.store, links)
  const delivery = createDelivery(core, createRepair(core), links)
  const names = createNames(core, { isOnline: () => false, lastSeenMs: presence.lastSeenMs })
  const peers = createPeers(core, { names, presence, links, filesOf: () => [] })
  const views = createViews(core, names)
  const inbox = createInbox(core, { delivery, presence, views })
  const { history } = createHistory(core, { peers, views, delivery })
  await core.load()
  return {
    history,
    inbox: (limit) => inbox.list(limit),
    nameOf: (peer) => (isPeerId(peer) ? names.of(peer) : peer),
    async close() {
      presence.stop()
      await seat.store.close()
    },
  }
}
