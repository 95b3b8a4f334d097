import type { Link } from './link.ts'

/** What has passed over links, as diagnostics show it; bytes are those of the frames' text. */
export interface TrafficCounts {
  readonly bytes_in: number
  readonly bytes_out: number
  readonly frames_in: number
  readonly frames_out: number
}

/** What has passed over one link. */
export function trafficOf({ traffic }: Link): TrafficCounts {
  const { bytesIn, bytesOut, framesIn, framesOut } = traffic
  return { bytes_in: bytesIn, bytes_out: bytesOut, frames_in: framesIn, frames_out: framesOut }
}

/** Counters with what has passed over present links added to what has passed over those that ended. */
export function withTraffic(
  counters: Readonly<Record<string, number>>,
  links: readonly Link[],
): Record<string, number> {
  const sums = { ...counters }
  for (const link of links) {
    for (const [name, amount] of Object.entries(trafficOf(link))) {
      sums[name] = (sums[name] ?? 0) + amount
    }
  }
  return sums
}
