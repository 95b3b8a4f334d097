import { z } from 'zod'
import { isUuid } from './ids.ts'
import type { Rec } from './records.ts'

/** What a peer writes under `session/<session>/<peer>`. */
const sessionRecord = z.object({
  /** The session that this one turned out to be, or null while it stands for itself. */
  alias: z.string().max(32).nullable(),
})

/** Where a peer speaks about a session. */
export function sessionKey(session: string, peer: string): string {
  return `session/${session}/${peer}`
}

/** The session that a session is known as: the lowest ID that its aliases lead to. */
export function currentSession(session: string, list: (prefix: string) => readonly Rec[]): string {
  const reached = new Set([session])
  // A set goes on to what is added to it meanwhile.
  for (const current of reached) {
    for (const { value } of list(`session/${current}/`)) {
      const parsed = sessionRecord.safeParse(value)
      const alias = parsed.success ? parsed.data.alias : null
      if (alias !== null && isUuid(alias) && alias < current) reached.add(alias)
    }
  }
  return [...reached].sort()[0] ?? session
}
