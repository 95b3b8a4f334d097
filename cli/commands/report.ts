import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MeshError } from '../../state/errors.ts'
import { act } from '../actor.ts'
import { readAnswer, reportAnswer } from '../answers.ts'
import type { Command } from '../command.ts'
import { exits } from '../exits.ts'
import { plain } from '../print.ts'

/** Tells what happened. */
export const report: Command = async ({ json, values }, around) => {
  const { print, environment } = around
  const [since, group, out] = ['since', 'group', 'out'].map((name) => values.get(name))
  const query = {
    ...(since === undefined ? {} : { since }),
    ...(group === undefined ? {} : { group }),
  }
  return act(around, async ({ door }) => {
    const found = readAnswer(reportAnswer, await door.request('report', query))
    if (out !== undefined) {
      const path = resolve(environment.workingDirectory, out)
      await writeNew(path, found.report)
      if (!json) print.line(`${print.style.green('✓')} Wrote ${plain(path)}`)
    }
    if (json) print.json(found)
    else if (out === undefined) {
      for (const line of found.report.split('\n')) print.line(plain(line))
    }
    return exits.ok
  })
}

/** A report never takes the place of something else. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, `${text}\n`, { flag: 'wx' })
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const why = isThere ? 'There is such a file already' : 'The file cannot be written'
    throw new MeshError('BAD_INPUT', `${why}: ${path}.`, { hint: 'Name another file.', cause })
  }
}
