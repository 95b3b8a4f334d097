import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { MeshError } from '../state/errors.ts'
import { entry } from '../state/feeds.ts'
import { createPeerId, type PeerId, toBase32 } from '../state/ids.ts'
import { type OpenedStore, openLevelStore } from '../state/levelStore.ts'
import { fromJson, putJson, type Store } from '../state/store.ts'
import type { Clock } from './clock.ts'
import type { Home } from './home.ts'
import { makeDirectory, replaceFile } from './privateFiles.ts'

/** A seat that another session used within this time is left for it to come back to. */
const reservedMs = 600_000
/** Where a store says whose it is. */
const ownerKey = 'owner'
/** Seats of one project. */
const seatsMax = 10_000

const peerFile = z.object({
  peer: entry.shape.peer,
  name: z.string().max(64).nullable(),
  /** The Claude session that used the seat last. */
  session: z.string().max(256).nullable(),
  /** When that session was last known to live, in milliseconds since 1970. */
  left: z.number().nonnegative(),
})
type PeerFile = z.infer<typeof peerFile>

/** A seat that this process holds until its store is closed. */
export interface Seat extends OpenedStore {
  readonly peer: PeerId
  readonly directory: string
  /** Who used it before, when that was another session. */
  readonly inherited: { readonly name: string | null; readonly at: number } | undefined
  /** Notes that its session lives, and what it is called. */
  remember(name: string | null): Promise<void>
}

/** Which seat is wanted. */
export interface SeatRequest {
  /** What makes a project this project, see `findProject`. */
  readonly project: string
  readonly session: string | undefined
}

/**
 * Takes a seat. With a session ID: that session's old seat, else the lowest free one that no other
 * session used in the last 10 minutes, else a new one; without: the lowest free. The lock of a
 * seat's store is what makes it taken: the system frees it with the process, however that ends.
 */
export async function takeSeat(home: Home, request: SeatRequest, clock: Clock): Promise<Seat> {
  const slots = join(home.directory, 'projects', hashOf(request.project), 'slots')
  await makeDirectory(slots)
  const passed = new Set<number>()
  for (const number of await preferred(slots, request)) {
    passed.add(number)
    const seat = await trySlot(home, join(slots, String(number)), { request, clock })
    if (seat) return seat
  }
  for (let number = 1; number <= seatsMax; number += 1) {
    if (passed.has(number)) continue
    const seat = await trySlot(home, join(slots, String(number)), { request, clock })
    if (seat) return seat
  }
  throw new MeshError('STORE_FAILED', `All ${seatsMax} seats of this project are taken.`, {
    hint: 'Close some sessions.',
  })
}

/** Takes the operator's seat of the device, or answers undefined while another process has it. */
export function takeOperatorSeat(home: Home, clock: Clock): Promise<Seat | undefined> {
  const request = { project: '', session: undefined }
  return trySlot(home, join(home.directory, 'operator'), { request, clock })
}

/** The seats that this very session had, newest first. */
async function preferred(slots: string, { session }: SeatRequest): Promise<number[]> {
  if (session === undefined) return []
  const numbers = (await readdir(slots)).filter((name) => /^[1-9]\d{0,5}$/.test(name)).map(Number)
  const found = await Promise.all(
    numbers.map(async (number) => ({ number, file: await readPeer(join(slots, String(number))) })),
  )
  return found
    .filter(({ file }) => file?.session === session)
    .sort((left, right) => (right.file?.left ?? 0) - (left.file?.left ?? 0))
    .map(({ number }) => number)
}

interface Asking {
  readonly request: SeatRequest
  readonly clock: Clock
}

/** Takes one seat, or answers undefined when somebody has it or may come back to it. */
async function trySlot(home: Home, directory: string, asking: Asking): Promise<Seat | undefined> {
  if (isReserved(await readPeer(directory), asking)) return undefined
  await makeDirectory(directory)
  const opened = await openIfFree(join(directory, 'db'))
  if (!opened) return undefined
  try {
    // Only now nobody else can be writing it.
    const former = await readPeer(directory)
    if (!isReserved(former, asking))
      return await occupy(home, directory, { ...asking, opened, former })
  } catch (thrown) {
    await opened.store.close()
    throw thrown
  }
  await opened.store.close()
  return undefined
}

async function openIfFree(directory: string): Promise<OpenedStore | undefined> {
  try {
    return await openLevelStore(directory)
  } catch (thrown) {
    if (thrown instanceof MeshError && thrown.code === 'STORE_LOCKED') return undefined
    throw thrown
  }
}

async function occupy(
  home: Home,
  directory: string,
  taken: Asking & { readonly opened: OpenedStore; readonly former: PeerFile | undefined },
): Promise<Seat> {
  const { clock, former, opened } = taken
  const session = taken.request.session ?? null
  const peer =
    former?.peer ??
    (await ownerOf(opened.store)) ??
    createPeerId(home.signer.device, clock.random(5))
  const isInherited = former !== undefined && former.session !== session
  let known = former?.name ?? null

  function write(name: string | null): Promise<void> {
    known = name ?? known
    const file: PeerFile = { peer, name: known, session, left: clock.now() }
    return replaceFile(join(directory, 'peer.json'), `${JSON.stringify(file)}\n`)
  }

  await opened.store.commit([putJson(ownerKey, peer)])
  await write(null)
  return {
    ...opened,
    peer,
    directory,
    inherited: isInherited ? { name: former.name, at: former.left } : undefined,
    remember: write,
  }
}

/** The peer whose mail a store holds: the seat is still its own when the file beside it is lost. */
async function ownerOf(store: Store): Promise<PeerId | undefined> {
  const stored = await store.get(ownerKey)
  return stored && entry.shape.peer.safeParse(fromJson(stored)).data
}

/** Another session used the seat a moment ago: by its session ID it will find its way back. */
function isReserved(file: PeerFile | undefined, { request, clock }: Asking): boolean {
  if (!file || request.session === undefined || file.session === null) return false
  return file.session !== request.session && Math.abs(clock.now() - file.left) < reservedMs
}

async function readPeer(directory: string): Promise<PeerFile | undefined> {
  try {
    return peerFile.safeParse(JSON.parse(await readFile(join(directory, 'peer.json'), 'utf8'))).data
  } catch {
    return undefined
  }
}

function hashOf(project: string): string {
  return toBase32(createHash('sha256').update(project).digest()).slice(0, 20)
}
