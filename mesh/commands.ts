import type { z } from 'zod'
import type { Message } from '../state/messages.ts'
import type { Clock } from './clock.ts'
import { createDeciding } from './deciding.ts'
import { type ControlCommand, controlCommands } from './door.ts'
import { fitting } from './fitting.ts'
import type { GroupView, HistoryPage, HistoryQuery, Mesh, MeshEvent } from './mesh.ts'
import { createTasking } from './tasking.ts'
import { createVoting } from './voting.ts'

/** Waiting messages in an answer when nobody says how many. */
const listedUsual = 20

/** What the control door opens to. */
export interface CommandsDeps {
  readonly clock: Clock
  readonly mesh: Pick<
    Mesh,
    | ('status' | 'peers' | 'watch' | 'whoami' | 'send' | 'broadcast')
    | ('history' | 'inbox' | 'receipts' | 'onReceipt' | 'groups' | 'look' | 'work' | 'report')
  >
  /** Asks the process to leave, after the answer has gone out. */
  readonly leave: (reason: string) => void
}

/** Does what one asker wants, as long as it is there. */
export interface Commands {
  /** Answers a command. Fails with ZodError or MeshError. */
  run(name: ControlCommand, input: unknown): Promise<unknown>
  /** The asker has left: nobody is told and nothing is waited for any more. Idempotent. */
  end(): void
}

/** Makes the commands of one control link; `tell` hands it an event. */
export function createCommands(deps: CommandsDeps, tell: (event: MeshEvent) => void): Commands {
  const { clock, mesh } = deps
  const leaving = new AbortController()
  let stopWatching = () => {}

  async function readInbox(most: number, seen: boolean): Promise<unknown> {
    const messages = fitting(await mesh.inbox.list(most))
    const unread = Math.max(0, mesh.inbox.unread().count - messages.length)
    if (seen) await markSeen(messages.map(({ id }) => id))
    return { messages, unread }
  }

  async function markSeen(ids: readonly string[]): Promise<void> {
    await mesh.inbox.markShown(ids)
    await mesh.inbox.markSeen(ids)
  }

  async function receipts(query: Parameters<Mesh['receipts']>[0]) {
    return { messages: fitting(await mesh.receipts(query)) }
  }

  /** Looks again whenever somebody got further, so that nothing is asked in vain. */
  async function awaitDelivery(message_id: string, timeoutMs: number): Promise<unknown> {
    let isOver = leaving.signal.aborted
    let wake = () => {}
    function end(): void {
      isOver = true
      wake()
    }
    const stopListening = mesh.onReceipt(() => wake())
    const cancel = clock.after(timeoutMs, end)
    leaving.signal.addEventListener('abort', end, { once: true })
    try {
      for (;;) {
        const moved = new Promise<void>((resolve) => {
          wake = resolve
        })
        const found = await receipts({ message_id })
        if (isOver || found.messages.every(({ state }) => state !== 'queued')) return found
        await moved
      }
    } finally {
      stopListening()
      cancel()
      leaving.signal.removeEventListener('abort', end)
    }
  }

  const answers: Record<ControlCommand, (input: unknown) => unknown> = {
    ...createVoting(mesh),
    ...createDeciding(mesh),
    ...createTasking(mesh),
    status: () => mesh.status(),
    whoami: () => mesh.whoami(),
    peers: taking(controlCommands.peers, (query) => mesh.peers(query)),
    send: taking(controlCommands.send, (input) => mesh.send(input)),
    broadcast: taking(controlCommands.broadcast, (input) => mesh.broadcast(input)),
    history: taking(controlCommands.history, (query) => pageOf(mesh, query)),
    receipts: taking(controlCommands.receipts, receipts),
    inbox: taking(controlCommands.inbox, ({ limit = listedUsual, seen }) => readInbox(limit, seen)),
    markSeen: taking(controlCommands.markSeen, async ({ message_ids }) => {
      await markSeen(message_ids)
      return {}
    }),
    awaitDelivery: taking(controlCommands.awaitDelivery, ({ message_id, timeout_ms }) =>
      awaitDelivery(message_id, timeout_ms),
    ),
    groups: () => ({ groups: mesh.groups.list(), autogroup: mesh.groups.mode() }),
    group: taking(controlCommands.group, async (change) => ({
      group: await changeGroup(mesh.groups, change),
    })),
    autogroup: taking(controlCommands.autogroup, async ({ mode }) => {
      if (mode !== undefined) await mesh.groups.setMode(mode)
      return { autogroup: mesh.groups.mode() }
    }),
    watch() {
      stopWatching()
      stopWatching = mesh.watch(tell)
      return {}
    },
    stop() {
      clock.after(20, () => deps.leave('stopped by mesh stop'))
      return {}
    },
  }

  return {
    run: async (name, input) => answers[name](input),
    end() {
      stopWatching()
      leaving.abort()
    },
  }
}

function changeGroup(
  groups: Mesh['groups'],
  change: z.output<(typeof controlCommands)['group']>,
): Promise<GroupView> {
  switch (change.action) {
    case 'create':
      return groups.create(change.name)
    case 'assign':
      return groups.assign(change.peer, change.group)
    case 'delete':
      return groups.remove(change.group)
    default:
      return groups.seal(change.group, change.action === 'seal')
  }
}

/** What a schema reads, with optional arguments absent rather than undefined. */
type Read<Input> = { [Name in keyof Input]: Exclude<Input[Name], undefined> }

function taking<Input extends object>(
  schema: z.ZodType<Input>,
  work: (input: Read<Input>) => unknown,
): (input: unknown) => unknown {
  return (given) => work(clean(schema.parse(given)))
}

function clean<Input extends object>(input: Input): Read<Input> {
  return Object.fromEntries(
    Object.entries(input).filter(([, value]) => value !== undefined),
  ) as Read<Input>
}

/** The newest of a page that fit into one answer; what is cut off is on the page before. */
async function pageOf(mesh: Pick<Mesh, 'history'>, query: HistoryQuery): Promise<HistoryPage> {
  const page = await mesh.history(query)
  const messages: Message[] = fitting([...page.messages].reverse()).reverse()
  const [oldest] = messages
  const isWhole = messages.length === page.messages.length
  return isWhole || !oldest ? page : { messages, next: oldest.id }
}
