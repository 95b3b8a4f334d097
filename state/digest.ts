import { decisionsOf } from './decisions.ts'
import type { Desk } from './desk.ts'
import { duration } from './durations.ts'
import { pendingFor } from './pending.ts'
import { quote } from './quoting.ts'

/** Longest digest, in characters: about 600 tokens. */
export const digestMax = 2_400
/** Things of one kind that are named, and characters of each. */
const namedMax = 3
const textMax = 80

/** What the records do not say. */
export interface DigestFacts {
  /** When this peer was last here, or came, in milliseconds since 1970. */
  readonly sinceMs: number
  /** It was away, and comes back. */
  readonly isBack: boolean
  readonly unread: number
  /** Names of those who wrote what is unread. */
  readonly senders: readonly string[]
}

/**
 * What a peer should know that comes back: what is unread, its tasks, what was decided without it,
 * and what waits for it. Undefined when there is nothing. The words of others are quoted, no more:
 * neutralise it where it is shown.
 */
export function digestFor(desk: Desk, facts: DigestFacts): string | undefined {
  const lines = [...unreadLine(facts), ...linesOf(desk, facts.sinceMs)]
  if (lines.length === 0) return undefined
  const time = duration(desk.now() - facts.sinceMs)
  const head = facts.isBack ? `You were last here ${time} ago. Now:` : `Now, and new in ${time}:`
  const text = [head, ...lines.map((line) => `- ${line}`)]
  return text.join('\n').slice(0, digestMax).toWellFormed()
}

function linesOf(desk: Desk, sinceMs: number): readonly string[] {
  const { approvals, verifications, proposals, tasks } = pendingFor(desk)
  const decisions = decisionsOf(desk)
  const conflicts = decisions.filter(({ conflict }) => conflict !== undefined)
  const news = decisions.filter(
    ({ conflict, by, at }) => !conflict && by !== desk.peer && Date.parse(at) >= sinceMs,
  )
  const named = (text: string) => quote(text, textMax)
  return [
    ...line('Approvals asked of you (respond_approval)', {
      items: approvals,
      describe: ({ id, action }) => `${named(action)} ${id}`,
    }),
    ...line('Verifications asked of you (respond_verification)', {
      items: verifications,
      describe: ({ id, claim }) => `${named(claim)} ${id}`,
    }),
    ...line('Votes that you have (vote_proposal)', {
      items: proposals,
      describe: ({ id, title }) => `${named(title)} ${id}`,
    }),
    ...line('Your tasks (list_tasks)', {
      items: tasks,
      describe: ({ title, status }) => `${named(title)} ${status}`,
    }),
    ...line('Decisions in conflict (settle with post_decision)', {
      items: conflicts,
      describe: ({ key }) => named(key),
    }),
    ...line('New decisions (query_decisions)', {
      items: news,
      describe: ({ key, value, by }) => `${named(key)}: ${named(value)} by ${desk.nameOf(by)}`,
    }),
  ]
}

function line<Item>(
  what: string,
  list: { readonly items: readonly Item[]; readonly describe: (item: Item) => string },
): readonly string[] {
  const { items, describe } = list
  if (items.length === 0) return []
  const rest = items.length - namedMax
  const more = rest > 0 ? [`and ${rest} more`] : []
  return [`${what}: ${[...items.slice(0, namedMax).map(describe), ...more].join('; ')}.`]
}

function unreadLine({ unread, senders }: DigestFacts): readonly string[] {
  if (unread === 0) return []
  const names = [...new Set(senders)]
  const rest = names.length - namedMax
  const more = rest > 0 ? [`${rest} others`] : []
  const from = [...names.slice(0, namedMax), ...more].join(', ')
  return [`${unread} unread (check_messages)${from === '' ? '' : `: from ${from}`}.`]
}
