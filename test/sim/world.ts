/** Everything that happens in a simulated world happens by this one queue: clocks, networks, disks. */
export interface Scheduler {
  /** Milliseconds since the world began. */
  elapsed(): number
  after(ms: number, callback: () => void): () => void
  /** A seeded number in [0, 1). */
  chance(): number
  /** Runs what is due within the next `ms`, letting promises settle between events. */
  run(ms: number): Promise<void>
  /** Runs until `isTrue`, at most `ms`; answers whether it became true. */
  until(isTrue: () => boolean, ms: number): Promise<boolean>
  readonly events: () => number
}

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly callback: () => void
  isCancelled: boolean
}

/** Makes a world from a seed. The same seed makes the same storm. */
export function createScheduler(seed: number): Scheduler {
  const heap: Timer[] = []
  const chance = createChance(seed)
  let nowMs = 0
  let order = 0
  let events = 0

  function push(timer: Timer): void {
    heap.push(timer)
    let index = heap.length - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(heap, index, parent)) break
      swap(heap, index, parent)
      index = parent
    }
  }

  function pop(): Timer | undefined {
    const top = heap[0]
    const last = heap.pop()
    if (!top || !last || heap.length === 0) return top
    heap[0] = last
    for (let index = 0; ; ) {
      const left = index * 2 + 1
      let least = index
      if (left < heap.length && isBefore(heap, left, least)) least = left
      if (left + 1 < heap.length && isBefore(heap, left + 1, least)) least = left + 1
      if (least === index) return top
      swap(heap, index, least)
      index = least
    }
  }

  async function until(isTrue: () => boolean, ms: number): Promise<boolean> {
    const endMs = nowMs + ms
    await drain()
    while (!isTrue()) {
      const next = heap[0]
      if (!next || next.atMs > endMs) {
        nowMs = endMs
        return isTrue()
      }
      pop()
      if (next.isCancelled) continue
      nowMs = next.atMs
      events += 1
      next.callback()
      await drain()
    }
    return true
  }

  return {
    elapsed: () => nowMs,
    chance,
    until,
    run: async (ms) => void (await until(() => false, ms)),
    events: () => events,
    after(ms, callback) {
      order += 1
      const timer = { atMs: nowMs + Math.max(0, ms), order, callback, isCancelled: false }
      push(timer)
      return () => {
        timer.isCancelled = true
      }
    },
  }
}

/** A seeded source of numbers in [0, 1): mulberry32, by Tommy Ettinger (public domain). */
export function createChance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Lets every promise that can settle settle, before the next event. */
function drain(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isBefore(heap: readonly Timer[], one: number, other: number): boolean {
  const [left, right] = [heap[one], heap[other]]
  if (!left || !right) return false
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)
}

function swap(heap: Timer[], one: number, other: number): void {
  const [left, right] = [heap[one], heap[other]]
  if (!left || !right) return
  heap[one] = right
  heap[other] = left
}
