import type { Configuration, ConfigurationWatch, LanMode } from '../../mesh/configuration.ts'
import { silentLog } from '../../mesh/log.ts'
import { createNode, type Node } from '../../mesh/node.ts'
import { createSignal } from '../../mesh/signal.ts'
import { createStaticPeers } from '../../mesh/staticPeers.ts'
import { createPeerId, type NodeId, uuidV7 } from '../../state/ids.ts'
import type { Signer } from '../../state/signatures.ts'
import { createSimulatedClock } from './clock.ts'
import { createLanNetwork, type LanMachine, type LanNetwork, likeMdns } from './lanNetwork.ts'
import { createMemoryDiscovery, type MemoryDiscovery } from './memoryDiscovery.ts'
import { createMemoryDisk } from './memoryStore.ts'
import { createFastSigner, verifyFast } from './meshWorld.ts'
import { createScheduler, type Scheduler } from './world.ts'

/** A node that runs, and where. */
export interface LanNode {
  readonly machine: LanMachine
  readonly mesh: Node
  /** What a person sets with `mesh lan`. */
  setLan(mode: LanMode): void
}

/** How a node is to run. */
export interface LanNodeSettings {
  readonly lan?: LanMode
  /** Addresses that the user named. */
  readonly peers?: readonly { readonly host: string; readonly port: number }[]
}

/** Machines on one network, and nodes on them, within one test. */
export interface LanWorld {
  readonly scheduler: Scheduler
  readonly network: LanNetwork
  machine(index: number): LanMachine
  /** Starts a node, which joins while time passes. */
  start(machine: LanMachine, settings?: LanNodeSettings): Promise<LanNode>
  readonly nodes: readonly LanNode[]
  /** How many links are missing for everybody to be linked to everybody. */
  missing(): Promise<number>
  /** Runs until everybody is linked to everybody; answers after how long, at most `ms`. */
  untilFull(ms: number): Promise<number>
}

/** Makes a world. The same seed makes the same story. */
export function createLanWorld(seed: number, { hasMulticast = true } = {}): LanWorld {
  const scheduler = createScheduler(seed)
  const deps = { after: scheduler.after, random: scheduler.chance }
  const network = createLanNetwork(deps)
  const multicast = createMemoryDiscovery(deps)
  const rooms = new Map<string, { signer: Signer; rendezvous: MemoryDiscovery }>()
  const nodes: LanNode[] = []

  function roomOf({ name }: LanMachine) {
    const known = rooms.get(name)
    if (known) return known
    const room = { signer: createFastSigner(name), rendezvous: createMemoryDiscovery(deps) }
    rooms.set(name, room)
    return room
  }

  async function linksOf({ mesh }: LanNode): Promise<number> {
    return (await mesh.status()).links.length
  }

  const world: LanWorld = {
    ...{ scheduler, network, nodes },

    machine: (index) => ({ name: `machine${index}`, address: `10.0.0.${index}` }),

    async start(machine, { lan = 'on', peers = [] } = {}) {
      const { signer, rendezvous } = roomOf(machine)
      const clock = createSimulatedClock(scheduler)
      const name = `node${nodes.length}`
      const node = uuidV7(clock.now() + nodes.length, clock.random(10)) as NodeId
      const settings = createSettings(lan)
      const mesh = createNode(
        {
          ...{ clock, signer, log: silentLog, verify: verifyFast },
          network: network.process(name, machine),
          discoveries: [rendezvous.source(node), createStaticPeers(peers)],
          lan: {
            ports: [],
            discoveries: () => (hasMulticast ? [likeMdns(multicast.source(node), machine)] : []),
            ownAddresses: () => new Set(['127.0.0.1', machine.address]),
          },
          configuration: settings.watch,
          store: await createMemoryDisk(deps).open(),
          memory: { read: async () => undefined, write: async () => {} },
          whereabouts: async () => ({
            ...{ cwd: '/', host: machine.name, repo: null, remote: null, branch: null, files: [] },
          }),
          storeBytes: async () => 0,
          leave: () => {},
        },
        {
          ...{ version: '0.0.0', mesh: 'simulated', node, pid: nodes.length, brakes: true },
          peer: createPeerId(signer.device, clock.random(5)),
          storeDirectory: name,
          listen: { host: '127.0.0.1', ports: [0] },
        },
      )
      const started = { machine, mesh, setLan: settings.set }
      nodes.push(started)
      void mesh.start()
      return started
    },

    async missing() {
      const counts = await Promise.all(nodes.map(linksOf))
      return counts.reduce((sum, count) => sum + nodes.length - 1 - count, 0)
    },

    async untilFull(ms) {
      const sinceMs = scheduler.elapsed()
      do await scheduler.run(100)
      while ((await world.missing()) > 0 && scheduler.elapsed() - sinceMs < ms)
      return scheduler.elapsed() - sinceMs
    },
  }
  return world
}

/** Settings that a test changes, with nothing on disk. */
function createSettings(lan: LanMode) {
  let current: Configuration = { lan }
  const changed: ConfigurationWatch['changed'] = createSignal()
  const watch: ConfigurationWatch = {
    current: () => current,
    changed,
    start: async () => {},
    stop() {},
  }
  return {
    watch,
    set(mode: LanMode) {
      current = { lan: mode }
      changed.emit()
    },
  }
}
