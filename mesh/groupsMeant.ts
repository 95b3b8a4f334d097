import { MeshError } from '../state/errors.ts'
import type { Mesh } from './mesh.ts'

/**
 * The groups that a command is about: the one that is named, else for a session its own, and for
 * the operator, who is in none, all. Fails with UNKNOWN_GROUP, or REFUSED when it is not ours to see.
 */
export function groupsMeant(
  mesh: Pick<Mesh, 'look' | 'groups'>,
  text: string | undefined,
): readonly string[] {
  const { own, isOperator } = mesh.look((desk) => ({
    own: desk.group,
    isOperator: desk.isOperator(desk.peer),
  }))
  if (text === undefined) {
    const others = isOperator ? mesh.groups.list().map(({ id }) => id) : []
    return [...new Set([own, ...others])]
  }
  const group = mesh.groups.resolve(text)
  if (isOperator || group === own) return [group]
  throw new MeshError('REFUSED', 'A session works in its own group alone.', {
    hint: 'Leave --group away.',
  })
}
