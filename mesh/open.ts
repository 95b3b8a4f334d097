import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type NodeId, uuidTime, uuidV7 } from '../state/ids.ts'
import { createVerifier, createVerifyAll } from '../state/signatures.ts'
import { type Clock, systemClock } from './clock.ts'
import { watchConfiguration } from './configuration.ts'
import type { Discovery } from './discovery.ts'
import type { Environment } from './environment.ts'
import { protocolVersions } from './frames.ts'
import { type Home, openHome } from './home.ts'
import { createLanPlace } from './lanPlace.ts'
import { createLastSession } from './lastSession.ts'
import { createLead, type LeadSeat } from './lead.ts'
import type { OpenLeadDoor } from './leadDoor.ts'
import { createLog, type Log, logWith } from './log.ts'
import type { Mesh } from './mesh.ts'
import type { NodeDeps, NodeSettings } from './needs.ts'
import type { Network } from './network.ts'
import { createNode, type Node } from './node.ts'
import { findProject } from './project.ts'
import {
  createRendezvous,
  isProcessAlive,
  type Rendezvous,
  type RendezvousEntry,
  readRendezvous,
} from './rendezvous.ts'
import { type Seat, takeOperatorSeat, takeSeat } from './seats.ts'
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
  /** How the lead opens its door for humans; without it there is none. */
  readonly openDoor?: OpenLeadDoor
}

/** What the nodes of one process stand on. */
interface Ground {
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  readonly home: Home
  readonly environment: Environment
  readonly network: Network
  readonly options: OpenOptions
}

/** Who sits down where. */
interface Sitting {
  readonly seat: Seat
  readonly isOperator: boolean
  readonly whereabouts: NodeDeps['whereabouts']
}

/**
 * Takes a seat and makes the real node that sits in it; it joins with `start`. When the operator's
 * seat of this device is free, a second node of this process sits in that one. Fails with
 * BAD_INPUT (settings), HOME_UNSAFE or STORE_FAILED.
 */
export async function openMesh(environment: Environment, options: OpenOptions): Promise<Mesh> {
  const clock = systemClock
  const settings = readSettings(environment)
  const log = logWith(
    createLog(settings.logLevel, options.writeLog, () => clock.now()),
    { pid: environment.pid },
  )
  const home = await openHome(settings.home, environment, clock)
  const network = createWebSocketNetwork({ keyring: () => home.keyring, clock, log })
  const ground = { clock, log, settings, home, environment, network, options }
  const project = await findProject(options.projectDirectory)
  const seat = await takeSeat(home, { project: project.key, session: options.session }, clock)
  const whereabouts = createWhereabouts(project, clock, environment.hostName)
  const { node } = await sit(ground, { seat, isOperator: false, whereabouts })
  const lead = createLead({
    ...{ clock, log: logWith(log, { self: seat.peer }), neighbours: node.neighbours },
    take: () => takeLead(ground),
  })
  return {
    ...node,
    async start() {
      await node.start()
      lead.start()
    },
    async stop(reason) {
      await Promise.all([lead.stop(reason), node.stop(reason)])
    },
  }
}

/** Sits down in the operator's seat, unless somebody has it. */
async function takeLead(ground: Ground): Promise<LeadSeat | undefined> {
  const { clock, log, settings, home, options } = ground
  const seat = await takeOperatorSeat(home, clock)
  if (!seat) return undefined
  const whereabouts = createNowhere(ground.environment.hostName)
  const { node, rendezvous } = await sit(ground, { seat, isOperator: true, whereabouts })
  function moved(url: string | null): void {
    node.setDashboard(url)
    void rendezvous?.publish(url)
  }
  return {
    mesh: node,
    openDoor: async () =>
      options.openDoor?.({
        ...{ clock, log: logWith(log, { self: seat.peer }), mesh: node, moved },
        ...{ secret: home.doorSecret, port: settings.port },
      }),
  }
}

/** Makes the node of a seat. The seat is free again when that fails. */
async function sit(
  shared: Ground,
  { seat, isOperator, whereabouts }: Sitting,
): Promise<{ readonly node: Node; readonly rendezvous: Rendezvous | undefined }> {
  const ground = { ...shared, log: logWith(shared.log, { self: seat.peer }) }
  const { clock, log, settings, home, environment, network, options } = ground
  try {
    const id = await createNodeId(home, clock)
    const session = isOperator ? null : (options.session ?? null)
    const role = isOperator ? 'operator' : 'session'
    const rendezvous = rendezvousOf(ground, { node: id, peer: seat.peer, session, role })
    const device = createLastSession(home.directory)
    const node: Node = createNode(
      {
        ...{ clock, log, network, whereabouts },
        discoveries: [...(rendezvous ? [rendezvous] : []), ...discoveriesOf(settings)],
        signer: home.signer,
        verify: createVerifier(),
        verifyAll: createVerifyAll(),
        store: seat.store,
        memory: rememberSeat(device, seat, () => node.whoami().self.name),
        storeBytes: () => bytesIn(join(seat.directory, 'db')),
        configuration: watchConfiguration({ clock, log }, home.directory),
        lan: createLanPlace({ clock, log, settings, keyring: () => home.keyring }),
        leave: options.leave,
      },
      {
        ...settingsOf(settings, seat),
        ...{ version: options.version, mesh: home.keyring.mesh, node: id, pid: environment.pid },
        ...{ isOperator, isWindows: environment.platform === 'win32' },
      },
    )
    return { node, rendezvous }
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
      ports: [...settings.linkPorts, 0],
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

function rendezvousOf(
  { settings, home, clock, log, environment }: Ground,
  self: Pick<RendezvousEntry, 'node' | 'peer' | 'session' | 'role'>,
): Rendezvous | undefined {
  if (!settings.discovery.has('rendezvous')) return undefined
  return createRendezvous({ clock, log, isAlive: isProcessAlive }, home.runDirectory, {
    ...self,
    pid: environment.pid,
    parentPid: environment.parentPid,
    startedAt: new Date(clock.now()).toISOString(),
    proto: protocolVersions[1],
  })
}

function discoveriesOf(settings: Settings): Discovery[] {
  return settings.discovery.has('static') ? [createStaticPeers(settings.peers)] : []
}

/** The operator works nowhere in particular. */
function createNowhere(hostName: string): NodeDeps['whereabouts'] {
  const host = hostName.slice(0, 255)
  return async () => ({ cwd: '', host, repo: null, remote: null, branch: null, files: [] })
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
