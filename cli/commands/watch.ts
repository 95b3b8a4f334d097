import { every, pause, systemClock } from '../../mesh/clock.ts'
import { type EventAnswer, eventAnswer, readAnswer, statusAnswer } from '../answers.ts'
import type { Command, Given, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { createMerge } from '../merge.ts'
import { findNodes, isOperator, knockAt, liveEntries, type Nodes } from '../nodes.ts'
import { type Print, plain } from '../print.ts'
import { count, timeOfDay } from '../quantities.ts'
import { displayWidth, fill, wrap } from '../width.ts'

/** How often is looked for nodes that started. */
const lookMs = 500
/** Lines that one message may take on a terminal. */
const linesMax = 6
/** Columns for who speaks to whom. */
const whoColumns = 24

/** Follows what all nodes of this device tell, until interrupted. */
export const watch: Command = async (given, around) => {
  const { environment, print, signal } = around
  const nodes = await findNodes(environment)
  const watching = createWatching(nodes, given, around)
  await watching.look()
  if (!given.json) {
    const text = `Watching ${count(watching.count(), 'session')}. Press Ctrl-C to end.`
    print.complain(print.errorStyle.dim(text))
  }
  const stopLooking = every(systemClock, lookMs, () => void watching.look())
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  stopLooking()
  return exits.interrupted
}

type Entry = Nodes['entries'][number]

interface Watching {
  /** Begins to listen to nodes that are new. Resolves when all of them have been asked; never rejects. */
  look(): Promise<void>
  /** Sessions that are listened to. */
  count(): number
}

function createWatching({ home }: Nodes, given: Given, around: Surroundings): Watching {
  const { print, signal } = around
  const merge = createMerge()
  const names = new Map<string, string>()
  const watched = new Map<string, Entry>()
  const tell = given.json ? (_: EventAnswer, whole: unknown) => print.json(whole) : createTeller()

  function createTeller() {
    const isShown = createTaste(given.flags.has('all'))
    return (event: EventAnswer) => {
      if (isShown(event)) show(print, event, names)
    }
  }

  function heard(node: string, whole: unknown): void {
    const event = eventAnswer.safeParse(whole).data
    if (!event) return
    // A node that has just met a peer knows its ID before its name.
    if (event.peer.name !== event.peer.id) names.set(event.peer.id, event.peer.name)
    if (merge.isNews(node, event)) tell(event, whole)
  }

  function ended(entry: Entry): void {
    const { node } = entry
    watched.delete(node)
    const peer = merge.end(node)
    // The operator's seat is never empty for long: nobody left.
    if (peer === undefined || signal.aborted || isOperator(entry)) return
    const at = new Date(systemClock.now()).toISOString()
    const left = {
      at,
      kind: 'left' as const,
      peer: { id: peer, name: names.get(peer) ?? peer },
      text: 'is no longer linked',
    }
    tell(left, left)
  }

  async function listen(entry: Entry): Promise<void> {
    const { node } = entry
    watched.set(node, entry)
    try {
      const { door } = await knockAt(home, entry, signal)
      const waiting: unknown[] = []
      let isReady = false
      door.onEvent((event) => (isReady ? heard(node, event) : void waiting.push(event)))
      await door.request('watch', {})
      const { self, peers, links } = readAnswer(statusAnswer, await door.request('status', {}))
      for (const { id, name } of [self, ...peers]) names.set(id, name)
      merge.begin(
        node,
        self.id,
        links.map(({ peer }) => peer),
      )
      isReady = true
      for (const event of waiting) heard(node, event)
      void door.closed.then(() => ended(entry))
    } catch {
      // It may just be starting or leaving: it is asked again when it is still there.
      await pause(systemClock, lookMs, signal)
      watched.delete(node)
    }
  }

  return {
    count: () => [...watched.values()].filter((entry) => !isOperator(entry)).length,
    async look() {
      const entries = await liveEntries(home.runDirectory)
      await Promise.all(entries.filter(({ node }) => !watched.has(node)).map(listen))
    },
  }
}

/**
 * Knows what a person wants to see. Who comes and says goodbye tells that itself; of a link only
 * those are told who vanished without a word, and that they are back.
 */
function createTaste(all: boolean): (event: EventAnswer) => boolean {
  const saidGoodbye = new Set<string>()
  const vanished = new Set<string>()
  return ({ kind, peer, text }) => {
    if (all) return true
    if (kind === 'activity' && text === 'left') saidGoodbye.add(peer.id)
    if (kind === 'joined') return vanished.delete(peer.id)
    if (kind !== 'left') return kind !== 'state'
    if (saidGoodbye.delete(peer.id)) return false
    vanished.add(peer.id)
    return true
  }
}

function show(print: Print, event: EventAnswer, names: ReadonlyMap<string, string>): void {
  const { bold, dim, cyan } = print.style
  const nameOf = (id: string) => plain(names.get(id) ?? id)
  const from = nameOf(event.peer.id)
  const to = event.message?.to.map(nameOf).join(', ') ?? ''
  const who = to === '' ? from : `${from} → ${to}`
  const time = timeOfDay(event.at)
  const margin = time.length + 2 + Math.max(whoColumns, displayWidth(who)) + 2
  const isMessage = event.kind === 'message'
  const paint = isMessage ? (text: string) => text : dim
  const painted = isMessage ? cyan(from) + who.slice(from.length) : bold(from)
  const lines = cut(wrap(plain(event.text), Math.max(20, print.columns - margin)))
  const blanks = fill(who, whoColumns).slice(who.length)
  for (const [index, line] of lines.entries()) {
    const before = index === 0 ? `${dim(time)}  ${painted}${blanks}  ` : ' '.repeat(margin)
    print.line(before + paint(line))
  }
}

function cut(lines: string[]): string[] {
  return lines.length <= linesMax ? lines : [...lines.slice(0, linesMax - 1), '…']
}
