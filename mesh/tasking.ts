import { findById } from '../state/lookup.ts'
import {
  claimTaskInput,
  completeTask,
  completeTaskInput,
  createTask,
  createTaskInput,
} from '../state/taskOperations.ts'
import { type Task, tasksOf, tasksQuery } from '../state/tasks.ts'
import { settleClaim } from './claiming.ts'
import { type ControlCommand, controlCommands } from './door.ts'
import { fitting } from './fitting.ts'
import { groupsMeant } from './groupsMeant.ts'
import type { Mesh } from './mesh.ts'

/** The commands of the control door on tasks. */
export type TaskingCommand = Extract<
  ControlCommand,
  'tasks' | 'createTask' | 'claimTask' | 'completeTask'
>

/** A task, and the group on whose board it is. */
type PlacedTask = Task & { readonly group: string }

/**
 * Answers these commands. A session works in its group; the operator, who is in none, sees the
 * boards of all groups and creates in the lobby, unless a group is named.
 */
export function createTasking(
  mesh: Pick<Mesh, 'look' | 'work' | 'groups'>,
): Record<TaskingCommand, (input: unknown) => unknown> {
  /** The tasks of these groups, each board in its order. */
  function gather(query: Parameters<typeof tasksOf>[1], group?: string): readonly PlacedTask[] {
    return groupsMeant(mesh, group).flatMap((id) =>
      mesh.look((desk) => tasksOf(desk, query), id).map((task) => ({ ...task, group: id })),
    )
  }

  /** The task whose ID begins so, wherever it is. */
  function place(text: string, group?: string): PlacedTask {
    const wanted = { word: 'task', unknown: 'UNKNOWN_TASK', hint: 'See `mesh tasks`.' } as const
    return findById(text, gather({}, group), wanted)
  }

  return {
    tasks(input) {
      const { group, ...query } = controlCommands.tasks.parse(input)
      return { tasks: fitting(gather(tasksQuery.parse(query), group)) }
    },

    async createTask(input) {
      const { group, ...task } = controlCommands.createTask.parse(input)
      const [where] = group === undefined ? [] : groupsMeant(mesh, group)
      return { task: await mesh.work(createTask(createTaskInput.parse(task)), where) }
    },

    async claimTask(input) {
      const { group, ...asked } = controlCommands.claimTask.parse(input)
      const found = place(asked.task_id, group)
      const claim = claimTaskInput.parse({ ...asked, task_id: found.id })
      return { task: await settleClaim(mesh, claim, found.group) }
    },

    async completeTask(input) {
      const { group, ...asked } = controlCommands.completeTask.parse(input)
      const found = place(asked.task_id, group)
      const completion = completeTaskInput.parse({ ...asked, task_id: found.id })
      return { task: await mesh.work(completeTask(completion), found.group) }
    },
  }
}
