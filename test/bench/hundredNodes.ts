import { systemClock } from '../../mesh/clock.ts'
import type { Discovery, DiscoveryEvents } from '../../mesh/discovery.ts'
import type { Log } from '../../mesh/log.ts'
import { createNode, type Node } from '../../mesh/node.ts'
import { createWebSocketNetwork } from '../../mesh/websocket.ts'
import { createPeerId, type NodeId, uuidV7 } from '../../state/ids.ts'
import { createSigner, createVerifier, createVerifyAll } from '../../state/signatures.ts'
import { createMemoryDisk } from '../sim/memoryStore.ts'
import type { Order, Report, Whereabout } from './hundred.ts'

/**
 * Many nodes of one device in one process: real sockets, stores in memory, and the bench in place of
 * discovery. Arguments: how many, and how many there are in all.
 */
const [size, all] = process.argv.slice(2).map(Number)
const clock = systemClock
const log: Log = { debug() {}, info() {}, warn() {}, error: console.error }
const key = Buffer.alloc(32, 'the key of the bench')
const keyring = () => ({ mesh: 'bench', epoch: 1, key: () => key })
const signer = createSigner(clock.random(32))
const sources = new Set<DiscoveryEvents>()
const linkedByNode = new Map<Node, Set<string>>()
let awaited: { readonly text: string; readonly heard: Set<Node> } | undefined

function tell(report: Report): void {
  if (process.connected) process.send?.(report)
}

/** Tells the bench where a node listens, and the node whatever the bench says. */
function createSource(): Discovery {
  return {
    async start({ node, host, port }, events) {
      sources.add(events)
      tell({ kind: 'listening', at: { node, host, port } })
    },
    refused() {},
    async stop() {},
  }
}

async function createOne(index: number): Promise<Node> {
  const disk = createMemoryDisk({
    after: clock.after,
    random: Math.random,
    delayMs: { least: 0, most: 0 },
  })
  const node = createNode(
    {
      ...{ clock, log, signer, verify: createVerifier(), verifyAll: createVerifyAll() },
      network: createWebSocketNetwork({ keyring, clock, log }),
      discoveries: [createSource()],
      store: await disk.open(),
      memory: { read: async () => undefined, async write() {} },
      whereabouts: async () => ({
        ...{ cwd: '/bench', host: 'bench', repo: null, remote: null, branch: null },
        files: [],
      }),
      storeBytes: async () => 0,
      leave: () => {},
    },
    {
      ...{ version: '0.0.0', mesh: 'bench', pid: process.pid, brakes: false },
      node: uuidV7(clock.now(), clock.random(10)) as NodeId,
      peer: createPeerId(signer.device, clock.random(5)),
      wish: `node-${process.pid}-${index}`,
      storeDirectory: '/bench',
      listen: { host: '127.0.0.1', ports: [0] },
    },
  )
  observe(node)
  await node.start()
  return node
}

/** Counts the links of a node, and notices what it hears. */
function observe(node: Node): void {
  const linked = new Set<string>()
  linkedByNode.set(node, linked)
  node.watch(({ kind, peer, text }) => {
    if (kind === 'joined') linked.add(peer.id)
    if (kind === 'left') linked.delete(peer.id)
    if (kind === 'joined' && countEnds() === Number(size) * (Number(all) - 1))
      tell({ kind: 'full' })
    if (!awaited || kind !== 'activity' || !text.endsWith(awaited.text)) return
    awaited.heard.add(node)
    if (awaited.heard.size === size) tell({ kind: 'heard', text: awaited.text })
  })
}

function countEnds(): number {
  return [...linkedByNode.values()].reduce((sum, linked) => sum + linked.size, 0)
}

function meet(others: readonly Whereabout[]): void {
  for (const events of sources) {
    for (const { node, ...address } of others) {
      events.seen({ source: 'rendezvous', ...address, node: node as NodeId })
    }
  }
}

process.on('disconnect', () => process.exit(0))
const nodes = await Promise.all(
  Array.from({ length: Number(size) }, (_, index) => createOne(index)),
)
process.on('message', (order: Order) => {
  if (order.kind === 'meet') meet(order.others)
  if (order.kind === 'await') awaited = { text: order.text, heard: new Set() }
  if (order.kind === 'say') void nodes[order.index]?.setSummary(order.text)
  if (order.kind === 'usage') {
    const { user, system } = process.cpuUsage()
    tell({ kind: 'usage', busyMs: (user + system) / 1_000, ends: countEnds() })
  }
})
tell({ kind: 'ready' })
