import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from './privateFiles.ts'
import type { SessionMemory } from './sessions.ts'

const sessionFile = z.object({ session: z.string().max(32), aliveMs: z.number().nonnegative() })

/** Keeps the device's last mesh session in a file that all of its nodes write, the last word winning. */
export function createLastSession(homeDirectory: string): SessionMemory {
  const path = join(homeDirectory, 'session.json')
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch(() => 'null')
      return sessionFile.safeParse(parseJson(text)).data
    },
    write: (session, aliveMs) => replaceFile(path, `${JSON.stringify({ session, aliveMs })}\n`),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
