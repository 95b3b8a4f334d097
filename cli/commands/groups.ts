import { MeshError } from '../../state/errors.ts'
import { act } from '../actor.ts'
import { type GroupAnswer, groupAnswer, groupsAnswer, readAnswer } from '../answers.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { plain } from '../print.ts'
import { count } from '../quantities.ts'
import { printTable } from '../table.ts'

/** What each action needs after it. */
const actions: Readonly<Record<string, readonly string[]>> = {
  create: ['name'],
  assign: ['peer', 'group'],
  delete: ['group'],
  seal: ['group'],
  open: ['group'],
}

/** Lists the groups, or changes one. */
export const groups: Command = async ({ json, words }, around) => {
  const { print } = around
  const [action, ...rest] = words
  if (action === undefined) {
    return act(around, async ({ door }) => {
      const answer = await door.request('groups', {})
      if (json) print.json(answer)
      else show(readAnswer(groupsAnswer, answer).groups, around)
      return exits.ok
    })
  }
  const input = inputOf(action, rest)
  return act(around, async ({ door }) => {
    const answer = await door.request('group', input)
    if (json) print.json(answer)
    else tell(action, readAnswer(groupAnswer, answer).group, { rest, around })
    return exits.ok
  })
}

function inputOf(action: string, rest: readonly string[]): Record<string, string> {
  const wanted = actions[action]
  const hint = 'Run `mesh help groups`.'
  if (!wanted) {
    const known = Object.keys(actions).join(', ')
    const what = `${JSON.stringify(action.slice(0, 64))} is no action: use ${known}.`
    throw new MeshError('BAD_INPUT', what, { hint })
  }
  const missing = wanted[rest.length]
  if (missing !== undefined) {
    throw new MeshError('BAD_INPUT', `mesh groups ${action} needs a <${missing}>.`, { hint })
  }
  if (rest.length > wanted.length) {
    const extra = JSON.stringify(rest[wanted.length])
    throw new MeshError('BAD_INPUT', `${extra} is one word too many.`, { hint })
  }
  return { action, ...Object.fromEntries(wanted.map((name, index) => [name, rest[index] ?? ''])) }
}

function show(found: readonly GroupAnswer[], { print }: Surroundings): void {
  const { bold, dim, yellow } = print.style
  printTable(print, [
    { title: 'group', cells: found.map(({ name }) => name), paint: bold, flexible: true },
    {
      title: 'kind',
      cells: found.map(kindOf),
      paint: (text, row) => (found[row]?.sealed ? yellow(text) : dim(text)),
    },
    { title: 'id', cells: found.map(({ id }) => id.slice(0, 8)), paint: dim },
    { title: 'members', cells: found.map(membersOf), flexible: true },
  ])
  print.line()
  print.line(dim(`  ${count(found.length, 'group')}.`))
}

function kindOf({ sealed, automatic, id }: GroupAnswer): string {
  if (id === 'lobby') return 'lobby'
  const how = sealed ? 'sealed' : 'open'
  return automatic ? `${how}, of a branch` : how
}

function membersOf({ members }: GroupAnswer): string {
  const names = members.map(({ name, online }) => (online ? name : `(${name})`))
  return names.length === 0 ? 'nobody' : names.join(', ')
}

function tell(
  action: string,
  { name, sealed }: GroupAnswer,
  { rest, around }: { readonly rest: readonly string[]; readonly around: Surroundings },
): void {
  const { print } = around
  const called = print.style.bold(plain(name))
  const said: Readonly<Record<string, string>> = {
    create: `${called} is there, ${sealed ? 'sealed' : 'open'}. Put sessions into it: mesh groups assign PEER ${plain(name)}`,
    assign: `${plain(rest[0] ?? '')} works in ${called} now.`,
    delete: `${called} is gone; its members are in the lobby.`,
    seal: `${called} is sealed: nobody outside receives anything of it from now on.`,
    open: `${called} is open: its members are seen from the lobby.`,
  }
  print.line(`${print.style.green('✓')} ${said[action] ?? called}`)
}
