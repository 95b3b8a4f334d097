import { systemClock } from '../../mesh/clock.ts'
import { duration } from '../../state/durations.ts'
import { MeshError } from '../../state/errors.ts'
import { act } from '../actor.ts'
import { type DecisionAnswer, decisionAnswer, decisionsAnswer, readAnswer } from '../answers.ts'
import { namesFrom } from '../cards.ts'
import type { Command, Given, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { type Print, plain } from '../print.ts'
import { count } from '../quantities.ts'
import { printTable } from '../table.ts'
import { wrap } from '../width.ts'

/** Names by peer ID. */
type Names = ReadonlyMap<string, string>

/** Lists decisions, shows one, or changes one. */
export const decisions: Command = async (given, around) => {
  const [action, key] = given.words
  if (action === 'post' && key !== undefined) return post(given, around)
  if (action === 'revoke' && key !== undefined) return revoke(given, around)
  if (action === 'post' || action === 'revoke') throw misused(`${action} needs a <key>.`)
  if (key !== undefined) {
    throw misused(`${JSON.stringify(action)} is no action: use post or revoke.`)
  }
  const query = {
    ...(action === undefined ? {} : { key: action }),
    ...valuesOf(given, ['category', 'group']),
    ...(given.flags.has('all') ? { include_revoked: true } : {}),
  }
  return act(around, async (actor) => {
    const answer = await actor.door.request('decisions', query)
    const found = readAnswer(decisionsAnswer, answer).decisions
    if (given.json) around.print.json(answer)
    else if (action === undefined) list(found, await namesFrom(actor), around)
    else showEach(found, await namesFrom(actor), around)
    return action !== undefined && found.length === 0 ? exits.failed : exits.ok
  })
}

async function post(given: Given, around: Surroundings): Promise<number> {
  const [, key, value] = given.words
  if (value === undefined) throw misused('post needs a <value> after the key.')
  if (!given.values.has('rationale')) throw misused('post needs --rationale: why is it so?')
  const input = { key, value, ...valuesOf(given, ['rationale', 'category', 'group']) }
  return act(around, async (actor) => {
    const answer = await actor.door.request('postDecision', input)
    const { decision } = readAnswer(decisionAnswer, answer)
    if (given.json) around.print.json(answer)
    else if (decision.conflict) showEach([decision], await namesFrom(actor), around)
    else around.print.line(done(around.print, `Decided ${plain(decision.key)}.`))
    return exits.ok
  })
}

async function revoke(given: Given, around: Surroundings): Promise<number> {
  const [, key, extra] = given.words
  if (extra !== undefined) throw misused(`${JSON.stringify(extra)} is one word too many.`)
  const input = { key, ...valuesOf(given, ['reason', 'group']) }
  return act(around, async ({ door }) => {
    const answer = await door.request('revokeDecision', input)
    const { decision } = readAnswer(decisionAnswer, answer)
    const said =
      decision.status === 'revoked'
        ? `Revoked ${plain(decision.key)}.`
        : `Took your value of ${plain(decision.key)} back; ${plain(decision.value)} holds.`
    if (given.json) around.print.json(answer)
    else around.print.line(done(around.print, said))
    return exits.ok
  })
}

function list(
  found: readonly DecisionAnswer[],
  names: Names,
  { print }: Pick<Surroundings, 'print'>,
): void {
  const { bold, dim, yellow } = print.style
  const nowMs = systemClock.now()
  if (found.length === 0) return print.line('Nothing is decided.')
  printTable(print, [
    { title: 'key', cells: found.map(({ key }) => key), paint: bold, flexible: true },
    {
      title: 'value',
      cells: found.map((each) => standOf(each)),
      flexible: true,
      paint: (text, row) => {
        if (found[row]?.conflict) return yellow(text)
        return found[row]?.status === 'revoked' ? dim(text) : text
      },
    },
    { title: 'category', cells: found.map(({ category }) => category), flexible: true },
    { title: 'by', cells: found.map(({ by }) => names.get(by) ?? by), flexible: true },
    {
      title: 'age',
      cells: found.map(({ at }) => duration(nowMs - Date.parse(at))),
      paint: dim,
    },
  ])
  print.line()
  const disputed = found.filter(({ conflict }) => conflict !== undefined).length
  const more = disputed > 0 ? yellow(`, ${count(disputed, 'conflict')}`) : ''
  print.line(dim(`  ${count(found.length, 'decision')}`) + more + dim('.'))
}

function standOf({ value, status, conflict }: DecisionAnswer): string {
  if (conflict) return `CONFLICT: ${conflict.map((each) => each.value).join(' | ')}`
  return status === 'revoked' ? `revoked: ${value}` : value
}

function showEach(
  found: readonly DecisionAnswer[],
  names: Names,
  { print }: Pick<Surroundings, 'print'>,
): void {
  if (found.length === 0) return print.line('Nobody has decided that.')
  const { bold, dim, yellow } = print.style
  const nameOf = (peer: string) => plain(names.get(peer) ?? peer)
  for (const [index, decision] of found.entries()) {
    if (index > 0) print.line()
    const { key, category, status, conflict, history = [] } = decision
    const state = conflict ? yellow(' CONFLICT') : status === 'revoked' ? dim(' revoked') : ''
    print.line(`${bold(plain(key))} ${dim(`[${plain(category)}]`)}${state}`)
    for (const { value, rationale, by, at } of conflict ?? [decision]) {
      printText(print, value)
      printText(print, `because ${rationale}`)
      print.line(dim(`  ${nameOf(by)}, ${at}`))
    }
    if (history.length < 2) continue
    print.line(dim('  History:'))
    for (const step of history) {
      const what = step.status === 'posted' ? plain(step.value ?? '') : 'revoked'
      const reason = step.reason === undefined ? '' : `: ${plain(step.reason)}`
      printText(print, `${step.at}  ${nameOf(step.by)}: ${what}${reason}`)
    }
  }
}

function printText(print: Print, text: string): void {
  const width = Math.max(20, print.columns - 2)
  for (const line of text.split(/\r\n?|\n/)) {
    for (const part of wrap(plain(line), width)) print.line(`  ${part}`)
  }
}

function done(print: Print, text: string): string {
  return `${print.style.green('✓')} ${text}`
}

function valuesOf({ values }: Given, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values.get(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function misused(message: string): MeshError {
  return new MeshError('BAD_INPUT', message, { hint: 'Run `mesh help decisions`.' })
}
