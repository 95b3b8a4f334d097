import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type NodeId, uuidTime, uuidV7 } from '../state/ids.ts'
import { createVerifier, createVerifyAll } from '../state/signatures.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Discovery } from './discovery.ts'
import type { Environment } from './environment.ts'
import { protocolVersions } from './frames.ts'
import { type Home, openHome } from './home.ts'
import { createLastSession } from './lastSession.ts'
import { createLog, type Log } from './log.ts'
import type { Mesh } from './mesh.ts'
import type { NodeSettings } from './needs.ts'
import { createNode } from './node.ts'
import { findProject } from './project.ts'
import {
  createRendezvous,
  isProcessAlive,
  type RendezvousEntry,
  readRendezvous,
} from './rendezvous.ts'
import { type Seat, takeSeat } from './seats.ts'
import type { SessionMemory } from './sessions.ts'
import { readSettings, type Settings } from './settings.ts'
import { createStaticPeers } from './staticPeers.ts'
import { createWebSocketNetwork } from './websocket.ts'
import { createWhereabouts } from './whereabouts.ts'

/** For whom a node is opened. */
export interface OpenOptions {
  readonly version: string
  readonly projectDirectory: string
  /** The client's session ID: brings back the seat it had. */
  readonly session?: string
  /** Where the log goes, a line at a time. */
  readonly writeLog: (line: string) => void
  /** Somebody asked this process to end. */
  readonly leave: (reason: string) => void
}

/**
 * Takes a seat and makes the real node that sits in it; it joins with `start`. Fails with
 * BAD_INPUT (settings), HOME_UNSAFE or STORE_FAILED.
 */
export async function openMesh(environment: Environment, options: OpenOptions): Promise<Mesh> {
  const clock = systemClock
  const settings = readSettings(environment)
  const log = createLog(settings.logLevel, options.writeLog, () => clock.now())
  const home = await openHome(settings.home, environment, clock)
  const project = await findProject(options.projectDirectory)
  const seat = await takeSeat(home, { project: project.key, session: options.session }, clock)
  try {
    const node = await createNodeId(home, clock)
    const presented = { node, peer: seat.peer, session: options.session ?? null, environment }
    const mesh: Mesh = createNode(
      {
        clock,
        log,
        network: createWebSocketNetwork({ keyring: () => home.keyring, clock, log }),
        discoveries: discoveriesOf(settings, { home, clock, log, presented }),
        signer: home.signer,
        verify: createVerifier(),
        verifyAll: createVerifyAll(),
        store: seat.store,
        memory: rememberSeat(
          createLastSession(home.directory),
          seat,
          () => mesh.whoami().self.name,
        ),
        whereabouts: createWhereabouts(project, clock, environment.hostName),
        storeBytes: () => bytesIn(join(seat.directory, 'db')),
        leave: options.leave,
      },
      {
        ...settingsOf(settings, seat),
        ...{ version: options.version, mesh: home.keyring.mesh, node, pid: environment.pid },
      },
    )
    return mesh
  } catch (thrown) {
    await seat.store.close()
    throw thrown
  }
}

function settingsOf(
  settings: Settings,
  seat: Seat,
): Omit<NodeSettings, 'version' | 'mesh' | 'node' | 'pid'> {
  return {
    peer: seat.peer,
    storeDirectory: seat.directory,
    ...(settings.name === undefined ? {} : { wish: settings.name }),
    brakes: settings.brakes,
    // One device so far: links stay on this machine.
    listen: {
      host: '127.0.0.1',
      ports: settings.linkPorts.length > 0 ? settings.linkPorts : [0],
    },
    ...(seat.inherited ? { inherited: seat.inherited } : {}),
    ...(seat.setAside === undefined ? {} : { setAside: seat.setAside }),
  }
}

/** A node ID later than that of every node of this device, so that a newcomer is never lower. */
async function createNodeId(home: Home, clock: Clock): Promise<NodeId> {
  const running = await readRendezvous(home.runDirectory)
  const newestMs = Math.max(0, ...running.map(({ node }) => uuidTime(node)))
  return uuidV7(Math.max(clock.now(), newestMs + 1), clock.random(10)) as NodeId
}

interface Presented extends Pick<RendezvousEntry, 'node' | 'peer' | 'session'> {
  readonly environment: Environment
}

function discoveriesOf(
  settings: Settings,
  given: {
    readonly home: Home
    readonly clock: Clock
    readonly log: Log
    readonly presented: Presented
  },
): Discovery[] {
  const { home, clock, log, presented } = given
  const { environment, ...self } = presented
  const discoveries: Discovery[] = []
  if (settings.discovery.has('rendezvous')) {
    discoveries.push(
      createRendezvous({ clock, log, isAlive: isProcessAlive }, home.runDirectory, {
        ...self,
        pid: environment.pid,
        parentPid: environment.parentPid,
        startedAt: new Date(clock.now()).toISOString(),
        proto: protocolVersions[1],
      }),
    )
  }
  if (settings.discovery.has('static')) discoveries.push(createStaticPeers(settings.peers))
  return discoveries
}

/** What the device remembers of its session, the seat remembers too: who sat in it, and until when. */
function rememberSeat(device: SessionMemory, seat: Seat, nameOf: () => string): SessionMemory {
  return {
    read: device.read,
    async write(session, aliveMs) {
      await Promise.all([device.write(session, aliveMs), seat.remember(nameOf())])
    },
  }
}

async function bytesIn(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => [])
  const sizes = await Promise.all(
    names.map(
      async (name) => (await stat(join(directory, name)).catch(() => undefined))?.size ?? 0,
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
