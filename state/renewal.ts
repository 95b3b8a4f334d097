import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClassicLevel } from 'classic-level'

/** Room that a new log and table take beside what the old log holds. */
const spareBytes = 65_536

/**
 * Mends a database whose last write failed. A failed write leaves a torn record in LevelDB's log;
 * whatever is written behind it reads well until the next start and is then dropped without a
 * word (measured on a full disk). So nothing is written into that log again.
 */
export interface Renewal {
  /** Notes how a write ended, and passes that on. */
  watch(write: Promise<void>): Promise<void>
  /** Begins a new log when the last write failed. Rejects while the disk has no room for that. */
  renewIfBroken(): Promise<void>
}

/** Makes the renewal of one open database. */
export function createRenewal(database: ClassicLevel<string, Uint8Array>): Renewal {
  let isBroken = false

  return {
    async watch(write) {
      isBroken = true
      await write
      isBroken = false
    },
    async renewIfBroken() {
      if (!isBroken) return
      if (database.status !== 'open') return database.open()
      await checkRoom(database.location)
      if (await beginsNewLog()) return
      // LevelDB itself has given up on writing: only opening it anew brings that back.
      await database.close()
      await database.open()
    },
  }

  /** Compacting nothing still moves what is in memory to a table and begins a new log. */
  async function beginsNewLog(): Promise<boolean> {
    await database.compactRange(' ', ' ')
    return database.del(' ').then(
      () => true,
      () => false,
    )
  }
}

async function checkRoom(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const logs = (await readdir(directory)).filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(
    logs.map(async (name) => (await stat(join(directory, name))).size),
  )
  const needed = sizes.reduce((sum, size) => sum + size, spareBytes)
  if (bavail * bsize >= needed) return
  throw Object.assign(new Error('no space to begin a new log'), { code: 'ENOSPC' })
}
