import type { Door } from '../../mesh/door.ts'
import { MeshError } from '../../state/errors.ts'
import { shortIds } from '../../state/shortIds.ts'
import { act } from '../actor.ts'
import { readAnswer, type TaskAnswer, taskAnswer, tasksAnswer } from '../answers.ts'
import { namesFrom } from '../cards.ts'
import type { Command, Given } from '../command.ts'
import { exits } from '../exits.ts'
import { type Print, plain } from '../print.ts'
import { printTable } from '../table.ts'

/** Lists the tasks of a group, creates one, and does what can be done with one. */
export const tasks: Command = async (given, around) => {
  const asked = askedWith(given)
  return act(around, async (actor) => {
    const answer = await actor.door.request(...asked)
    if (given.json) around.print.json(answer)
    else {
      const facts = { names: await namesFrom(actor), own: actor.door.peer, print: around.print }
      if (asked[0] === 'tasks') showTasks(readAnswer(tasksAnswer, answer).tasks, facts)
      else tellTask(readAnswer(taskAnswer, answer).task, facts)
    }
    return exits.ok
  })
}

/** The options that belong to each action, under the names of the tool's arguments. */
const optionsByAction: ReadonlyMap<string | undefined, Readonly<Record<string, string>>> = new Map([
  [undefined, { status: 'status' }],
  ['create', { description: 'description', assignee: 'assignee', priority: 'priority', after: '' }],
  ['claim', { assignee: 'assignee' }],
  ['release', {}],
  ['complete', { result: 'result' }],
])

/** What is asked of a node. Fails with BAD_INPUT, naming what is not understood. */
export function askedWith(given: Given): Parameters<Door['request']> {
  const [action, what] = given.words
  const options = optionsByAction.get(action)
  if (!options) {
    const quoted = JSON.stringify(action?.slice(0, 64))
    throw misused(`${quoted} is no action: use create, claim, release or complete.`)
  }
  const shared = valuesOf(given, { ...options, group: 'group' })
  const after = given.values.get('after')?.split(',')
  if (action === undefined) return ['tasks', { ...shared, ...mineOf(given) }]
  if (given.flags.has('mine')) throw misused('--mine belongs to the list alone.')
  if (what === undefined) {
    throw misused(`mesh tasks ${action} needs ${action === 'create' ? 'a <title>' : 'an <id>'}.`)
  }
  if (action === 'create') {
    return ['createTask', { title: what, ...shared, ...(after ? { depends_on: after } : {}) }]
  }
  if (action === 'complete') return ['completeTask', { task_id: what, ...shared }]
  const release = action === 'release' ? { release: true } : {}
  return ['claimTask', { task_id: what, ...release, ...shared }]
}

function mineOf({ flags }: Given): object {
  return flags.has('mine') ? { mine: true } : {}
}

/** The values of the options that belong there. Fails with BAD_INPUT on one that does not. */
function valuesOf({ words, values }: Given, names: Readonly<Record<string, string>>): object {
  const stray = [...values.keys()].find((name) => !Object.hasOwn(names, name))
  if (stray !== undefined) {
    const where = words[0] === undefined ? 'the list' : `mesh tasks ${words[0]}`
    throw misused(`--${stray} does not belong to ${where}.`)
  }
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, argument]) => {
      const value = values.get(name)
      return value === undefined || argument === '' ? [] : [[argument, value]]
    }),
  )
}

function misused(message: string): MeshError {
  return new MeshError('BAD_INPUT', message, { hint: 'Run `mesh help tasks`.' })
}

/** What showing needs beside what is shown. */
interface Facts {
  readonly names: ReadonlyMap<string, string>
  /** The peer that looks. */
  readonly own: string
  readonly print: Print
}

/** Shows tasks as a table, with how to claim one. */
export function showTasks(found: readonly TaskAnswer[], { names, own, print }: Facts): void {
  const { bold, dim, green, red, yellow } = print.style
  if (found.length === 0) return print.line('There are no such tasks.')
  const ids = shortIds(found.map(({ id }) => id))
  const nameOf = (peer: string) => (peer === own ? 'you' : (names.get(peer) ?? peer))
  const paints: Readonly<Record<string, (text: string) => string>> = {
    ...{ ready: green, in_progress: yellow, blocked: red },
  }
  printTable(print, [
    { title: 'id', cells: found.map(({ id }) => ids.get(id) ?? id), paint: dim },
    {
      title: 'status',
      cells: found.map(({ status }) => status),
      paint: (text, row) => (paints[found[row]?.status ?? ''] ?? dim)(text),
    },
    {
      title: 'priority',
      cells: found.map(({ priority }) => (priority === 'normal' ? '' : priority)),
    },
    { title: 'owner', cells: found.map(({ owner }) => nameOf(owner ?? '')), flexible: true },
    {
      title: 'for',
      cells: found.map(({ assignee, owner }) => (assignee === owner ? '' : nameOf(assignee ?? ''))),
      flexible: true,
    },
    { title: 'by', cells: found.map(({ creator }) => nameOf(creator)), flexible: true },
    { title: 'title', cells: found.map(({ title }) => title), flexible: true, paint: bold },
  ])
  const ready = found.find(({ status, assignee }) => status === 'ready' && assignee === null)
  if (!ready) return
  print.line()
  print.line(dim(`  Claim: mesh tasks claim ${ids.get(ready.id) ?? ready.id}`))
}

/** Tells how a task stands after something was done with it. */
export function tellTask(task: TaskAnswer, { names, own, print }: Facts): void {
  const { bold, dim, green } = print.style
  const nameOf = (peer: string) => (peer === own ? 'you' : (names.get(peer) ?? peer))
  const who =
    task.owner !== null
      ? `, owned by ${nameOf(task.owner)}`
      : task.assignee !== null
        ? `, for ${nameOf(task.assignee)}`
        : ''
  print.line(`${green('✓')} ${bold(plain(task.title))}: ${plain(task.status)}${plain(who)}.`)
  print.line(dim(`  Task ${plain(task.id)}`))
}
