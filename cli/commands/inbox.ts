import { systemClock } from '../../mesh/clock.ts'
import { unreadMax } from '../../state/messages.ts'
import { act } from '../actor.ts'
import { type InboxAnswer, inboxAnswer, readAnswer } from '../answers.ts'
import { namesFrom, namesIn, printCards } from '../cards.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { actOrRead } from '../offline.ts'
import { plain } from '../print.ts'

/** Messages shown when nobody says how many. */
const usual = 20

/** Shows what is unread, and marks it as read unless that is to be kept. */
export const inbox: Command = async (given, around) => {
  const limit = Number(given.values.get('limit') ?? usual)
  const { print, signal } = around
  const isKept = given.flags.has('keep')

  async function readOnline(): Promise<number> {
    return act(around, async (actor) => {
      const answer = await actor.door.request('inbox', { limit, seen: false })
      const found = readAnswer(inboxAnswer, answer)
      if (given.json) print.json(found)
      else show(found, await namesFrom(actor), around)
      // Only what has left this process has been shown.
      await print.flush()
      const message_ids = found.messages.map(({ id }) => id)
      const isRead = !isKept && !signal.aborted && message_ids.length > 0
      if (isRead) await actor.door.request('markSeen', { message_ids })
      return exits.ok
    })
  }

  if (!isKept) return readOnline()
  return actOrRead(around, readOnline, async (archive) => {
    const waiting = await archive.inbox(unreadMax)
    const messages = waiting.slice(0, limit)
    const found = readAnswer(inboxAnswer, { messages, unread: waiting.length - messages.length })
    if (given.json) print.json(found)
    else show(found, namesIn(archive, found.messages), around)
    return exits.ok
  })
}

function show(
  { messages, unread }: InboxAnswer,
  names: ReadonlyMap<string, string>,
  { print }: Surroundings,
): void {
  const { dim } = print.style
  if (messages.length === 0) return print.line('No unread messages.')
  printCards(print, messages, { names, nowMs: systemClock.now() })
  print.line()
  if (unread > 0) print.line(dim(`  ${unread} more wait: mesh inbox`))
  const last = messages.findLast(({ kind }) => kind !== 'notice')
  if (!last) return
  const { from, id } = last
  print.line(dim(`  Answer: mesh send ${plain(from.name)} --reply-to ${plain(id)} <message>`))
}
