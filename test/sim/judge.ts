import { createCore } from '../../mesh/core.ts'
import { silentLog } from '../../mesh/log.ts'
import { canonicalJson } from '../../state/canonical.ts'
import { directScope } from '../../state/feeds.ts'
import { fromJson, type Store, sortable } from '../../state/store.ts'
import { type Accepted, type Account, holds } from './account.ts'
import type { MeshWorld, Process, Seat } from './meshWorld.ts'

/** How often it is looked whether all are equal. */
const lookMs = 4_000
/** Nothing that a user asks takes longer. */
const operationMs = 10_000
/** Longer than the interval of comparisons, so that each pair compares once more. */
const quietMs = 31_000

/**
 * What holds when all faults have ended, all seats are filled and some time has passed:
 *
 * 1. One node of each device sits in the operator's seat. All nodes that can dial each other are
 *    linked. All, whether linked or only to others that are, hold equal
 *    documents, feeds and cursors as far as they share them. The archives of all devices are equal,
 *    and hold every feed and every cursor that anybody holds.
 * 2. What was accepted is in the history of sender and recipients exactly once, and was seen or
 *    waits in the inbox exactly once. Two exceptions. When the disk of a sender went back to a time
 *    before a message and no other disk held it, it may be gone. When the disk of a recipient went
 *    back, what it had seen may wait once more.
 * 3. What was refused is nowhere.
 * 4. A sender believes that a message was seen only when it was; and it does not wait then, not
 *    even when the recipient's disk has forgotten.
 * 5. When everything has been read, every sender knows it.
 * 6. Names are unique, everybody has one, and all agree on them.
 * 7. Then nothing is left to repair: comparisons find nothing.
 *
 * What is said of a seat here is said of the operators' seats too.
 */
export async function judge(world: MeshWorld, account: Account, calmMs: number): Promise<void> {
  if (!(await becomesEqual(world, calmMs))) return
  const court: Court = { world, account, waiting: new Map() }
  for (const seat of world.all) await judgeSeat(seat, court)
  for (const message of account.accepted) await judgeReceipts(message, court)
  judgeFeeds(world)
  judgeNames(world)
  for (const seat of world.all) void readAll(world, seat)
  if (!(await becomesEqual(world, calmMs))) return
  for (const message of account.accepted) await judgeSeen(message, world)
  await judgeQuiet(world)
}

interface Court {
  readonly world: MeshWorld
  readonly account: Account
  /** What waits in the inbox of each seat. */
  readonly waiting: Map<Seat, ReadonlySet<string>>
}

/** Everybody is there, so that this answers the process of each seat. */
function joined({ world, seat }: { world: MeshWorld; seat: Seat }): Process {
  const { process } = seat
  if (!process?.isJoined) {
    world.fault(`${seat.host} is not there`)
    throw new Error(world.faults.join('\n'))
  }
  return process
}

/** Waits for a promise while time passes. */
async function settled<T>({ scheduler }: MeshWorld, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = () => {
    isSettled = true
  }
  promise.then(settle, settle)
  await scheduler.until(() => isSettled, operationMs)
  return promise
}

/** Looks again and again, and says what differs when the time is over. */
async function becomesEqual(world: MeshWorld, calmMs: number): Promise<boolean> {
  let difference: string | undefined = 'nobody looked'
  for (let waitedMs = 0; waitedMs < calmMs; waitedMs += lookMs) {
    await world.scheduler.run(lookMs)
    difference = await differenceOfLinks(world)
    difference ??= differenceOfFeeds(world) ?? differenceOfArchives(world)
    difference ??= await differenceOfDocuments(world)
    if (difference === undefined) return true
  }
  world.fault(`after ${calmMs} ms of calm: ${difference}`)
  return false
}

/** Whether somebody is away, or not linked to somebody whom it can dial, or sees too few. */
export async function differenceOfLinks({ network, all }: MeshWorld): Promise<string | undefined> {
  for (const { host, device, process, peer } of all) {
    if (!process?.isJoined) return `${host} is not there`
    const near = all.filter((other) => !network.isOutOfReach(device.name, other.device.name))
    const { links, peers } = await process.mesh.status()
    const linked = [peer, ...links.map((link) => link.peer)].sort()
    const expected = near.map((other) => other.peer).sort()
    if (String(linked) !== String(expected)) return `${host} is linked to ${linked}`
    const seen = peers.filter(({ online }) => online).length
    const sessions = near.filter((other) => other !== other.device.operator && other.peer !== peer)
    if (seen !== sessions.length) return `${host} sees ${seen} peers`
  }
  return undefined
}

/** Feeds and cursors of the group are compared by all, those of pairs by the pair. */
function differenceOfFeeds({ seats, all }: MeshWorld): string | undefined {
  const [first, ...others] = seats
  for (const other of others) {
    if (!first) continue
    if (textOf(first, 'fh/group:') !== textOf(other, 'fh/group:')) {
      return `the group's feeds of ${first.host} and ${other.host} differ`
    }
  }
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      const scope = directScope(one.peer, other.peer)
      if (textOf(one, `fh/${scope}/`) !== textOf(other, `fh/${scope}/`)) {
        return `the direct feeds of ${one.host} and ${other.host} differ`
      }
      if (cursorsBetween(one, other) !== cursorsBetween(other, one)) {
        return `the cursors of ${one.host} and ${other.host} differ`
      }
    }
  }
  return undefined
}

/** An archive is a replica of everything. */
function differenceOfArchives({ all, operators }: MeshWorld): string | undefined {
  const feeds = unionOf(all, 'fh/')
  // What lost its feed on every disk tells of nothing, and belongs to nobody any more.
  const kept = new Set([...feeds].map((line) => line.slice('fh/'.length, line.lastIndexOf(' '))))
  const cursors = [...unionOf(all, 'c/')].filter((line) => kept.has(feedOfCursor(line)))
  for (const { host, disk } of operators) {
    const held = new Set([...linesOf(disk, 'fh/'), ...linesOf(disk, 'c/')])
    const missing = [...feeds, ...cursors].find((line) => !held.has(line))
    if (missing) return `the archive of ${host} does not hold ${missing}`
  }
  return undefined
}

function unionOf(seats: readonly Seat[], prefix: string): ReadonlySet<string> {
  return new Set(seats.flatMap(({ disk }) => linesOf(disk, prefix)))
}

/** `c/<scope>/<peer>/<node>/<by> ...` to the feed in it. */
function feedOfCursor(line: string): string {
  return line.split(' ')[0]?.split('/').slice(1, 4).join('/') ?? ''
}

/**
 * The part of one disk that tells how far each of a pair is in what the other said. A feed that is
 * lost on the disks of both tells nothing any more.
 */
function cursorsBetween(holder: Seat, other: Seat): string {
  return linesOf(holder.disk, 'c/')
    .filter((line) => holder.disk.get(`fh/${feedOfCursor(line)}`))
    .filter((line) => isBetween(line, holder.peer, other.peer))
    .join('\n')
}

function isBetween(line: string, one: string, other: string): boolean {
  const [, , peer, , by] = line.split(' ')[0]?.split('/') ?? []
  return (peer === one && by === other) || (peer === other && by === one)
}

function textOf({ disk }: Seat, prefix: string): string {
  return linesOf(disk, prefix).join('\n')
}

function linesOf(disk: Seat['disk'], prefix: string): string[] {
  return disk
    .range(prefix, `${prefix}~`)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString()}`)
}

async function differenceOfDocuments({ all }: MeshWorld): Promise<string | undefined> {
  const found = await Promise.all(all.map(readDocuments))
  const other = all.find((_, index) => found[index] !== found[0])
  return other && `the documents of seat0 and ${other.host} differ`
}

/** Reads the documents of a disk as its next process would. */
async function readDocuments(seat: Seat): Promise<string> {
  const store: Store = {
    get: async (key) => seat.disk.get(key),
    // Documents alone: the rest would take long to read.
    range: async ({ from, to }) => (from.startsWith('d/') ? seat.disk.range(from, to) : []),
    commit: () => Promise.reject(new Error('only for reading')),
    close: async () => {},
  }
  const clock = { now: () => 0, elapsed: () => 0, after: () => () => {} }
  const core = createCore({
    ...{ node: 'reader' as Process['node'], peer: 'reader' as Seat['peer'], log: silentLog, store },
    clock: { ...clock, random: (count) => new Uint8Array(count).fill(7) },
    signer: seat.device.signer,
    verify: () => true,
  })
  await core.load()
  return `${core.directory.hash()} ${core.group.hash()}`
}

async function judgeSeat(seat: Seat, { world, account, ...court }: Court): Promise<void> {
  const { mesh } = joined({ world, seat })
  const shown = account.of(seat)
  const items = await settled(world, mesh.inbox.list(10_000))
  const waiting = items.map(({ id }) => id)
  account.listed(seat, waiting)
  court.waiting.set(seat, new Set(waiting))
  if (mesh.inbox.unread().count !== items.length) world.fault(`${seat.host} counts wrongly`)
  const past = await settled(world, readHistory(mesh))
  const texts = past.map(({ body }) => body)
  for (const text of account.refused) {
    if (texts.some((body) => body.startsWith(text) && !/\d/.test(body.charAt(text.length)))) {
      world.fault(`${seat.host} holds what was refused: ${text}`)
    }
  }
  const ids = past.map(({ id }) => id)
  if (new Set(ids).size < ids.length) world.fault(`the history of ${seat.host} repeats itself`)
  for (const { id, from, to, isExcused } of account.accepted) {
    const isRecipient = to.includes(seat)
    const isArchive = seat === seat.device.operator
    if (isExcused || !(isRecipient || isArchive || from === seat)) continue
    if (!ids.includes(id)) world.fault(`${id} from ${from.host} is not at ${seat.host}`)
    if (!isRecipient || waiting.includes(id) || shown.attempted.has(id)) continue
    world.fault(`${id} from ${from.host} was never shown at ${seat.host}`)
  }
}

async function readHistory(mesh: Process['mesh']): Promise<{ id: string; body: string }[]> {
  const found: { id: string; body: string }[] = []
  let before: string | undefined
  do {
    const page = await mesh.history({ limit: 50, ...(before === undefined ? {} : { before }) })
    found.unshift(...page.messages)
    before = page.next
  } while (before !== undefined)
  return found
}

async function judgeReceipts(message: Accepted, { world, account, waiting }: Court): Promise<void> {
  const { id, from, to } = message
  if (!holds(from, id)) return
  const { mesh } = joined({ world, seat: from })
  const receipts = await settled(world, mesh.receipts({ message_id: id }))
  for (const seat of to) {
    const state = receipts.find((receipt) => receipt.to.id === seat.peer)?.state
    const { attempted, acknowledged, hasGoneBack } = account.of(seat)
    const isKnown = acknowledged.has(id)
    if (state === 'queued') world.fault(`${id} is queued for ${seat.host}, which has it`)
    if (state === 'seen' && !attempted.has(id)) {
      world.fault(`${from.host} believes that ${seat.host} has seen ${id}`)
    }
    if (state === 'seen' && waiting.get(seat)?.has(id)) {
      world.fault(`${seat.host} still shows ${id}, which ${from.host} knows to be seen`)
    }
    if (isKnown && state !== 'acknowledged' && !hasGoneBack && !account.of(from).hasGoneBack) {
      world.fault(`${from.host} does not know that ${seat.host} acknowledged ${id}: ${state}`)
    }
  }
}

async function judgeSeen({ id, from, to }: Accepted, world: MeshWorld): Promise<void> {
  if (!holds(from, id)) return
  const { mesh } = joined({ world, seat: from })
  const receipts = await settled(world, mesh.receipts({ message_id: id }))
  for (const seat of to) {
    const state = receipts.find((receipt) => receipt.to.id === seat.peer)?.state
    if (state === 'seen' || state === 'acknowledged') continue
    world.fault(`${from.host} does not know that ${seat.host} has seen ${id}: ${state}`)
  }
}

/** A feed has every number from 1 to its head, and is the same wherever it is. */
function judgeFeeds(world: MeshWorld): void {
  const textsByPlace = new Map<string, string>()
  for (const { disk, host } of world.all) {
    for (const [key, value] of disk.range('fh/', 'fh/~')) {
      const head = Number(fromJson(value))
      for (let seq = 1; seq <= head; seq += 1) {
        const place = `f/${key.slice(3)}/${sortable(seq)}`
        const stored = disk.get(place)
        const text = stored ? canonicalJson(fromJson(stored)) : ''
        if (text === '') world.fault(`${host} lacks ${place} of ${head}`)
        const before = textsByPlace.get(place) ?? text
        if (before !== text) world.fault(`${place} is not the same at ${host}`)
        textsByPlace.set(place, text)
      }
    }
  }
}

function judgeNames(world: MeshWorld): void {
  const views = world.all.map((seat) => {
    const { self, peers } = joined({ world, seat }).mesh.peers({ offline: true })
    const listed = seat === seat.device.operator ? peers : [self, ...peers]
    return listed.map(({ id, name }) => [id, name] as const).sort()
  })
  for (const [index, view] of views.entries()) {
    const names = view.map(([, name]) => name.toLowerCase())
    if (new Set(names).size < names.length) world.fault(`two are called the same: ${names}`)
    if (view.some(([id, name]) => id === name)) world.fault(`somebody has no name: ${names}`)
    if (String(view) === String(views[0])) continue
    const { host } = world.all[index] ?? {}
    world.fault(`seat0 and ${host} name differently: ${views[0]} and ${view}`)
  }
}

async function readAll(world: MeshWorld, seat: Seat): Promise<void> {
  const { inbox } = joined({ world, seat }).mesh
  const ids = (await inbox.list(10_000)).map(({ id }) => id)
  await inbox.markShown(ids)
  await inbox.markSeen(ids)
}

async function judgeQuiet(world: MeshWorld): Promise<void> {
  const repairs = async () => {
    const asked = world.all.map((seat) => joined({ world, seat }).mesh.status())
    const all = await settled(world, Promise.all(asked))
    return all.map(({ counters }) => counters['repairs'] ?? 0)
  }
  // A comparison that was under way may still find something.
  await world.scheduler.run(1_000)
  const before = await repairs()
  await world.scheduler.run(quietMs)
  const after = await repairs()
  if (String(before) !== String(after)) world.fault(`still repairing: ${before} and ${after}`)
}
