import type { z } from 'zod'
import { MeshError } from '../state/errors.ts'
import { claimTask, type claimTaskInput, hasLostClaim, yieldTask } from '../state/taskOperations.ts'
import type { Task } from '../state/tasks.ts'
import type { Mesh } from './mesh.ts'

/**
 * Claims a task, gives it back, or hands it on. A claim that turns out to have lost is taken back at
 * once: whoever asked learns it from the refusal, and need not be told by a notice as well.
 */
export async function settleClaim(
  mesh: Pick<Mesh, 'work' | 'look'>,
  input: z.output<typeof claimTaskInput>,
  group?: string,
): Promise<Task> {
  try {
    return await mesh.work(claimTask(input), group)
  } catch (thrown) {
    const isLost = thrown instanceof MeshError && lostCodes.has(thrown.code)
    if (isLost && mesh.look((desk) => hasLostClaim(desk, input.task_id), group)) {
      await mesh.work(yieldTask(input), group)
    }
    throw thrown
  }
}

/** What the answer to a claim fails with when others were earlier. */
const lostCodes: ReadonlySet<string> = new Set(['TASK_TAKEN', 'TASK_COMPLETED'])
