import { settleClaim } from '../../mesh/claiming.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import type { Desk } from '../../state/desk.ts'
import type { ObjectId } from '../../state/ids.ts'
import { shortIds } from '../../state/shortIds.ts'
import {
  claimTaskInput,
  completeTask,
  completeTaskInput,
  createTask,
  createTaskInput,
} from '../../state/taskOperations.ts'
import {
  boardOf,
  type Task,
  type TaskBoard,
  type TasksQuery,
  tasksQuery,
  tasksWithBoard,
} from '../../state/tasks.ts'
import { neutral, neutralLine } from '../neutral.ts'
import { type Answer, addsOnly, defineTool, readsOnly } from '../tool.ts'

/** Tasks of one list. */
const listedMax = 50
/** Characters of all descriptions and results of one list together, and the least of one. */
const textMax = 20_000
const textMin = 100
/** Characters of a result in a line of the text. */
const resultMax = 160

/** Adds a task to the board. */
export const createTaskTool = defineTool({
  name: 'create_task',
  description:
    'Puts a task on the board of your group. It is kept for an assignee, who is woken. depends_on: IDs of tasks that come first.',
  annotations: addsOnly,
  input: createTaskInput,
  async run({ mesh }, input) {
    const task = await mesh.work(createTask(input))
    return answerWith(mesh, task, ({ id, name }) => {
      const who = task.assignee === null ? '' : ` for ${name(task.assignee)}`
      return `Created task ${id}${who}: ${task.status}.`
    })
  },
})

/** Makes a task one's own, gives it back, or hands it on. */
export const claimTaskTool = defineTool({
  name: 'claim_task',
  description:
    'Makes a ready task yours before you work on it; of several claims one wins. release gives it back; assignee hands it on (creator or operator).',
  annotations: addsOnly,
  input: claimTaskInput,
  async run({ mesh }, input) {
    const task = await settleClaim(mesh, input)
    return answerWith(mesh, task, ({ id, name, isMe }) => {
      if (isMe(task.owner)) return `You own ${describe(task, id)}\nFinish with complete_task.`
      if (task.assignee === null) return `Task ${id} is free again.`
      return `Task ${id} is kept for ${name(task.assignee)}, who is told.`
    })
  },
})

/** Ends a task. */
export const completeTaskTool = defineTool({
  name: 'complete_task',
  description:
    'Completes a task that you own or created. Its creator gets the result, and tasks that waited for it become ready.',
  annotations: addsOnly,
  input: completeTaskInput,
  async run({ mesh }, input) {
    const task = await mesh.work(completeTask(input))
    return answerWith(mesh, task, ({ id, name, isMe }) => {
      const told = isMe(task.creator) ? '' : ` ${name(task.creator)} is told.`
      return `Completed task ${id}.${told}`
    })
  },
})

/** The board. */
export const listTasks = defineTool({
  name: 'list_tasks',
  description:
    'The task board of your group: ready ones first, then by priority and age. mine: only those you own or that are assigned to you.',
  annotations: readsOnly,
  input: tasksQuery,
  run: async ({ mesh }, query) => mesh.look((desk) => listAt(desk, query)),
})

/** A task whose words cannot pretend to be somebody else's. */
function neutralTask(task: Task): Task {
  return {
    ...task,
    title: neutralLine(task.title),
    description: neutral(task.description),
    result: task.result === null ? null : neutral(task.result),
  }
}

function listAt(desk: Desk, query: TasksQuery): Answer {
  const { tasks: found, board } = tasksWithBoard(desk, query)
  const shown = found.slice(0, listedMax)
  const more = found.length - shown.length
  const named = shown.flatMap(({ id, depends_on }) => [id, ...depends_on])
  const ids = shortIds(board.keys(), named)
  const lines = [
    ...(found.length === 0 ? ['No task fits. Create one with create_task.'] : []),
    ...shown.map((task) => lineOf(task, { ids, board, desk })),
    ...(more > 0 ? [`${more} more: ask for a status, or for mine.`] : []),
  ]
  const most = Math.max(textMin, Math.floor(textMax / Math.max(1, shown.length)))
  return {
    text: lines.join('\n'),
    structured: {
      tasks: shown.map((task) => shortened(neutralTask(task), most)),
      ...(more > 0 ? { more } : {}),
    },
  }
}

/** What a line is made from. */
interface Around {
  readonly ids: ReadonlyMap<ObjectId, string>
  readonly board: TaskBoard
  readonly desk: Desk
}

function lineOf(task: Task, { ids, board, desk }: Around): string {
  const { id, status, priority, owner, assignee, creator, depends_on } = task
  const name = (peer: Task['creator']) => (peer === desk.peer ? 'you' : desk.nameOf(peer))
  const urgency = priority === 'normal' || status === 'completed' ? '' : `, ${priority}`
  const isWaiting = status === 'pending' || status === 'blocked'
  const waits = depends_on
    .filter((each) => !board.get(each)?.completion)
    .map((each) => ids.get(each) ?? each)
  const facts = [
    `by ${name(creator)}`,
    ...(owner === null ? [] : [`owned by ${name(owner)}`]),
    ...(assignee === null || assignee === owner ? [] : [`for ${name(assignee)}`]),
    ...(isWaiting ? [`waits for ${waits.join(', ')}`] : []),
  ]
  const title = neutralLine(task.title)
  const result = task.result ? `: ${cut(neutralLine(task.result), resultMax)}` : ''
  return `- ${ids.get(id) ?? id} [${status}${urgency}] ${title} (${facts.join('; ')})${result}`
}

function describe({ title, description }: Task, id: string): string {
  const about = description === '' ? '' : `\n${neutral(description)}`
  return `task ${id}: ${neutralLine(title)}${about}`
}

function shortened(task: Task, most: number): Task {
  const { description, result } = task
  return {
    ...task,
    description: cut(description, most),
    result: result === null ? null : cut(result, most),
  }
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`
}

/** What a sentence about a task is made of. */
interface Words {
  /** The ID as short as it may be. */
  readonly id: string
  readonly name: (peer: Task['creator']) => string
  readonly isMe: (peer: Task['owner']) => boolean
}

function answerWith(mesh: Pick<Mesh, 'look'>, task: Task, say: (words: Words) => string): Answer {
  const words = mesh.look((desk) => ({
    id: shortIds(boardOf(desk).keys(), [task.id]).get(task.id) ?? task.id,
    name: desk.nameOf,
    isMe: (peer: Task['owner']) => peer === desk.peer,
  }))
  return { text: say(words), structured: { task: neutralTask(task) } }
}
