import { fileURLToPath } from 'node:url'
import type { Server } from '@modelcontextprotocol/sdk/server/index.js'

/** A client that does not answer within this time keeps us no longer. */
const answerMs = 1_000

/** The first directory that the client names as its root; undefined when it names none. */
export async function firstRoot(server: Server): Promise<string | undefined> {
  if (!server.getClientCapabilities()?.roots) return undefined
  const answer = await server.listRoots(undefined, { timeout: answerMs }).catch(() => undefined)
  const uri = answer?.roots.find((root) => root.uri.startsWith('file://'))?.uri
  try {
    return uri === undefined ? undefined : fileURLToPath(uri)
  } catch {
    return undefined
  }
}
