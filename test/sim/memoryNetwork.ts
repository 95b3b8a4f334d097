import {
  type Address,
  frameBytesMax,
  type Listener,
  type Network,
  type Wire,
  type WireEvents,
} from '../../mesh/network.ts'
import { firstBytesMax } from '../../mesh/websocket.ts'
import { MeshError } from '../../state/errors.ts'

/** How long a dial waits for an answer, and a close for its echo, as with real sockets. */
const answerMs = 3_000
/** How long wires may say goodbye while their listener closes. */
const goodbyeMs = 250

/** Time and chance of the world, e.g. `after` and `chance` of a `Scheduler`. */
export interface MemoryNetworkDeps {
  after(ms: number, callback: () => void): () => void
  /** A seeded number in [0, 1). */
  random(): number
  /** Each direction of each wire draws its delay from here; each of its frames varies around it. */
  readonly delayMs?: { readonly least: number; readonly most: number }
}

/** What has happened. A frame is delivered unless it was lost or its receiver had closed. */
export type MemoryNetworkCounters = Readonly<
  Record<'dials' | 'wires' | 'frames' | 'lost' | 'flushed' | 'broken' | 'cuts' | 'kills', number>
>

/** A network within one test, whose faults are commanded and whose chances are seeded. */
export interface MemoryNetwork {
  readonly counters: MemoryNetworkCounters
  /**
   * The network as one host sees it; addresses name the host. Hosts on one `machine` are loopback
   * to each other. After `kill` what was handed out before is dead and a new one may be had.
   */
  host(name: string, options?: { readonly machine?: string }): Network
  /**
   * Only hosts of one group reach each other; those not named are one more group. Dials across
   * hang, and what is sent across is held. A second partition replaces the first.
   */
  partition(groups: readonly (readonly string[])[]): void
  /** Ends everything that keeps hosts apart. By chance a wire that holds something delivers it, or ends: `timeout`. */
  heal(): void
  /** Two hosts cannot reach each other until `heal`; by chance what is between them ends at once. */
  part(one: string, other: string): void
  /** Whether dials from other machines to this one hang, as behind a firewall. `heal` leaves it. */
  shield(machine: string, isShielded: boolean): void
  /** Whether neither of two machines can dial the other. */
  isOutOfReach(one: string, other: string): boolean
  /** What is on the wires between two hosts vanishes from now on, untold. New dials succeed. */
  cut(one: string, other: string): void
  /** The process on a host dies and hears nothing more. Others hear `reset`, as TCP tells. */
  kill(name: string): void
}

type Frame = { readonly kind: 'frame'; readonly text: string; readonly bytes: number }
type Item = Frame | { readonly kind: 'end'; readonly reason: string }

/** What runs on a host. */
interface Process {
  readonly name: string
  readonly machine: string
  readonly acceptsByPort: Map<number, (wire: Wire) => void>
  isDead: boolean
}

type Facts = Pick<Wire, 'side' | 'remote' | 'loopback' | 'binding' | 'epoch'>

/** One end of a connection, with what it has sent and the other end has not got. */
interface End {
  readonly process: Process
  readonly wire: Wire
  readonly delayMs: number
  readonly sent: Item[]
  readonly early: Frame[]
  bufferedBytes: number
  /** Arrivals held back by a partition. */
  held: number
  isCut: boolean
  hasFrame: boolean
  events: WireEvents | undefined
  ownReason: string | undefined
  /** Why it is over, once it is. */
  overReason: string | undefined
}

/** Makes a network without hosts and faults. The same chances make the same story. */
export function createMemoryNetwork(deps: MemoryNetworkDeps): MemoryNetwork {
  const { after, random, delayMs = { least: 0.2, most: 20 } } = deps
  const counters = {
    dials: 0,
    wires: 0,
    frames: 0,
    lost: 0,
    flushed: 0,
    broken: 0,
    cuts: 0,
    kills: 0,
  }
  const processesByHost = new Map<string, Process>()
  const dialledEnds = new Set<End>()
  const others = new WeakMap<End, End>()
  const parted = new Set<string>()
  const shielded = new Set<string>()
  let groupByHost: ReadonlyMap<string, number> = new Map()
  let port = 40_000

  const isApart = (one: string, other: string) =>
    groupByHost.get(one) !== groupByHost.get(other) || parted.has(pairOf(one, other))
  const draw = () => delayMs.least + random() * (delayMs.most - delayMs.least)

  /** Every arrival takes what was sent first, so that delays differ and the order stays. */
  function push(end: End, item: Item): void {
    end.sent.push(item)
    after(end.delayMs * (0.5 + random()), () => arrive(end))
  }

  function arrive(end: End): void {
    const other = others.get(end)
    if (!other || end.isCut) return drop(end, 0)
    if (isApart(end.process.name, other.process.name)) {
      end.held += 1
      return
    }
    const item = end.sent.shift()
    if (item) receive(other, item)
  }

  function receive(end: End, item: Item): void {
    if (end.overReason !== undefined) return
    if (item.kind === 'end') {
      push(end, { kind: 'end', reason: 'closed' })
      return finish(end, end.ownReason ?? item.reason)
    }
    if (end.ownReason !== undefined) return
    if (item.bytes > frameBytesMax) return end.wire.terminate('protocol error')
    if (!end.hasFrame && item.bytes > firstBytesMax) {
      return end.wire.terminate('too much before the first frame')
    }
    end.hasFrame = true
    if (end.events) take(end, item)
    else end.early.push(item)
  }

  function take(end: End, { text, bytes }: Frame): void {
    const other = others.get(end)
    if (other) other.bufferedBytes -= bytes
    end.events?.frame(text)
  }

  /** Loses what was sent and has not arrived, but for the first `keep`. */
  function drop(end: End, keep: number): void {
    counters.lost += end.sent.splice(keep).filter(({ kind }) => kind === 'frame').length
  }

  /** Part of what was sent has left already, when an end goes without a goodbye. */
  function dropSome(end: End, reason: string): void {
    drop(end, Math.floor(random() * (end.sent.length + 1)))
    push(end, { kind: 'end', reason })
  }

  function finish(end: End, reason: string): void {
    if (end.overReason !== undefined) return
    end.overReason = reason
    const other = others.get(end)
    if (other?.overReason !== undefined) for (const one of [end, other]) dialledEnds.delete(one)
    if (!end.process.isDead) end.events?.closed(reason)
  }

  function createEnd(process: Process, facts: Facts): End {
    const wire: Wire = {
      ...facts,
      get bufferedBytes() {
        return end.overReason === undefined ? end.bufferedBytes : 0
      },
      open(events) {
        end.events = events
        for (const item of end.early.splice(0)) if (end.ownReason === undefined) take(end, item)
        if (end.overReason !== undefined && !process.isDead) events.closed(end.overReason)
      },
      send(text) {
        if (end.ownReason !== undefined || end.overReason !== undefined) return
        const bytes = Buffer.byteLength(text)
        end.bufferedBytes += bytes
        counters.frames += 1
        push(end, { kind: 'frame', text, bytes })
      },
      close(reason) {
        if (end.ownReason !== undefined || end.overReason !== undefined) return
        end.ownReason = reason
        push(end, { kind: 'end', reason })
        after(answerMs, () => finish(end, reason))
      },
      terminate(reason) {
        if (end.overReason !== undefined) return
        const told = end.ownReason ?? reason
        end.ownReason = told
        dropSome(end, 'closed')
        after(0, () => finish(end, told))
      },
    }
    const end: End = {
      process,
      wire,
      delayMs: draw(),
      sent: [],
      early: [],
      bufferedBytes: 0,
      held: 0,
      isCut: false,
      hasFrame: false,
      events: undefined,
      ownReason: undefined,
      overReason: undefined,
    }
    return end
  }

  function connect(dialler: Process, listener: Process, at: Address): Wire {
    port += 1
    const shared = {
      loopback: dialler.machine === listener.machine,
      binding: Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256)),
      epoch: 1,
    }
    const from = { host: dialler.name, port }
    const dialled = createEnd(dialler, { ...shared, side: 'dialled', remote: at })
    const accepted = createEnd(listener, { ...shared, side: 'accepted', remote: from })
    others.set(dialled, accepted).set(accepted, dialled)
    dialledEnds.add(dialled)
    counters.wires += 1
    listener.acceptsByPort.get(at.port)?.(accepted.wire)
    return dialled.wire
  }

  function dial(process: Process, address: Address, signal: AbortSignal): Promise<Wire> {
    const at = { host: address.host, port: address.port }
    let wire: Wire | undefined
    let isSettled = false
    counters.dials += 1
    return new Promise((resolve, reject) => {
      const giveUp = () => fail('ETIMEDOUT')
      const cancel = after(answerMs, giveUp)
      signal.addEventListener('abort', giveUp, { once: true })
      if (signal.aborted) return giveUp()
      after(draw(), knock)

      function settle(): void {
        isSettled = true
        cancel()
        signal.removeEventListener('abort', giveUp)
      }
      function fail(code: string): void {
        if (isSettled) return
        settle()
        wire?.terminate('given up')
        reject(unreachable(at, Object.assign(new Error(code), { code })))
      }
      function knock(): void {
        if (isSettled || isApart(process.name, at.host)) return
        const listener = processesByHost.get(at.host)
        const isFar = listener && listener.machine !== process.machine
        if (isFar && shielded.has(listener.machine)) return
        const isHeard = !process.isDead && listener?.acceptsByPort.has(at.port)
        if (listener && isHeard) wire = connect(process, listener, at)
        after(draw(), () => (isHeard ? answer() : fail('ECONNREFUSED')))
      }
      function answer(): void {
        if (!wire || isSettled || process.isDead || isApart(process.name, at.host)) return
        settle()
        resolve(wire)
      }
    })
  }

  function listen(
    process: Process,
    ports: readonly number[],
    accept: (wire: Wire) => void,
  ): Listener {
    const wires = new Set<Wire>()
    const candidates = ports.map((wanted) => (wanted === 0 ? ++port : wanted))
    const free = candidates.find((candidate) => !process.acceptsByPort.has(candidate))
    const address = { host: process.name, port: free ?? 0 }
    if (free === undefined || process.isDead) throw unreachable(address, new Error('EADDRINUSE'))
    process.acceptsByPort.set(free, (wire) => {
      wires.add(wire)
      accept(wire)
    })
    return {
      address,
      close() {
        process.acceptsByPort.delete(free)
        for (const wire of wires) wire.close('listener closed')
        if (wires.size === 0) return Promise.resolve()
        return new Promise((resolve) => {
          after(goodbyeMs, () => {
            for (const wire of wires) wire.terminate('listener closed')
            resolve()
          })
        })
      },
    }
  }

  function processOf(name: string, machine: string): Process {
    const known = processesByHost.get(name)
    if (known) return known
    const process: Process = { name, machine, acceptsByPort: new Map(), isDead: false }
    processesByHost.set(name, process)
    return process
  }

  function pairs(): (readonly [End, End])[] {
    return [...dialledEnds].flatMap((end) => {
      const other = others.get(end)
      return other ? [[end, other] as const] : []
    })
  }

  function between(one: string, other: string): (readonly [End, End])[] {
    const wanted = pairOf(one, other)
    return pairs().filter(([near, far]) => pairOf(near.process.name, far.process.name) === wanted)
  }

  /** What a partition held arrives late, or TCP has given up meanwhile. */
  function resume(pair: readonly [End, End]): void {
    const isFlushed = random() < 0.5
    counters[isFlushed ? 'flushed' : 'broken'] += 1
    if (!isFlushed) return giveUp(pair)
    for (const end of pair) {
      for (; end.held > 0; end.held -= 1) after(draw(), () => arrive(end))
    }
  }

  function giveUp(pair: readonly [End, End]): void {
    for (const end of pair) {
      end.held = 0
      drop(end, 0)
      after(draw(), () => finish(end, 'timeout'))
    }
  }

  return {
    counters,
    host(name, { machine = name } = {}) {
      const process = processOf(name, machine)
      return {
        listen: async (_host, ports, accept) => listen(process, ports, accept),
        dial: (address, signal) => dial(process, address, signal),
      }
    },
    partition(groups) {
      groupByHost = new Map(groups.flatMap((group, index) => group.map((name) => [name, index])))
    },
    part(one, other) {
      parted.add(pairOf(one, other))
      if (random() < 0.6) for (const pair of between(one, other)) giveUp(pair)
    },
    shield(machine, isShielded) {
      if (isShielded) shielded.add(machine)
      else shielded.delete(machine)
    },
    isOutOfReach: (one, other) => one !== other && shielded.has(one) && shielded.has(other),
    heal() {
      parted.clear()
      groupByHost = new Map()
      for (const pair of pairs()) if (pair[0].held + pair[1].held > 0) resume(pair)
    },
    cut(one, other) {
      counters.cuts += 1
      for (const end of between(one, other).flat()) end.isCut = true
    },
    kill(name) {
      const process = processesByHost.get(name)
      if (!process) return
      counters.kills += 1
      process.isDead = true
      process.acceptsByPort.clear()
      processesByHost.delete(name)
      for (const end of pairs().flat()) {
        if (end.process !== process || end.overReason !== undefined) continue
        end.overReason = 'killed'
        dropSome(end, 'reset')
      }
      // Nobody is left to notice the end of a wire from a process to itself.
      for (const [dialled, accepted] of pairs()) {
        if (dialled.process === process && accepted.process === process) dialledEnds.delete(dialled)
      }
    },
  }
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one},${other}` : `${other},${one}`
}

function unreachable({ host, port }: Address, cause: Error): MeshError {
  return new MeshError('UNREACHABLE', `No node of this mesh answers at ${host}:${port}.`, {
    hint: 'Run `mesh doctor` at both ends.',
    cause,
  })
}
