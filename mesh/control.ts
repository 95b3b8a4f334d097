import { z } from 'zod'
import { type ErrorCode, errorCodes, MeshError, toMeshError } from '../state/errors.ts'
import { createPeerId, type NodeId, uuidV7 } from '../state/ids.ts'
import type { Signer, Verify } from '../state/signatures.ts'
import type { Clock } from './clock.ts'
import { type Commands, type CommandsDeps, createCommands } from './commands.ts'
import { type ControlCommand, controlCommands, type Door } from './door.ts'
import type { FrameOf } from './frames.ts'
import { type Acquaintance, shakeHands } from './hello.ts'
import { createLink, type Link } from './link.ts'
import type { Address, Network, Wire } from './network.ts'

/** A command must be answered within this time, and what it was asked to wait. */
const answerMs = 10_000
/** Requests of one link that are under way at once. */
const requestsMax = 100

/** Serves one control link until it closes. */
export function serveControl(wire: Wire, acquaintance: Acquaintance, deps: CommandsDeps): void {
  let underWay = 0

  async function run(commands: Commands, { command, input }: FrameOf<'request'>): Promise<unknown> {
    if (!isCommand(command)) {
      throw new MeshError('BAD_INPUT', 'This node does not know that command.', {
        hint: 'It may be older than your `mesh` command: restart that session.',
      })
    }
    if (underWay > requestsMax) {
      throw new MeshError('TOO_FAST', 'Too many commands are under way.', {
        hint: 'Wait for some of the answers.',
      })
    }
    return commands.run(command, input)
  }

  async function answer(link: Link, frame: FrameOf<'request'>): Promise<void> {
    const { id } = frame
    underWay += 1
    try {
      link.send({ kind: 'response', id, result: await run(commandsOf(link), frame) })
    } catch (thrown) {
      const { code, message, hint } = badInput(thrown) ?? toMeshError(thrown)
      link.send({ kind: 'response', id, error: { code, message, ...(hint ? { hint } : {}) } })
    } finally {
      underWay -= 1
    }
  }

  let commands: Commands | undefined
  function commandsOf(link: Link): Commands {
    commands ??= createCommands(deps, (event) => void link.sendLive({ kind: 'event', event }))
    return commands
  }

  createLink(
    { wire, acquaintance },
    {
      frame: (link, frame) => {
        if (frame.kind === 'request') void answer(link, frame)
      },
      closed: () => commands?.end(),
      malformed: () => {},
    },
    deps.clock,
  )
}

/** Somebody who waits for the answer to one request. */
interface Asker {
  resolve(value: unknown): void
  reject(error: MeshError): void
  /** Ends the wait of the clock. */
  cancel(): void
}

/** What knocking at a control door needs. */
export interface DoorDeps {
  readonly clock: Clock
  readonly network: Network
  readonly signer: Signer
  readonly verify: Verify
  readonly mesh: string
}

/** Opens the control door of a node of this device. Fails with UNREACHABLE or REFUSED. */
export async function openDoor(
  deps: DoorDeps,
  address: Address,
  signal: AbortSignal,
): Promise<Door> {
  const { clock, signer } = deps
  const wire = await deps.network.dial(address, signal)
  const acquaintance = await shakeHands(
    wire,
    {
      mesh: deps.mesh,
      node: uuidV7(clock.now(), clock.random(10)) as NodeId,
      peer: createPeerId(signer.device, clock.random(5)),
      role: 'control',
      host: '',
      port: 0,
    },
    deps,
  )
  const askersById = new Map<number, Asker>()
  const listeners: ((event: unknown) => void)[] = []
  let requests = 0
  let goneWhy: MeshError | undefined
  let end = (_reason: string) => {}
  const closed = new Promise<string>((resolve) => {
    end = resolve
  })

  /** Whoever waits for that answer waits no longer, whatever becomes of it. */
  function take(id: number): Asker | undefined {
    const asker = askersById.get(id)
    asker?.cancel()
    askersById.delete(id)
    return asker
  }

  function answered({ id, result, error }: FrameOf<'response'>): void {
    const asker = take(id)
    if (error) asker?.reject(new MeshError(codeOf(error.code), error.message, hintOf(error)))
    else asker?.resolve(result)
  }

  const link = createLink(
    { wire, acquaintance },
    {
      frame(_, frame) {
        if (frame.kind === 'response') answered(frame)
        if (frame.kind === 'event') for (const listener of listeners) listener(frame.event)
      },
      closed(_, reason) {
        end(reason)
        goneWhy = new MeshError('UNREACHABLE', `The node left before it answered: ${reason}.`)
        for (const id of [...askersById.keys()]) take(id)?.reject(goneWhy)
      },
      malformed: () => {},
    },
    clock,
  )

  return {
    node: link.node,
    peer: link.peer,
    closed,
    close: () => link.close('done'),
    onEvent: (listener) => void listeners.push(listener),
    request(command, input, waitMs = 0) {
      return new Promise((resolve, reject) => {
        if (goneWhy) return reject(goneWhy)
        requests += 1
        const id = requests
        const cancel = clock.after(answerMs + waitMs, () =>
          take(id)?.reject(new MeshError('UNREACHABLE', 'The node did not answer in time.')),
        )
        askersById.set(id, { resolve, reject, cancel })
        link.send({ kind: 'request', id, command, input })
      })
    },
  }
}

function isCommand(name: string): name is ControlCommand {
  return Object.hasOwn(controlCommands, name)
}

function badInput(thrown: unknown): MeshError | undefined {
  if (!(thrown instanceof z.ZodError)) return undefined
  return new MeshError('BAD_INPUT', z.prettifyError(thrown))
}

/** A node of another version may answer with a code that this one does not know. */
function codeOf(code: string): ErrorCode {
  return errorCodes.find((known) => known === code) ?? 'INTERNAL'
}

function hintOf(error: { hint?: string | undefined }): { hint?: string } {
  return error.hint === undefined ? {} : { hint: error.hint }
}
