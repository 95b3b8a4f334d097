import { createVerifier } from '../state/signatures.ts'
import { systemClock } from './clock.ts'
import { openDoor } from './control.ts'
import type { Door } from './door.ts'
import type { Home } from './home.ts'
import { silentLog } from './log.ts'
import type { RendezvousEntry } from './rendezvous.ts'
import { createWebSocketNetwork } from './websocket.ts'

/** Opens the control door of a node of this device. Fails with UNREACHABLE or REFUSED. */
export function knock(home: Home, entry: RendezvousEntry, signal: AbortSignal): Promise<Door> {
  const network = createWebSocketNetwork({
    keyring: () => home.keyring,
    clock: systemClock,
    log: silentLog,
  })
  return openDoor(
    {
      clock: systemClock,
      network,
      signer: home.signer,
      verify: createVerifier(),
      mesh: home.keyring.mesh,
    },
    entry,
    signal,
  )
}
