import { type ErrorCode, MeshError } from './errors.ts'
import { idPrefixMin, type ObjectId } from './ids.ts'
import { quote } from './quoting.ts'

/** Candidates that a refusal names. */
const candidatesMax = 5

/** What is looked for: its word, the refusal when it is not there, and where all of them are listed. */
export interface Wanted {
  readonly word: string
  readonly unknown: ErrorCode
  readonly hint: string
}

/**
 * The object that a text names: by its ID, or by a beginning of it that no other has. Fails with
 * the wanted code, or with AMBIGUOUS_ID naming the candidates.
 */
export function findById<Item extends { readonly id: ObjectId }>(
  text: string,
  items: readonly Item[],
  { word, unknown, hint }: Wanted,
): Item {
  const start = text.trim().toLowerCase()
  const found = items.filter(({ id }) => start.length >= idPrefixMin && id.startsWith(start))
  const [item, ...others] = found
  if (!item) throw new MeshError(unknown, `There is no ${word} ${quote(text, 64)} here.`, { hint })
  if (others.length === 0) return item
  const ids = found.slice(0, candidatesMax).map(({ id }) => id)
  throw new MeshError('AMBIGUOUS_ID', `${quote(text, 64)} is the beginning of several IDs.`, {
    hint: `Use the whole ID: ${ids.join(', ')}.`,
  })
}
