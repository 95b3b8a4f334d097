import {
  type Directory,
  directoryName,
  findGroup,
  groupDocument,
  groupOf,
  lobby,
} from '../../state/groups.ts'
import { operatorsOf } from '../../state/operators.ts'
import { holds } from './account.ts'
import type { MeshWorld, Seat } from './meshWorld.ts'
import type { SealedStage } from './sealedDeeds.ts'
import { becomesTrue, differenceOfReplicas, processOf } from './workJudge.ts'
import { recordsOnDisk, textOfRecords } from './workPromises.ts'

/**
 * What holds of groups when all faults have ended, all seats are filled and some time has passed:
 *
 * 1. No session ever heard, or holds, what was said in a sealed group in which it never was.
 * 2. All nodes have the same directory, and stand where it says. Whoever shares a group agrees on its
 *    records and reads the same from them.
 * 3. Whoever is in one circle sees each other there, nobody else, and by one name each; no two have
 *    the same.
 * 4. What was accepted for one peer is with it, however often either was moved meanwhile.
 * 5. What was done in a group by somebody who is there is there.
 */
export async function judgeSealed(stage: SealedStage): Promise<void> {
  const { world, marks, count } = stage
  const isCalm = await becomesTrue(world, async () => {
    return (await differenceIn(world)) ?? missingMail(stage)
  })
  for (const leak of marks.leaks()) world.fault(leak)
  const { made, heard } = marks.counts()
  count('marked', made)
  count('marks heard', heard)
  count('mail arrived', stage.account.accepted.length)
  if (isCalm) judgeWork(stage)
}

async function differenceIn(world: MeshWorld): Promise<string | undefined> {
  const { all, seats, network, operators } = world
  for (const { host, device, process, peer } of all) {
    if (!process?.isJoined) return `${host} is not there`
    const near = all.filter((other) => !network.isOutOfReach(device.name, other.device.name))
    const { links } = await process.mesh.status()
    const linked = new Set([peer, ...links.map((link) => link.peer)])
    if (linked.size !== near.length) return `${host} is linked to ${[...linked]}`
  }
  const texts = all.map((seat) => textOfRecords(recordsOnDisk(seat, directoryName).values()))
  const other = all.find((_, index) => texts[index] !== texts[0])
  if (other) return `the directories of seat0 and ${other.host} differ`
  const map = mapOf(world)
  for (const seat of seats) {
    const stand = processOf(seat).mesh.look((desk) => desk.group)
    if (stand !== map.groupOf(seat)) return `${seat.host} stands in ${stand}`
  }
  for (const group of map.groups) {
    const members = seats.filter((seat) => map.isHeld(seat, group))
    const difference = differenceOfReplicas([...members, ...operators], group)
    if (difference) return difference
  }
  return differenceOfNames(world, map)
}

/** Where everybody is by the directory, which is the same everywhere. */
interface GroupMap {
  readonly groups: readonly string[]
  groupOf(seat: Seat): string
  circleOf(seat: Seat): string
  /** Whether a seat has to hold the document of a group. */
  isHeld(seat: Seat, group: string): boolean
}

function mapOf({ all }: MeshWorld): GroupMap {
  const records = all[0] ? [...recordsOnDisk(all[0], directoryName).values()] : []
  const list = (prefix: string) => records.filter(({ key }) => key.startsWith(prefix))
  const operators = operatorsOf(list)
  const directory: Directory = { list, isOperator: (peer) => operators.has(peer) }
  const place = ({ peer }: Seat) => groupOf(peer, directory)
  const circleOf = (seat: Seat) =>
    findGroup(place(seat), directory)?.isSealed ? place(seat) : lobby
  return {
    circleOf,
    groups: [lobby, ...new Set(list('group/').map(({ key }) => key.split('/')[1] ?? lobby))],
    groupOf: place,
    isHeld: (seat, group) => place(seat) === group || circleOf(seat) === group,
  }
}

function differenceOfNames({ seats }: MeshWorld, map: GroupMap): string | undefined {
  const namesByCircle = new Map<string, string>()
  for (const seat of seats) {
    const { self, peers } = processOf(seat).mesh.peers({ offline: true })
    const circle = map.circleOf(seat)
    const expected = seats.filter((each) => map.circleOf(each) === circle).map(({ peer }) => peer)
    const names = [self, ...peers].map(({ id, name }) => `${id} ${name.toLowerCase()}`).sort()
    const seen = [self, ...peers].map(({ id }) => id).sort()
    if (String(seen) !== String(expected.sort())) return `${seat.host} sees ${seen} in ${circle}`
    if (new Set([self, ...peers].map(({ name }) => name.toLowerCase())).size < names.length) {
      return `two are called the same in ${circle}: ${names}`
    }
    if (self.id === self.name) return `${seat.host} has no name`
    const before = namesByCircle.get(circle) ?? String(names)
    if (before !== String(names)) return `${seat.host} names those of ${circle} differently`
    namesByCircle.set(circle, before)
  }
  return undefined
}

/** What was accepted for somebody who does not have it, or has it and was never shown it. */
function missingMail({ account }: SealedStage): string | undefined {
  for (const { id, from, to } of account.accepted) {
    for (const seat of to) {
      if (!holds(seat, id)) return `${id} from ${from.host} is not at ${seat.host}`
      const isWaiting = seat.disk.range('in/', 'in/~').some(([, item]) => textOf(item).includes(id))
      if (isWaiting || account.of(seat).attempted.has(id)) continue
      return `${id} from ${from.host} was never shown at ${seat.host}`
    }
  }
  return undefined
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString()
}

/** What somebody did in a group and could not tell there before it was moved stays on its own disk. */
function judgeWork({ world, promises, count }: SealedStage): void {
  const map = mapOf(world)
  const [archive] = world.operators
  if (!archive) return
  const held = new Map(
    map.groups.map((group) => [group, recordsOnDisk(archive, groupDocument(group))]),
  )
  for (const { seat, group, rec } of promises.all) {
    const found = held.get(group)?.get(rec.key)
    if (found && found.at >= rec.at) count('work kept')
    else if (!world.seats.includes(seat) || map.groupOf(seat) === group) {
      world.fault(`${rec.key} of ${seat.host} in ${group} is gone`)
    } else count('work stranded')
  }
}
