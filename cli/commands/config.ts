import { MeshError } from '../../state/errors.ts'
import { autogroupMode } from '../../state/groups.ts'
import { act } from '../actor.ts'
import { autogroupAnswer, readAnswer } from '../answers.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { printPairs } from '../table.ts'

const meanings: Readonly<Record<string, string>> = {
  feature: 'a branch other than the default one makes an open group',
  always: 'every branch makes an open group',
  off: 'branches make no groups',
}

/** Shows the settings of the mesh, or changes one. */
export const config: Command = async ({ json, words }, around) => {
  const [setting, value] = words
  if (setting !== undefined && setting !== 'autogroup') {
    throw new MeshError('BAD_INPUT', `There is no setting ${JSON.stringify(setting)}.`, {
      hint: 'There is autogroup: `mesh help config`.',
    })
  }
  const mode = value === undefined ? undefined : modeOf(value)
  return act(around, async ({ door }) => {
    const answer = await door.request('autogroup', mode === undefined ? {} : { mode })
    if (json) around.print.json(answer)
    else show(readAnswer(autogroupAnswer, answer).autogroup, mode !== undefined, around)
    return exits.ok
  })
}

function modeOf(value: string): string {
  const found = autogroupMode.safeParse(value)
  if (found.success) return found.data
  throw new MeshError('BAD_INPUT', `autogroup cannot be ${JSON.stringify(value.slice(0, 64))}.`, {
    hint: `Use ${autogroupMode.options.join(', ')}.`,
  })
}

function show(mode: string, isNew: boolean, { print }: Surroundings): void {
  const { dim, green } = print.style
  if (isNew) print.line(`${green('✓')} Every session of the mesh follows that from now on.\n`)
  printPairs(print, [['autogroup', `${mode} ${dim(meanings[mode] ?? '')}`]])
}
