/** One change to the store. */
export type Write =
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: string }

/** Keys from `from` (inclusive) up to `to` (exclusive), in byte order; `limit` counts entries. */
export interface KeyRange {
  readonly from: string
  readonly to: string
  readonly reverse?: boolean
  readonly limit?: number
}

/** One stored pair. */
export type Stored = readonly [key: string, value: Uint8Array]

/**
 * A node's disk, as an ordered map of ASCII keys to bytes.
 *
 * 1. A commit is atomic: all of its writes are there, or none.
 * 2. Commits take effect in the order in which they were called.
 * 3. A durable commit that resolved survives the loss of power.
 * 4. When a commit fails, every commit that was queued behind it fails too, so that
 *    nothing is ever built upon a write that is not there. The next new commit tries again.
 * 5. A read sees every commit that has resolved, and none that has failed.
 *
 * Failures are `MeshError` with code STORE_FAILED or STORE_CLOSED.
 */
export interface Store {
  get(key: string): Promise<Uint8Array | undefined>
  range(range: KeyRange): Promise<readonly Stored[]>
  /** Durable unless told otherwise; `durable: false` is for what peers can give us again. */
  commit(writes: readonly Write[], options?: { readonly durable?: boolean }): Promise<void>
  /** Waits for queued commits, then closes. Idempotent. */
  close(): Promise<void>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A put of a plain JSON value. */
export function putJson(key: string, value: unknown): Write {
  return { kind: 'put', key, value: encoder.encode(JSON.stringify(value)) }
}

/** Reads back what `putJson` wrote; the caller parses it when it did not write it itself. */
export function fromJson(value: Uint8Array): unknown {
  return JSON.parse(decoder.decode(value))
}

/** The range of all keys that begin with `prefix`. Keys are ASCII, so `~` ends every range. */
export function prefixRange(prefix: string): KeyRange {
  return { from: prefix, to: `${prefix}~` }
}

/** A counter as text that sorts like the number; holds every safe integer. */
export function sortable(counter: number): string {
  return counter.toString(36).padStart(11, '0')
}
