import { z } from 'zod'
import type { DeviceId, PeerId } from './ids.ts'
import type { Rec } from './records.ts'
import { deviceOf } from './signatures.ts'

/** What the operator's seat of a device says of itself under `operator/<device>/<peer>`. */
const operatorRecord = z.object({
  /** Name of the machine, for people. */
  host: z.string().max(255),
})

/** The operator's seat of one device. */
export interface Operator {
  readonly peer: PeerId
  readonly device: DeviceId
  readonly host: string
}

/** Where the operator's seat of a device declares itself in the directory. */
export function operatorKey(device: DeviceId, peer: PeerId): string {
  return `operator/${device}/${peer}`
}

/**
 * The operators of a mesh, one for each device: the one that the device declared last, since a
 * device that lost its operator's seat makes a new one. A pure function of the records.
 */
export function operatorsOf(
  list: (prefix: string) => readonly Rec[],
): ReadonlyMap<PeerId, Operator> {
  const lastByDevice = new Map<string, Rec>()
  for (const rec of list('operator/')) {
    const device = deviceOf(rec.device)
    const last = lastByDevice.get(device)
    const isDeclared = rec.key === operatorKey(device, rec.by)
    if (isDeclared && operatorRecord.safeParse(rec.value).success && isLater(rec, last)) {
      lastByDevice.set(device, rec)
    }
  }
  return new Map(
    [...lastByDevice].map(([device, { by, value }]) => {
      const { host } = operatorRecord.parse(value)
      return [by, { peer: by, device: device as DeviceId, host }]
    }),
  )
}

/** What the operator of another device is called; ours is simply `operator`. */
export function operatorName({ host }: Operator): string {
  const said = host.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '')
  return `operator-${said || 'elsewhere'}`.slice(0, 32)
}

function isLater(rec: Rec, last: Rec | undefined): boolean {
  if (!last) return true
  return rec.at > last.at || (rec.at === last.at && rec.by < last.by)
}
