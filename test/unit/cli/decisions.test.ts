import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../../../cli/command.ts'
import { decisions } from '../../../cli/commands/decisions.ts'
import { understand } from '../../../cli/words.ts'
import { MeshError } from '../../../state/errors.ts'

/** What a user reads who mistypes; no node is asked. */
async function misuse(...typed: readonly string[]): Promise<string> {
  try {
    const wish = understand(['decisions', ...typed])
    if (wish.kind !== 'run') return 'something else'
    await decisions(wish.given, {} as Surroundings)
  } catch (thrown) {
    return thrown instanceof MeshError ? `${thrown.code}: ${thrown.message}` : String(thrown)
  }
  return 'nothing was refused'
}

describe('mesh decisions', () => {
  it.each([
    [['post'], 'post needs a <key>.'],
    [['post', 'port'], 'post needs a <value> after the key.'],
    [['post', 'port', '80'], 'post needs --rationale: why is it so?'],
    [['revoke'], 'revoke needs a <key>.'],
    [['revoke', 'port', '80'], '"80" is one word too many.'],
    [['delete', 'port'], '"delete" is no action: use post or revoke.'],
    [['post', 'a', 'b', 'c'], '"c" is one word too many.'],
  ])('says what is missing or too much: %j', async (typed, said) => {
    expect(await misuse(...typed)).toBe(`BAD_INPUT: ${said}`)
  })
})
