import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import type { ClassicLevel } from 'classic-level'
import { createCommitQueue } from './commitQueue.ts'
import { MeshError } from './errors.ts'
import { missingPrefix } from './feedStore.ts'
import { createRenewal } from './renewal.ts'
import { fromJson, type Store, sortable, type Write } from './store.ts'

/** Numbers of the newest commits are kept, so that a commit missing among them is noticed. */
const marksMax = 4_096
const markPrefix = 'z/'

/** A store that is open, and what had to be done for it. */
export interface OpenedStore {
  readonly store: Store
  /** Where the damaged files are that were repaired or replaced. */
  readonly setAside?: string
}

type Database = ClassicLevel<string, Uint8Array>

/**
 * Opens a store in a directory, whose LevelDB lock makes this process its only holder; fails with
 * STORE_LOCKED when another process has it. Damaged files are set aside in
 * `<directory>.damaged-<n>`, never deleted; a copy of them is repaired or, when that does not make
 * it whole, begun anew. Fails with STORE_FAILED when the disk refuses.
 */
export async function openLevelStore(directory: string): Promise<OpenedStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(refuse)
  const asFound = await tryOpen(directory, checkWhole)
  if (asFound.kind === 'whole') return { store: createLevelStore(asFound) }
  const setAside = await moveAside(directory)
  const { ClassicLevel } = await import('classic-level')
  await cp(setAside, directory, { recursive: true }).catch(refuse)
  await ClassicLevel.repair(directory).catch(() => {})
  const repaired = await tryOpen(directory, checkThoroughly)
  if (repaired.kind === 'whole') return { store: createLevelStore(repaired), setAside }
  await rm(directory, { recursive: true, force: true }).catch(refuse)
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(refuse)
  const anew = await tryOpen(directory, checkWhole)
  if (anew.kind === 'whole') return { store: createLevelStore(anew), setAside }
  throw failure(anew.cause)
}

type Attempt =
  | { readonly kind: 'whole'; readonly database: Database; readonly next: number }
  | { readonly kind: 'damaged'; readonly cause: unknown }

async function tryOpen(
  directory: string,
  check: (database: Database) => Promise<number>,
): Promise<Attempt> {
  const { ClassicLevel } = await import('classic-level')
  // Where the file is missing that names tables and logs, LevelDB would begin anew and delete them.
  const createIfMissing = !(await hasContent(directory))
  const options = { valueEncoding: 'view', createIfMissing } as const
  const database: Database = new ClassicLevel(directory, options)
  try {
    await database.open()
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.cause : undefined
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      throw new MeshError('STORE_LOCKED', 'Another process holds that store.', { cause })
    }
    if (isOfTheDisk(cause)) throw failure(cause)
    return { kind: 'damaged', cause }
  }
  try {
    return { kind: 'whole', database, next: await check(database) }
  } catch (cause) {
    await database.close()
    return { kind: 'damaged', cause }
  }
}

/**
 * Throws when something is missing, else answers the number of the next commit. LevelDB opens a damaged log without a word and drops part of it. Every commit carries the next
 * number; a number that is missing between others proves that a commit is gone.
 */
async function checkWhole(database: Database): Promise<number> {
  const marks = await database.keys({ gte: markPrefix, lt: `${markPrefix}~` }).all()
  const numbers = marks.map((key) => Number.parseInt(key.slice(markPrefix.length), 36))
  for (const [index, number] of numbers.entries()) {
    if (number !== (numbers[0] ?? 0) + index) throw new Error(`commit ${number - 1} is gone`)
  }
  return (numbers.at(-1) ?? 0) + 1
}

/** The same after a repair, which may have dropped whole tables: every feed holds all of its entries. */
async function checkThoroughly(database: Database): Promise<number> {
  for await (const [key, value] of database.iterator({ gte: 'fh/', lt: 'fh/~' })) {
    const head = Number(fromJson(value))
    const prefix = `f/${key.slice(3)}/`
    const entries = await database.keys({ gte: prefix, lt: `${prefix}~` }).all()
    const missing = await database.get(missingPrefix + key.slice(3))
    if (entries.length + (missing ? Number(fromJson(missing)) : 0) !== head)
      throw new Error(`of ${head} entries ${entries.length} are left`)
  }
  return checkWhole(database)
}

/** Makes the store over an open database. */
function createLevelStore(opened: Extract<Attempt, { kind: 'whole' }>): Store {
  const { database } = opened
  const renewal = createRenewal(database)
  let { next } = opened

  async function write(writes: readonly Write[], durable: boolean): Promise<void> {
    const mark = { type: 'put', key: markPrefix + sortable(next), value: new Uint8Array() } as const
    const oldest = { type: 'del', key: markPrefix + sortable(next - marksMax) } as const
    const changes = writes.map((change) =>
      change.kind === 'put'
        ? ({ type: 'put', key: change.key, value: change.value } as const)
        : ({ type: 'del', key: change.key } as const),
    )
    await renewal.renewIfBroken().catch(refuse)
    // LevelDB applies all of a batch or nothing.
    const work = database.batch([...changes, mark, oldest], { sync: durable })
    await renewal.watch(work).catch(refuse)
    next += 1
  }

  const queue = createCommitQueue(write)
  let closing: Promise<void> | undefined

  return {
    get: (key) => database.get(key).catch(refuse),
    async range({ from, to, reverse = false, limit = -1 }) {
      // A closed database throws before there is anything to wait for.
      if (database.status !== 'open') throw closed()
      return database.iterator({ gte: from, lt: to, reverse, limit }).all().catch(refuse)
    },
    commit: queue.commit,
    close() {
      closing ??= queue.close().then(() => database.close())
      return closing
    },
  }
}

/** Whether there are tables or logs. */
async function hasContent(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(refuse)
  return names.some((name) => /^\d+\.(ldb|sst|log)$/.test(name))
}

async function moveAside(directory: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const target = `${directory}.damaged-${number}`
    if (await stat(target).catch(() => undefined)) continue
    await rename(directory, target).catch(refuse)
    await mkdir(directory, { mode: 0o700 }).catch(refuse)
    return target
  }
}

/** Passes a failure of the disk on as a refusal. */
function refuse(cause: unknown): never {
  throw failure(cause)
}

function failure(cause: unknown): MeshError {
  const code = codeOf(cause)
  if (code === 'LEVEL_DATABASE_NOT_OPEN') return closed(cause)
  const isFull = code === 'ENOSPC' || /no space/i.test(cause instanceof Error ? cause.message : '')
  return new MeshError('STORE_FAILED', isFull ? 'The disk is full.' : 'The disk refused.', {
    hint: isFull ? 'Free some space and try again; nothing was kept.' : 'Run `mesh doctor`.',
    cause,
  })
}

/** Whether the system refused, so that the files themselves may be as good as ever. */
function isOfTheDisk(cause: unknown): boolean {
  const text = cause instanceof Error ? cause.message : ''
  return /no space|quota|permission denied|too many open files|read-only file system/i.test(text)
}

function closed(cause?: unknown): MeshError {
  return new MeshError('STORE_CLOSED', 'The store of this session is closed.', {
    hint: 'The session is leaving; start it again.',
    cause,
  })
}

function codeOf(thrown: unknown): string | undefined {
  const isCoded = typeof thrown === 'object' && thrown !== null && 'code' in thrown
  return isCoded && typeof thrown.code === 'string' ? thrown.code : undefined
}
