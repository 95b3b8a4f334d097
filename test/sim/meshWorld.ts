import { createHash } from 'node:crypto'
import type { Clock } from '../../mesh/clock.ts'
import type { Log, LogFields } from '../../mesh/log.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { createNode } from '../../mesh/node.ts'
import type { SessionMemory } from '../../mesh/sessions.ts'
import { MeshError } from '../../state/errors.ts'
import { createPeerId, type NodeId, type PeerId, uuidTime, uuidV7 } from '../../state/ids.ts'
import { deviceOf, type Signer, type Verify } from '../../state/signatures.ts'
import { createSimulatedClock } from './clock.ts'
import { createMemoryDiscovery, type MemoryDiscovery } from './memoryDiscovery.ts'
import { createMemoryNetwork, type MemoryNetwork } from './memoryNetwork.ts'
import { createMemoryDisk, type MemoryDisk } from './memoryStore.ts'
import { createUnruly, type Unruly } from './unrulyNetwork.ts'
import { createChance, createScheduler, type Scheduler } from './world.ts'

/** Within this time a node has left, whatever state it was in. */
const leaveMs = 5_000

/** A running process in a seat. */
export interface Process {
  readonly node: NodeId
  readonly mesh: Mesh
  /** It has joined and was not asked to leave. */
  isJoined: boolean
}

/** A peer with its disk; processes come and go in it. */
export interface Seat {
  readonly index: number
  readonly peer: PeerId
  /** Its name as a host of the network. */
  readonly host: string
  readonly device: Device
  readonly disk: MemoryDisk
  process: Process | undefined
}

/** A machine with one key and one wall clock, which several seats share. */
export interface Device {
  readonly name: string
  readonly signer: Signer
  readonly memory: SessionMemory
  /** How far its wall clock is from the truth. */
  skewMs: number
}

/** What a world is made of. */
export interface WorldSettings {
  readonly seed: number
  readonly seats: number
  readonly devices: number
  readonly brakes: boolean
}

/** A whole mesh within one test. */
export interface MeshWorld {
  readonly scheduler: Scheduler
  readonly network: MemoryNetwork
  readonly discovery: MemoryDiscovery
  readonly unruly: Unruly
  readonly seats: readonly Seat[]
  /** What can never be right: broken invariants, stops that hang. */
  readonly faults: readonly string[]
  fault(what: string): void
  /** Calls back for every message that any process announces as arrived. */
  onArrival(listener: (seat: Seat, id: string) => void): void
  /** Starts a process in a free seat; resolves to whether it has joined. */
  start(seat: Seat): Promise<boolean>
  /** Its process is killed, or the power of its disk goes with it. */
  kill(seat: Seat, cause: 'process' | 'power'): void
  /** Asks a process to leave; resolves when the seat is free. */
  stop(seat: Seat): Promise<void>
}

/** Makes a world whose seats are all free. The same settings make the same story. */
export function createMeshWorld({ seed, seats, devices, brakes }: WorldSettings): MeshWorld {
  const scheduler = createScheduler(seed)
  const deps = { after: scheduler.after, random: scheduler.chance }
  const network = createMemoryNetwork(deps)
  const discovery = createMemoryDiscovery(deps)
  const unruly = createUnruly({ ...deps, likely: { twice: 0.1, late: 0.2 } })
  const faults: string[] = []
  const listeners: ((seat: Seat, id: string) => void)[] = []
  const sharedDevices = Array.from({ length: devices }, (_, index) => createDevice(seed, index))
  const chance = createChance(seed ^ 0x5ea7)

  const all = Array.from({ length: seats }, (_, index): Seat => {
    const device = sharedDevices[index % devices] ?? createDevice(seed, index)
    const peer = createPeerId(device.signer.device, randomBytes(chance, 5))
    const disk = createMemoryDisk(deps)
    return { index, peer, host: `seat${index}`, device, disk, process: undefined }
  })

  function fault(what: string): void {
    faults.push(`${scheduler.elapsed().toFixed(0)} ms: ${what}`)
  }

  /** A warning about a refusal is ordinary life; one about anything else is a fault of the program. */
  function logOf(seat: Seat): Log {
    const check = (event: string, fields?: LogFields) => {
      const thrown = fields?.['thrown']
      if (thrown !== undefined) checkRefusal(seat, event, thrown)
    }
    return { debug() {}, info: check, warn: check, error: check }
  }

  function checkRefusal(seat: Seat, event: string, thrown: unknown): void {
    if (thrown instanceof MeshError && thrown.code !== 'INTERNAL') return
    const cause = thrown instanceof MeshError ? thrown.cause : thrown
    fault(`${seat.host} ${event}: ${cause instanceof Error ? cause.stack : String(cause)}`)
  }

  /** Later than every node that is announced, as the real one is. */
  function createNodeId(clock: Clock): NodeId {
    const newestMs = Math.max(0, ...discovery.announced().map(uuidTime))
    return uuidV7(Math.max(clock.now(), newestMs + 1), clock.random(10)) as NodeId
  }

  async function createProcess(seat: Seat): Promise<Process> {
    const isDead = () => seat.process !== process
    const clock = createSimulatedClock(scheduler, { skewMs: () => seat.device.skewMs, isDead })
    const node = createNodeId(clock)
    const store = await seat.disk.open()
    const place = `at ${seat.device.name}`
    const mesh = createNode(
      {
        clock,
        log: logOf(seat),
        network: unruly.spoil(network.host(seat.host, { machine: seat.device.name })),
        discoveries: [discovery.source(node)],
        signer: seat.device.signer,
        verify,
        store,
        memory: seat.device.memory,
        whereabouts: async () => ({
          ...{ cwd: place, host: seat.device.name, repo: place, remote: null, branch: 'main' },
          files: [],
        }),
        storeBytes: async () => 0,
        leave: () => {},
      },
      {
        ...{ version: '0.0.0', mesh: 'simulated', node, peer: seat.peer, pid: seat.index, brakes },
        storeDirectory: seat.host,
        listen: { host: seat.host, ports: [0] },
      },
    )
    mesh.inbox.onArrival(({ kind, id }) => {
      if (kind !== 'notice') for (const listener of listeners) listener(seat, id)
    })
    const process: Process = { node, mesh, isJoined: false }
    return process
  }

  return {
    ...{ scheduler, network, discovery, unruly, seats: all, faults, fault },

    onArrival: (listener) => void listeners.push(listener),

    async start(seat) {
      if (seat.process) return false
      const process = await createProcess(seat)
      seat.process = process
      try {
        await process.mesh.start()
      } catch (thrown) {
        checkRefusal(seat, 'start', thrown)
        if (seat.process === process) await this.stop(seat)
        return false
      }
      process.isJoined = true
      return true
    },

    kill(seat, cause) {
      const { process } = seat
      if (process) discovery.kill(process.node)
      if (process) network.kill(seat.host)
      seat.process = undefined
      seat.disk.crash(cause)
    },

    async stop(seat) {
      const { process } = seat
      if (!process) return
      process.isJoined = false
      const cancel = scheduler.after(leaveMs, () => {
        if (seat.process === process) fault(`${seat.host} did not leave within ${leaveMs} ms`)
      })
      await process.mesh.stop('left')
      cancel()
      if (seat.process !== process) return
      this.kill(seat, 'process')
    },
  }
}

function createDevice(seed: number, index: number): Device {
  const signer = createFastSigner(`${seed}/${index}`)
  let last: { session: string; aliveMs: number } | undefined
  const memory: SessionMemory = {
    read: async () => last,
    async write(session, aliveMs) {
      last = { session, aliveMs }
    },
  }
  return { name: `machine${index}`, signer, memory, skewMs: 0 }
}

/** A hash in the shape of a signature: nobody in a simulation forges, and it is 50 times faster. */
function createFastSigner(name: string): Signer {
  const key = createHash('sha256').update(name).digest('base64url')
  return { device: deviceOf(key), key, sign: (text) => fastSignature(key, text) }
}

const verify: Verify = (key, text, signature) => fastSignature(key, text) === signature

function fastSignature(key: string, text: string): string {
  return createHash('sha512').update(key).update(text).digest('base64url')
}

function randomBytes(chance: () => number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(chance() * 256))
}
