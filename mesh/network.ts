import { MeshError } from '../state/errors.ts'

/** Where a node can be reached. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** What a wire tells its holder. */
export interface WireEvents {
  frame(text: string): void
  /** Called exactly once, whoever closed and why. */
  closed(reason: string): void
}

/**
 * One authenticated, encrypted, ordered connection that carries text frames.
 * Having a wire proves that the other end holds a mesh key; nothing more.
 */
export interface Wire {
  readonly side: 'dialled' | 'accepted'
  readonly remote: Address
  /** Both ends are on this machine. */
  readonly loopback: boolean
  /** 32 bytes that both ends of this very connection derive and nobody else (TLS exporter). */
  readonly binding: Uint8Array
  /** The mesh key with which the handshake was made. */
  readonly epoch: number
  /** That key has been replaced: having it proves nothing any more. Absent where keys never change. */
  readonly isOutdated?: boolean
  /** Bytes handed to `send` that the other end has not taken yet. */
  readonly bufferedBytes: number
  /** Starts delivery. Frames that came before are delivered first, in order. */
  open(events: WireEvents): void
  /** Queues a frame. Silently dropped when the wire is closed. */
  send(text: string): void
  /** Closes after what was sent; `reason` travels to the other end (at most 100 ASCII characters). */
  close(reason: string): void
  /** Ends at once, dropping what is buffered. */
  terminate(reason: string): void
}

/** A place where wires are accepted. */
export interface Listener {
  readonly address: Address
  close(): Promise<void>
}

/**
 * How bytes travel. The real one is WebSocket over TLS 1.3 with a pre-shared key; the
 * simulator has its own. Failures of `dial` are `MeshError` UNREACHABLE, whose `cause` carries
 * the system's code.
 */
export interface Network {
  /** Accepts wires on `host`, at the first free port of `ports` (0 = any). */
  listen(host: string, ports: readonly number[], accept: (wire: Wire) => void): Promise<Listener>
  dial(address: Address, signal: AbortSignal): Promise<Wire>
}

/** Largest frame, in UTF-8 bytes, after the hello; what is bigger ends the wire. */
export const frameBytesMax = 1_048_576
/** Largest first frame. */
export const helloBytesMax = 4_096

/** Whether an address leads to this very machine, whoever reads it. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
}

/** A reason as it may travel, whoever wrote it: at most 100 printable ASCII characters. */
export function printable(reason: string): string {
  return reason.replace(/[^ -~]/g, '?').slice(0, 100)
}

/** What failing to reach somebody is reported as. */
export function unreachable({ host, port }: Address, cause: unknown): MeshError {
  const hint = 'Run `mesh doctor` at both ends.'
  const what = `No node of this mesh answers at ${host}:${port}.`
  return new MeshError('UNREACHABLE', what, { hint, cause })
}
