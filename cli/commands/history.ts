import { systemClock } from '../../mesh/clock.ts'
import { MeshError } from '../../state/errors.ts'
import { type Actor, act } from '../actor.ts'
import {
  type HistoryAnswer,
  historyAnswer,
  type MessageAnswer,
  readAnswer,
  receiptsAnswer,
} from '../answers.ts'
import { namesFrom, namesIn, printCards, printContext } from '../cards.ts'
import type { Command, Given, Surroundings } from '../command.ts'
import type { ReceiptAnswer } from '../delivery.ts'
import { exits } from '../exits.ts'
import { actOrRead } from '../offline.ts'
import { plain } from '../print.ts'

/** Lines that one message may take on a terminal when several are shown. */
const linesMax = 12

/** Shows what was said before. */
export const history: Command = async (given, around) => {
  const query = queryOf(given)
  const { print } = around

  async function lookOnline(): Promise<number> {
    return act(around, async (actor) => {
      const found = readAnswer(historyAnswer, await actor.door.request('history', query))
      if (given.json) print.json(found)
      else show(found, await aboutOf(found, actor, given), { given, around })
      return exits.ok
    })
  }

  return actOrRead(around, lookOnline, async (archive) => {
    const found = readAnswer(historyAnswer, await archive.history(query))
    if (given.json) print.json(found)
    else {
      const names = namesIn(archive, found.messages)
      show(found, { names, receipts: [] }, { given, around })
    }
    return exits.ok
  })
}

function queryOf({ words, values }: Given) {
  const [peer] = words
  const [query, limit, before, message_id] = ['query', 'limit', 'before', 'id'].map((name) =>
    values.get(name),
  )
  const page = {
    ...(peer === undefined ? {} : { peer }),
    ...(query === undefined ? {} : { query }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(before === undefined ? {} : { before }),
  }
  if (message_id === undefined) return page
  if (Object.keys(page).length === 0) return { message_id }
  throw new MeshError('BAD_INPUT', '--id shows one message, whatever else is asked.', {
    hint: 'Leave the rest away, or leave --id away.',
  })
}

/** What is known beside the messages themselves. */
interface About {
  readonly names: ReadonlyMap<string, string>
  readonly receipts: readonly ReceiptAnswer[]
}

async function aboutOf(found: HistoryAnswer, actor: Actor, { values }: Given): Promise<About> {
  const names = await namesFrom(actor)
  const [only] = found.messages
  const isOwn = values.has('id') && only?.from.id === actor.door.peer
  if (!isOwn) return { names, receipts: [] }
  const answer = await actor.door.request('receipts', { message_id: only.id })
  return { names, receipts: readAnswer(receiptsAnswer, answer).messages }
}

function show(
  { messages, next }: HistoryAnswer,
  { names, receipts }: About,
  { given, around }: { readonly given: Given; readonly around: Surroundings },
): void {
  const { print, environment } = around
  const { dim } = print.style
  const [only] = messages
  if (!only) return print.line('Nothing found.')
  const isWhole = given.values.has('id')
  const nowMs = systemClock.now()
  printCards(print, messages, { names, nowMs, ...(isWhole ? {} : { linesMax }) })
  if (isWhole) printContext(print, only, environment)
  for (const { to, state } of receipts) print.line(dim(`  ${plain(to.name)}: ${state}`))
  if (next !== undefined) print.line(`\n${dim(`  Older: ${typedFor(given, next)}`)}`)
}

/** The command that shows the page before. */
function typedFor({ words, values }: Given, next: MessageAnswer['id']): string {
  const options = ['query', 'limit'].flatMap((name) => {
    const value = values.get(name)
    return value === undefined ? [] : [`--${name} ${/^\w+$/.test(value) ? value : `'${value}'`}`]
  })
  return plain(['mesh history', ...words, ...options, `--before ${next}`].join(' '))
}
