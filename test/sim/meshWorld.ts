import { createHash } from 'node:crypto'
import type { Clock } from '../../mesh/clock.ts'
import { createLead, type Lead, type LeadSeat } from '../../mesh/lead.ts'
import type { Log, LogFields } from '../../mesh/log.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { createNode, type Node } from '../../mesh/node.ts'
import type { SessionMemory } from '../../mesh/sessions.ts'
import { MeshError } from '../../state/errors.ts'
import { createPeerId, type NodeId, type PeerId, uuidTime, uuidV7 } from '../../state/ids.ts'
import { deviceOf, type Signer, type Verify } from '../../state/signatures.ts'
import { createSimulatedClock } from './clock.ts'
import { createMemoryDiscovery, type MemoryDiscovery } from './memoryDiscovery.ts'
import { createMemoryNetwork, type MemoryNetwork } from './memoryNetwork.ts'
import { createMemoryDisk, type MemoryDisk } from './memoryStore.ts'
import { tapped } from './sealedTap.ts'
import { createUnruly, type Unruly } from './unrulyNetwork.ts'
import { createChance, createScheduler, type Scheduler } from './world.ts'

/** Within this time a node has left, whatever state it was in. */
const leaveMs = 5_000

/** A running node in a seat. */
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
  /** Its name as a host of the network. The operator's node is on the host of its holder. */
  readonly host: string
  readonly device: Device
  readonly disk: MemoryDisk
  process: Process | undefined
}

/** The operator's seat of a device: its disk is the archive, and the lock of that disk elects. */
export interface OperatorSeat extends Seat {
  /** The seat whose process leads at present. */
  holder: Seat | undefined
}

/** A machine with one key and one wall clock, which several seats share. */
export interface Device {
  readonly name: string
  readonly signer: Signer
  readonly memory: SessionMemory
  readonly operator: OperatorSeat
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
  /** The seats of sessions. */
  readonly seats: readonly Seat[]
  /** The operators' seats, one for each device. */
  readonly operators: readonly OperatorSeat[]
  /** All of these. */
  readonly all: readonly Seat[]
  /** Every node that ever sat in an operator's seat. */
  readonly leads: readonly Mesh[]
  /** What can never be right: broken invariants, stops that hang. */
  readonly faults: readonly string[]
  fault(what: string): void
  /** Calls back for every message that any process announces as arrived. */
  onArrival(listener: (seat: Seat, id: string) => void): void
  /** Calls back for every notice that any process tells, with its ID and its text. */
  onNotice(listener: (seat: Seat, id: string, text: string) => void): void
  /** Calls back for every frame that reaches any process. */
  onFrame(listener: (seat: Seat, frame: string) => void): void
  /** Starts a process in a free seat of a session; resolves to whether it has joined. */
  start(seat: Seat): Promise<boolean>
  /** Its process is killed, or the power of its disks goes with it: the archive's too if it leads. */
  kill(seat: Seat, cause: 'process' | 'power'): void
  /** Asks a process to leave; resolves when the seat is free. */
  stop(seat: Seat): Promise<void>
}

/** Who sits where, for the making of a node. */
interface Sitting {
  readonly seat: Seat
  /** On which host of the network. */
  readonly host: string
  readonly isOperator: boolean
}

/** Makes a world whose seats are all free. The same settings make the same story. */
export function createMeshWorld({ seed, seats, devices, brakes }: WorldSettings): MeshWorld {
  const scheduler = createScheduler(seed)
  const deps = { after: scheduler.after, random: scheduler.chance }
  const network = createMemoryNetwork(deps)
  const discovery = createMemoryDiscovery(deps)
  const unruly = createUnruly({ ...deps, likely: { twice: 0.1, late: 0.2 } })
  const faults: string[] = []
  const leads: Mesh[] = []
  const leadsByProcess = new WeakMap<Process, Lead>()
  const listeners: ((seat: Seat, id: string) => void)[] = []
  const noticeListeners: ((seat: Seat, id: string, text: string) => void)[] = []
  const frameListeners: ((seat: Seat, frame: string) => void)[] = []
  const chance = createChance(seed ^ 0x5ea7)
  const sharedDevices = Array.from({ length: devices }, (_, index) => createDevice(index))
  const operators = sharedDevices.map(({ operator }) => operator)

  const sessions = Array.from({ length: seats }, (_, index): Seat => {
    const device = sharedDevices[index % devices] ?? createDevice(index)
    return { index, host: `seat${index}`, device, ...createPlace(device) }
  })
  const all: readonly Seat[] = [...sessions, ...operators]

  function createPlace({
    signer,
  }: Pick<Device, 'signer'>): Pick<Seat, 'peer' | 'disk' | 'process'> {
    const peer = createPeerId(signer.device, randomBytes(chance, 5))
    return { peer, disk: createMemoryDisk(deps), process: undefined }
  }

  function createDevice(index: number): Device {
    const signer = createFastSigner(`${seed}/${index}`)
    const operator: OperatorSeat = {
      ...{ index, host: `operator${index}`, holder: undefined, ...createPlace({ signer }) },
      get device() {
        return device
      },
    }
    const name = `machine${index}`
    const device: Device = { name, signer, memory: createMemory(), operator, skewMs: 0 }
    return device
  }

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

  async function sit({ seat, host, isOperator }: Sitting): Promise<{
    readonly process: Process
    readonly node: Node
    readonly clock: Clock
  }> {
    const isDead = () => seat.process !== process
    const { device } = seat
    const clock = createSimulatedClock(scheduler, { skewMs: () => device.skewMs, isDead })
    const id = createNodeId(clock)
    const store = await seat.disk.open()
    const place = isOperator ? '' : `at ${device.name}`
    const node = createNode(
      {
        ...{ clock, store, log: logOf(seat), memory: device.memory },
        network: tapped(unruly.spoil(network.host(host, { machine: device.name })), (frame) => {
          for (const listener of frameListeners) listener(seat, frame)
        }),
        discoveries: [discovery.source(id)],
        ...{ signer: device.signer, verify: verifyFast },
        whereabouts: async () => ({
          ...{ cwd: place, host: device.name, repo: place, remote: null, branch: 'main' },
          files: [],
        }),
        storeBytes: async () => 0,
        leave: () => {},
      },
      {
        ...{ version: '0.0.0', mesh: 'simulated', node: id, peer: seat.peer, isOperator, brakes },
        ...{ pid: seat.index, storeDirectory: seat.host },
        listen: { host, ports: [0] },
      },
    )
    node.inbox.onArrival(({ kind, id: arrived, body }) => {
      if (kind === 'notice') {
        for (const listener of noticeListeners) listener(seat, arrived, body)
      } else for (const listener of listeners) listener(seat, arrived)
    })
    const process: Process = { node: id, mesh: node, isJoined: false }
    return { process, node, clock }
  }

  async function createProcess(seat: Seat): Promise<Process> {
    const { process, node, clock } = await sit({ seat, host: seat.host, isOperator: false })
    const { neighbours } = node
    const log = logOf(seat)
    leadsByProcess.set(process, createLead({ clock, log, neighbours, take: () => take(seat) }))
    return process
  }

  /** Sits down in the operator's seat of a device, unless another process has it. */
  async function take(holder: Seat): Promise<LeadSeat | undefined> {
    const { operator } = holder.device
    const seated = sit({ seat: operator, host: holder.host, isOperator: true })
    const sitting = await seated.catch((thrown: unknown) => {
      if (thrown instanceof MeshError && thrown.code === 'STORE_LOCKED') return undefined
      throw thrown
    })
    if (!sitting) return undefined
    const { process, node } = sitting
    Object.assign(operator, { process, holder })
    leads.push(node)
    return { mesh: leading(operator, { process, node }), openDoor: async () => undefined }
  }

  /** The operator's node as its lead sees it: the seat is free when it has left. */
  function leading(
    operator: OperatorSeat,
    { process, node }: { readonly process: Process; readonly node: Node },
  ): Mesh {
    return {
      ...node,
      async start() {
        await node.start()
        process.isJoined = operator.process === process
      },
      async stop(reason) {
        process.isJoined = false
        await node.stop(reason)
        if (operator.process === process) vacate(operator, 'process')
      },
    }
  }

  function vacate(operator: OperatorSeat, cause: 'process' | 'power'): void {
    if (operator.process) discovery.kill(operator.process.node)
    operator.process = undefined
    operator.holder = undefined
    operator.disk.crash(cause)
  }

  return {
    ...{ scheduler, network, discovery, unruly, faults, fault, leads },
    ...{ seats: sessions, operators, all },

    onArrival: (listener) => void listeners.push(listener),
    onNotice: (listener) => void noticeListeners.push(listener),
    onFrame: (listener) => void frameListeners.push(listener),

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
      leadsByProcess.get(process)?.start()
      return true
    },

    kill(seat, cause) {
      const { process, device } = seat
      if (process) discovery.kill(process.node)
      if (process) network.kill(seat.host)
      seat.process = undefined
      seat.disk.crash(cause)
      if (device.operator.holder === seat) vacate(device.operator, cause)
    },

    async stop(seat) {
      const { process } = seat
      if (!process) return
      process.isJoined = false
      const cancel = scheduler.after(leaveMs, () => {
        if (seat.process === process) fault(`${seat.host} did not leave within ${leaveMs} ms`)
      })
      await Promise.all([leadsByProcess.get(process)?.stop('left'), process.mesh.stop('left')])
      cancel()
      if (seat.process !== process) return
      this.kill(seat, 'process')
    },
  }
}

/** What a device remembers of its last session. */
function createMemory(): SessionMemory {
  let last: { session: string; aliveMs: number } | undefined
  return {
    read: async () => last,
    async write(session, aliveMs) {
      last = { session, aliveMs }
    },
  }
}

/** A hash in the shape of a signature: nobody in a simulation forges, and it is 50 times faster. */
export function createFastSigner(name: string): Signer {
  const key = createHash('sha256').update(name).digest('base64url')
  return { device: deviceOf(key), key, sign: (text) => fastSignature(key, text) }
}

/** Checks what a fast signer has signed. */
export const verifyFast: Verify = (key, text, signature) => fastSignature(key, text) === signature

function fastSignature(key: string, text: string): string {
  return createHash('sha512').update(key).update(text).digest('base64url')
}

function randomBytes(chance: () => number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(chance() * 256))
}
