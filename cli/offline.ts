import { type Archive, openArchive } from '../mesh/archive.ts'
import { MeshError } from '../state/errors.ts'
import { isAgent } from './actor.ts'
import type { Surroundings } from './command.ts'

/**
 * Does it with a running mesh, or with the archive when nothing runs. The archive is the human's:
 * an agent is not shown it. Fails with NO_MESH when there is neither.
 */
export async function actOrRead<Result>(
  { environment }: Pick<Surroundings, 'environment'>,
  online: () => Promise<Result>,
  offline: (archive: Archive) => Promise<Result>,
): Promise<Result> {
  try {
    return await online()
  } catch (thrown) {
    const isDown = thrown instanceof MeshError && thrown.code === 'NO_MESH'
    const archive = isDown && !isAgent(environment) ? await openArchive(environment) : undefined
    if (!archive) throw thrown
    return await offline(archive).finally(() => archive.close())
  }
}
