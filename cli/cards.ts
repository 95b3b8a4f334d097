import type { Archive } from '../mesh/archive.ts'
import type { Environment } from '../mesh/environment.ts'
import type { Actor } from './actor.ts'
import { type MessageAnswer, peersAnswer, readAnswer } from './answers.ts'
import { type Print, plain } from './print.ts'
import { shortPath, timeOfDay } from './quantities.ts'
import { displayWidth, wrap } from './width.ts'

const margin = '  '
/** Recipients that are named. */
const namedMax = 3
/** Narrowest text that can be read. */
const columnsMin = 20

/** What printing messages needs to know. */
export interface CardFacts {
  /** Names by peer ID. */
  readonly names: ReadonlyMap<string, string>
  readonly nowMs: number
  /** Lines of one message on a terminal; a longer one is cut. Absent: all. */
  readonly linesMax?: number
}

/** Everybody's name, as the actor's node knows it. */
export async function namesFrom({ door, nodes }: Actor): Promise<Map<string, string>> {
  const { self, peers } = readAnswer(peersAnswer, await door.request('peers', { offline: true }))
  return new Map([
    ...nodes.operators.map(({ peer }) => [peer, 'operator'] as const),
    ...[self, ...peers].map(({ id, name }) => [id, name] as const),
  ])
}

/** The names of everybody in some messages, as the archive knows them. */
export function namesIn(
  archive: Pick<Archive, 'nameOf'>,
  messages: readonly MessageAnswer[],
): Map<string, string> {
  const peers = messages.flatMap(({ from, to }) => [from.id, ...to])
  return new Map(peers.map((peer) => [peer, archive.nameOf(peer)]))
}

/** Prints messages, the given order kept, each with who says it, when, its state, ID and text. */
export function printCards(
  print: Print,
  messages: readonly MessageAnswer[],
  facts: CardFacts,
): void {
  const names = new Map(facts.names)
  for (const { from } of messages) if (from.name !== from.id) names.set(from.id, from.name)
  for (const [index, message] of messages.entries()) {
    if (index > 0) print.line()
    printCard(print, message, { ...facts, names })
  }
}

function printCard(print: Print, message: MessageAnswer, facts: CardFacts): void {
  const { cyan, dim } = print.style
  const from = plain(message.from.name)
  const to = recipients(message, facts.names)
  const who = to === '' ? from : `${from} → ${to}`
  const when = moment(message.sent_at, facts.nowMs)
  // With the ID of a notice nobody can do anything.
  const id = message.kind === 'notice' ? [] : [message.id]
  const said = [when, ...(message.state ? [message.state] : []), ...id].map(plain).join('  ')
  const isOneLine = displayWidth(who) + margin.length + displayWidth(said) <= print.columns
  const [first = '', ...rest] = wrap(who, print.columns)
  print.line(cyan(first) + (isOneLine ? margin + dim(said) : ''))
  for (const line of rest) print.line(cyan(line))
  const asides = [...(isOneLine ? [] : [said]), remarksOn(message).join(', ')]
  for (const aside of asides.filter((text) => text !== '')) {
    for (const line of wrapped(aside, print.columns)) print.line(margin + dim(line))
  }
  for (const line of linesOf(message, print.columns, facts.linesMax)) {
    print.line((margin + line).trimEnd())
  }
}

/** Prints where a message was written. */
export function printContext(
  print: Print,
  { context }: MessageAnswer,
  environment: Pick<Environment, 'homeDirectory'>,
): void {
  if (!context) return
  const { cwd, branch, summary, files } = context
  const facts = [
    ...(cwd === '' ? [] : [`written in ${shortPath(cwd, environment.homeDirectory)}`]),
    ...(branch === null ? [] : [`on branch ${branch}`]),
    ...(summary === '' ? [] : [`working on: ${summary}`]),
    ...(files.length > 0 ? [`recent files: ${files.join(', ')}`] : []),
  ]
  if (facts.length === 0) return
  print.line()
  for (const line of wrapped(plain(facts.join('; ')), print.columns)) {
    print.line(margin + print.style.dim(line))
  }
}

function recipients({ kind, to }: MessageAnswer, names: CardFacts['names']): string {
  if (kind === 'notice') return ''
  const named = to.slice(0, namedMax).map((id) => plain(names.get(id) ?? id))
  const more = to.length - named.length
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function remarksOn({ reply_to, trust, repeat }: MessageAnswer): string[] {
  return [
    ...(reply_to === undefined ? [] : [`in reply to ${plain(reply_to)}`]),
    ...(trust === 'mesh_device' ? ['from another machine'] : []),
    ...(repeat ? ['shown before'] : []),
  ]
}

function linesOf({ body, id }: MessageAnswer, columns: number, most = Infinity): string[] {
  const lines = body
    .split(/\r\n?|\n/)
    .flatMap((line) => wrapped(plain(line.replaceAll('\t', margin)), columns))
  // What is piped is read by a program, which wants all of it.
  if (lines.length <= most || !Number.isFinite(columns)) return lines
  const rest = wrapped(`… mesh history --id ${plain(id)}`, columns)
  return [...lines.slice(0, most - 1), ...rest]
}

/** Blanks at the beginning of a line stay as long as the line fits. */
function wrapped(line: string, columns: number): string[] {
  const width = Math.max(columnsMin, columns - margin.length)
  return displayWidth(line) <= width ? [line] : wrap(line, width)
}

/** The time of day, and the day unless it is today, in the zone of this machine. */
function moment(iso: string, nowMs: number): string {
  const dayOf = (at: Date) =>
    [at.getFullYear(), at.getMonth() + 1, at.getDate()]
      .map((part) => String(part).padStart(2, '0'))
      .join('-')
  const day = dayOf(new Date(iso))
  const time = timeOfDay(iso)
  return day === dayOf(new Date(nowMs)) ? time : `${day} ${time}`
}
