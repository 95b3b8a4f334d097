import { type FSWatcher, watch } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { entry } from '../state/feeds.ts'
import type { NodeId } from '../state/ids.ts'
import { type Clock, every } from './clock.ts'
import type { Candidate, Discovery, DiscoveryEvents } from './discovery.ts'
import type { Log } from './log.ts'
import { createOnce, hasCode, replaceFile } from './privateFiles.ts'

/** How often the directory is read when the system does not tell of changes. */
const rescanMs = 5_000
/** Changes within this time are read together. */
const gatherMs = 10

const rendezvousEntry = z.object({
  node: entry.shape.node,
  peer: entry.shape.peer,
  pid: z.number().int().positive(),
  parentPid: z.number().int().nonnegative(),
  /** The client's session ID, so that a command finds the node it runs under. */
  session: z.string().max(256).nullable(),
  host: z.string().max(255),
  port: z.number().int().min(1).max(65_535),
  /** ISO 8601 UTC. */
  startedAt: z.string().max(32),
  proto: z.number().int().positive(),
  /** The operator's node runs beside the session that leads the device. */
  role: z.enum(['session', 'operator']).default('session'),
  dashboard: z.string().max(255).optional(),
})
/** What a node writes into the rendezvous directory while it lives. */
export type RendezvousEntry = z.infer<typeof rendezvousEntry>

/** What finding each other on one machine needs. */
export interface RendezvousDeps {
  readonly clock: Clock
  readonly log: Log
  /** Whether a process lives. */
  readonly isAlive: (pid: number) => boolean
}

/** The discovery that a node shares with commands, which read there where the dashboard is. */
export interface Rendezvous extends Discovery {
  /** The dashboard is there now, or nowhere. Never rejects. */
  publish(dashboard: string | null): Promise<void>
}

/**
 * Finds the nodes of this device by the files that they keep in one directory.
 *
 * 1. A file is whole under its name or not there.
 * 2. A node whose own file disappears writes it again.
 * 3. A file goes when a dial to it was refused and its process is gone; nobody else removes it.
 */
export function createRendezvous(
  deps: RendezvousDeps,
  directory: string,
  self: Omit<RendezvousEntry, 'host' | 'port'>,
): Rendezvous {
  const { clock, log } = deps
  const known = new Map<NodeId, Candidate>()
  let own: RendezvousEntry | undefined
  let events: DiscoveryEvents | undefined
  let watcher: FSWatcher | undefined
  let cancelRescan = () => {}
  let cancelGather: (() => void) | undefined
  let scanning = Promise.resolve()
  let dashboard: string | null = null

  function scanSoon(): void {
    cancelGather ??= clock.after(gatherMs, () => {
      cancelGather = undefined
      void scanNext()
    })
  }

  /** One after the other: an older view of the directory must not be told after a newer one. */
  function scanNext(): Promise<void> {
    scanning = scanning
      .then(scan)
      .catch((thrown: unknown) => log.warn('rendezvous_unreadable', { thrown }))
    return scanning
  }

  async function scan(): Promise<void> {
    const present = new Set((await readdir(directory)).filter((name) => name.endsWith('.json')))
    if (!own || !events) return
    if (!present.has(nameOf(self.node))) await write(own)
    for (const [node, candidate] of known) {
      if (present.has(nameOf(node))) continue
      known.delete(node)
      events?.gone(candidate)
    }
    // Where a node listens never changes, so that each file is read once, however many come and go.
    for (const node of [self.node, ...known.keys()]) present.delete(nameOf(node))
    for (const { node, host, port } of await readEntries(directory, [...present])) {
      if (node === self.node || known.has(node)) continue
      const candidate = { source: 'rendezvous', node, host, port } as const
      known.set(node, candidate)
      events?.seen(candidate)
    }
  }

  function write(entry: RendezvousEntry): Promise<void> {
    return createOnce(pathOf(directory, entry.node), textOf(entry))
  }

  function textOf(entry: RendezvousEntry): string {
    return `${JSON.stringify({ ...entry, ...(dashboard === null ? {} : { dashboard }) })}\n`
  }

  /** Where the system has no more watches to give, the rescan does. */
  function watchDirectory(): void {
    try {
      watcher = watch(directory, { persistent: false }, scanSoon)
      watcher.on('error', (thrown) => {
        log.info('rendezvous_not_watched', { thrown })
        watcher?.close()
      })
    } catch (thrown) {
      log.info('rendezvous_not_watched', { thrown })
    }
  }

  async function removeStale(node: NodeId): Promise<void> {
    const found = await readEntry(pathOf(directory, node))
    if (!found || deps.isAlive(found.pid)) return
    log.debug('rendezvous_stale', { node })
    await rm(pathOf(directory, node), { force: true })
    scanSoon()
  }

  return {
    async start({ host, port }, told) {
      if (own) return
      own = { ...self, host, port }
      events = told
      await write(own)
      watchDirectory()
      cancelRescan = every(clock, rescanMs, scanSoon)
      await scanNext()
    },

    refused({ source, node }) {
      if (source !== 'rendezvous' || node === undefined) return
      removeStale(node).catch((thrown: unknown) => log.warn('rendezvous_unreadable', { thrown }))
    },

    async stop() {
      if (!own) return
      own = undefined
      watcher?.close()
      cancelRescan()
      cancelGather?.()
      await scanning
      await rm(pathOf(directory, self.node), { force: true })
    },

    async publish(url) {
      dashboard = url
      if (!own) return
      await replaceFile(pathOf(directory, own.node), textOf(own)).catch((thrown: unknown) =>
        log.warn('rendezvous_not_written', { thrown }),
      )
      // It may have been withdrawn meanwhile.
      if (!own) await rm(pathOf(directory, self.node), { force: true }).catch(() => {})
    },
  }
}

/** The nodes that say they run on this device, the oldest first. Unreadable files are passed over. */
export async function readRendezvous(directory: string): Promise<readonly RendezvousEntry[]> {
  return readEntries(
    directory,
    (await readdir(directory)).filter((name) => name.endsWith('.json')),
  )
}

async function readEntries(directory: string, names: string[]): Promise<RendezvousEntry[]> {
  const entries = await Promise.all(names.sort().map((name) => readEntry(join(directory, name))))
  return entries.filter((entry) => entry !== undefined)
}

async function readEntry(path: string): Promise<RendezvousEntry | undefined> {
  try {
    return rendezvousEntry.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
  } catch {
    return undefined
  }
}

/** Whether a process lives: another user's counts, a number that nobody has does not. */
export function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (thrown) {
    return hasCode(thrown, 'EPERM')
  }
}

function pathOf(directory: string, node: NodeId): string {
  return join(directory, nameOf(node))
}

function nameOf(node: NodeId): string {
  return `${node}.json`
}
