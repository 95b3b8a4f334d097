import { settleClaim } from '../../mesh/claiming.ts'
import { approvalsOf } from '../../state/approvals.ts'
import { canonicalJson } from '../../state/canonical.ts'
import { decisionsOf } from '../../state/decisions.ts'
import type { Desk } from '../../state/desk.ts'
import { toMeshError } from '../../state/errors.ts'
import { groupDocument, lobby } from '../../state/groups.ts'
import type { ObjectId } from '../../state/ids.ts'
import { isPinned } from '../../state/pins.ts'
import { proposalsOf } from '../../state/proposals.ts'
import { reactionsTo } from '../../state/reactions.ts'
import { createTask } from '../../state/taskOperations.ts'
import { boardOf, tasksOf } from '../../state/tasks.ts'
import { verificationsOf } from '../../state/verifications.ts'
import { differenceOfLinks } from './judge.ts'
import type { MeshWorld, Process, Seat } from './meshWorld.ts'
import type { WorkStage } from './workDeeds.ts'
import { untold } from './workNotices.ts'
import { recordsOnDisk, textOfRecords } from './workPromises.ts'

/** Within this time after the storm everything is as it should be. */
const calmMs = 180_000
/** How often that is looked at. */
const lookMs = 1_500
/** How long what has just arrived may take to be told. */
const tellMs = 1_000
/** How long a wire may be dead before both ends have noticed. */
const noticedMs = 50_000
/** Time for a claim to settle, and for its answer. */
const answerMs = 2_000

/**
 * What holds of the shared work of a group when all faults have ended, all seats are filled, all
 * clocks are right and some time has passed:
 *
 * 1. All members and operators hold the same records and read the same from them, in memory as
 *    from disk.
 * 2. Whatever was answered with success is there, unless the disk of its writer went back in time and
 *    no other disk had it.
 * 3. Whoever was told that it owns a task does, or completed it, or was told that it no longer does.
 * 4. Everybody was told what it should be told, and nothing twice (`workNotices.ts`).
 * 5. Of those who claim one task at once, one gets it, and the others learn who.
 */
export async function judgeWork(stage: WorkStage): Promise<void> {
  const { world, promises, count } = stage
  if (!(await becomesTrue(world, () => differenceIn(world)))) return
  for (const { seat, group, rec, isExcused } of promises.all) {
    if (isExcused) count('excused work')
    else if (group === lobby) judgePromise(stage, seat, rec)
  }
  await world.scheduler.run(tellMs)
  await becomesTrue(world, () => untold(stage))
  for (const [seat, id] of stage.owning.all()) judgeOwner(stage, seat, id)
  // Whoever is linked by a wire that was cut untold notices when a ping is not answered.
  if (stage.counts['cut']) await world.scheduler.run(noticedMs)
  if (!(await becomesTrue(world, () => differenceIn(world)))) return
  await judgeRace(stage)
  countConflicts(stage)
}

/** Looks until nothing is wrong; says what is when the time is over. */
export async function becomesTrue(
  world: MeshWorld,
  wrong: () => string | undefined | Promise<string | undefined>,
): Promise<boolean> {
  let found: string | undefined = 'nobody looked'
  for (let waitedMs = 0; waitedMs < calmMs; waitedMs += lookMs) {
    found = await wrong()
    if (found === undefined) return true
    await world.scheduler.run(lookMs)
  }
  world.fault(`after ${calmMs} ms of calm: ${found}`)
  return false
}

async function differenceIn(world: MeshWorld): Promise<string | undefined> {
  return (await differenceOfLinks(world)) ?? differenceOfReplicas(world.all, lobby)
}

/** How those who hold the document of a group differ in what they hold, or what they read. */
export function differenceOfReplicas(holders: readonly Seat[], group: string): string | undefined {
  const texts = holders.map((seat) => {
    const records = processOf(seat).mesh.look((desk) => desk.list(''), group)
    return textOfRecords(records)
  })
  const other = holders.find((_, index) => texts[index] !== texts[0])
  const [first] = holders
  if (other) return `the records of ${first?.host} and ${other.host} in ${group} differ`
  const views = holders.map((seat) => processOf(seat).mesh.look(viewsOf, group))
  const stranger = holders.find((_, index) => views[index] !== views[0])
  if (stranger) return `${first?.host} and ${stranger.host} read the same records differently`
  for (const [index, seat] of holders.entries()) {
    const records = recordsOnDisk(seat, groupDocument(group))
    if (textOfRecords(records.values()) !== texts[index]) {
      return `the disk of ${seat.host} does not hold what it reads in ${group}`
    }
    const fresh = processOf(seat).mesh.look((desk) => viewsOf(afresh(desk, records)), group)
    if (fresh !== views[0]) return `${seat.host} reads from disk what it does not read in memory`
  }
  return undefined
}

/** A desk with the same records, that nobody has read anything from yet. */
function afresh(desk: Desk, records: ReturnType<typeof recordsOnDisk>): Desk {
  const sorted = [...records.values()]
  return {
    ...desk,
    list: (prefix) => sorted.filter(({ key }) => key.startsWith(prefix)),
    get: (key) => records.get(key),
  }
}

/** Everything that can be read from the work of a group, as one text. */
function viewsOf(desk: Desk): string {
  const second = (prefix: string) =>
    [...new Set(desk.list(prefix).map(({ key }) => key.split('/')[1] as ObjectId))].sort()
  return canonicalJson({
    tasks: tasksOf(desk),
    decisions: decisionsOf(desk, { includeRevoked: true, withHistory: true }),
    proposals: proposalsOf(desk),
    verifications: verificationsOf(desk),
    approvals: approvalsOf(desk),
    reactions: second('reaction/').map((id) => [id, reactionsTo(id, desk)]),
    pins: second('pin/').filter((id) => isPinned(id, desk.list)),
  })
}

type Rec = WorkStage['promises']['all'][number]['rec']

function judgePromise({ world }: WorkStage, seat: Seat, rec: Rec): void {
  const found = processOf(seat).mesh.look((desk) => desk.get(rec.key), lobby)
  if (!found || found.at < rec.at) return world.fault(`${rec.key} of ${seat.host} is gone`)
  const isSame = canonicalJson(found.value) === canonicalJson(rec.value)
  if (found.at === rec.at && !isSame) world.fault(`${rec.key} of ${seat.host} is another`)
}

function judgeOwner({ world, promises }: WorkStage, seat: Seat, id: ObjectId): void {
  const { mesh } = processOf(seat)
  const task = mesh.look((desk) => boardOf(desk).get(id), lobby)
  const isOwner = task?.owner === seat.peer || task?.completion?.by === seat.peer
  const wasTold = seat.disk.range(`told/task/${id}/lost/`, `told/task/${id}/lost/~`).length > 0
  if (isOwner || wasTold || promises.hasGoneBack(seat)) return
  if (!task && promises.all.some(({ rec, isExcused }) => isExcused && rec.key.includes(id))) return
  world.fault(`${seat.host} still believes that it owns ${id}`)
}

/** Everybody claims a fresh task at the same moment, while nothing is in the way. */
async function judgeRace({ world, count }: WorkStage): Promise<void> {
  const { seats, scheduler } = world
  const [first] = seats
  if (!first) return
  const made = processOf(first).mesh.work(createTask({ title: 'who is first?' }))
  await scheduler.run(answerMs)
  const { id } = await made
  const claims = seats.map((seat) => settleClaim(processOf(seat).mesh, { task_id: id }))
  const [answers] = await Promise.all([Promise.allSettled(claims), scheduler.run(answerMs)])
  const winners = seats.filter((_, index) => answers[index]?.status === 'fulfilled')
  if (winners.length !== 1) world.fault(`${winners.length} seats won ${id}`)
  for (const [index, seat] of seats.entries()) {
    const answer = answers[index]
    const task = processOf(seat).mesh.look((desk) => tasksOf(desk).find((each) => each.id === id))
    if (task?.owner !== winners[0]?.peer) world.fault(`${seat.host} sees another owner of ${id}`)
    if (answer?.status !== 'rejected') continue
    const { code } = toMeshError(answer.reason)
    if (code !== 'TASK_TAKEN') world.fault(`${seat.host} was refused ${id} with ${code}`)
    count('lost a race in calm')
  }
}

/** Counts what of the final records shows that people were at odds. */
function countConflicts({ world, count }: WorkStage): void {
  const [seat] = world.operators
  if (!seat) return
  processOf(seat).mesh.look((desk) => {
    for (const { conflict } of decisionsOf(desk)) if (conflict) count('decisions in conflict')
    const answers = desk.list('approval/').concat(desk.list('verification/'))
    const answered = answers
      .map(({ key }) => key.split('/'))
      .filter(([, , part]) => part === 'answer')
    const ids = answered.map(([, id]) => id)
    count('answered by two', ids.length - new Set(ids).size)
  }, lobby)
}

/** Who sits there now. Fails when nobody does. */
export function processOf({ host, process }: Seat): Process {
  if (!process?.isJoined) throw new Error(`${host} is not there`)
  return process
}
