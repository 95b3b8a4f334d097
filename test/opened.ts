import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type SessionOptions, startSession, type TestSession } from './sessions.ts'

/** A state directory of its own, gone after the test. */
export function createHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'mesh-home-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  return home
}

/** A session that ends when the test does. */
export async function openSession(options: SessionOptions): Promise<TestSession> {
  const session = await startSession(options)
  onTestFinished(() => session.close())
  return session
}
