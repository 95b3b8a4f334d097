import { approvalsOf } from '../../state/approvals.ts'
import { topicsIn } from '../../state/decisionTopics.ts'
import type { Desk } from '../../state/desk.ts'
import { lobby } from '../../state/groups.ts'
import { type HybridTime, msToHybrid } from '../../state/hybrid.ts'
import type { ObjectId } from '../../state/ids.ts'
import { mayVote, motionsOf, proposalsOf } from '../../state/proposals.ts'
import { anyOperator } from '../../state/requests.ts'
import { fromJson } from '../../state/store.ts'
import type { TaskStanding } from '../../state/taskHistory.ts'
import { boardOf } from '../../state/tasks.ts'
import { verificationsOf } from '../../state/verifications.ts'
import type { Seat } from './meshWorld.ts'
import type { WorkStage } from './workDeeds.ts'

/** Complains of every notice that is told a second time. Only a disk that went back excuses that. */
export function watchNotices({ world, promises, count }: WorkStage): void {
  const toldBySeat = new Map<Seat, Set<string>>()
  world.onNotice((seat, id, text) => {
    const told = toldBySeat.get(seat) ?? new Set()
    toldBySeat.set(seat, told)
    if (told.has(id) && !promises.hasGoneBack(seat)) world.fault(`${seat.host} is told ${id} again`)
    told.add(id)
    count(`told ${kindOf(id)}`)
    if (text.startsWith('Correction')) count('outcomes changed')
  })
}

/** `task/<id>/lost/...` to `task lost`; other notices are of one kind each. */
function kindOf(id: string): string {
  const parts = id.split('/')
  const isOfWork = /^(?:task|decision|proposal|approval|verification)$/.test(parts[0] ?? '')
  if (!isOfWork) return 'otherwise'
  const word = parts[0] === 'decision' ? parts.at(-1) : parts[2]
  return `${parts[0]} ${word}`
}

/** A notice that somebody should have been told and was not; undefined when there is none. */
export function untold({ world, counts }: WorkStage): string | undefined {
  for (const seat of world.all) {
    const { disk, host, process } = seat
    const wanted = process?.mesh.look((desk) => expectedOf(desk), lobby) ?? []
    const sinceMs = Number(fromJson(disk.get(`joined/${lobby}`) ?? new Uint8Array()))
    const isExcused = ({ at, byClock }: Wanted) =>
      (at !== undefined && at < msToHybrid(sinceMs)) || (byClock && (counts['jump'] ?? 0) > 0)
    const told = disk.range('told/', 'told/~').map(([key]) => key.slice('told/'.length))
    const missing = wanted.find(
      (each) => !told.some((id) => isTold(each.id, id)) && !isExcused(each),
    )
    if (missing) return `${host} was never told ${missing.id}`
    const wrong = process?.mesh.look((desk) => surplusOf(desk, told), lobby)
    if (wrong) return `${host} was told too often: ${wrong}`
  }
  return undefined
}

/** A notice that somebody should have been told. With a moment, unless it was before it came. */
interface Wanted {
  readonly id: string
  readonly at?: HybridTime
  /** Only while clocks agreed: it follows from whose moment was earlier. */
  readonly byClock?: boolean
}

/** What ends in a slash may go on. */
function isTold(wanted: string, id: string): boolean {
  return wanted.endsWith('/') ? id.startsWith(wanted) : id === wanted
}

/** What a peer should have been told, by how things stand. */
function expectedOf(desk: Desk): readonly Wanted[] {
  return [
    ...[...boardOf(desk).values()].flatMap((task) => ofTask(desk, task)),
    ...topicsIn(desk).flatMap((topic) => ofTopic(desk, topic)),
    ...proposalsOf(desk).flatMap((proposal) => ofProposal(desk, proposal)),
    ...ofRequests(desk),
  ]
}

function ofTask(desk: Desk, task: TaskStanding): Wanted[] {
  const { id, assignee, owner, holds, completion, creator, claims } = task
  const wanted: Wanted[] = []
  if (assignee === desk.peer && owner === null && !completion && holds?.by !== desk.peer) {
    wanted.push({ id: `task/${id}/assigned/${holds?.at}` })
  }
  if (completion && creator === desk.peer && completion.by !== desk.peer) {
    wanted.push({ id: `task/${id}/completed/${completion.at}` })
  }
  const claim = claims.get(desk.peer)
  const isItsOwn = completion ? completion.by === desk.peer : owner === desk.peer
  if (claim && !isItsOwn) wanted.push({ id: `task/${id}/lost/${claim.at}` })
  const waitedFor = task.depends_on.map((each) => boardOf(desk).get(each)?.completion?.at)
  const readyAt = Math.max(...waitedFor.map((at) => at ?? Number.NaN))
  const isReady = waitedFor.length > 0 && !completion && readyAt >= (holds?.at ?? Infinity)
  if (isReady && (owner ?? assignee) === desk.peer) {
    wanted.push({ id: `task/${id}/ready/${readyAt}`, at: readyAt, byClock: true })
  }
  return wanted
}

function ofTopic(desk: Desk, topic: ReturnType<typeof topicsIn>[number]): Wanted[] {
  const [newest, second] = topic.heads
  const [revocation] = topic.revocations
  if (newest && second) {
    return [{ id: `decision/${newest.id}/${second.id}/conflict`, at: newest.at }]
  }
  if (newest?.by === desk.peer || (!newest && revocation?.by === desk.peer)) return []
  if (newest) return [{ id: `decision/${newest.id}/posted`, at: newest.at }]
  return revocation ? [{ id: `decision/${revocation.id}/revoked`, at: revocation.at }] : []
}

function ofProposal(desk: Desk, proposal: ReturnType<typeof proposalsOf>[number]): Wanted[] {
  const { id, status, author, votes } = proposal
  const motion = motionsOf(desk).find((each) => each.id === id)
  if (author === desk.peer) {
    // Whoever withdraws it knows.
    return status === 'open' || status === 'withdrawn' ? [] : [{ id: `proposal/${id}/outcome/` }]
  }
  const hasVoted = votes.some(({ peer }) => peer === desk.peer)
  const isAsked = motion && mayVote(desk.peer, motion, desk) && status === 'open' && !hasVoted
  return isAsked ? [{ id: `proposal/${id}/new`, byClock: proposal.deadline !== null }] : []
}

function ofRequests(desk: Desk): Wanted[] {
  const approvals = approvalsOf(desk).map((each) => ({
    ...each,
    kind: 'approval',
    to: each.approver,
  }))
  const verifications = verificationsOf(desk).map((each) => ({
    ...each,
    ...{ kind: 'verification', to: each.verifier },
  }))
  return [...approvals, ...verifications].flatMap(({ id, kind, to, requester, answered_by }) => {
    if (answered_by !== null) {
      return requester === desk.peer ? [{ id: `${kind}/${id}/answer/${answered_by}/` }] : []
    }
    const isAsked = to === desk.peer || (to === anyOperator && desk.isOperator(desk.peer))
    return isAsked ? [{ id: `${kind}/${id}/request` }] : []
  })
}

/** What was told more often than it happened, or differently from how it ended. */
function surplusOf(desk: Desk, told: readonly string[]): string | undefined {
  const toldOf = (prefix: string) => told.filter((id) => id.startsWith(prefix))
  for (const { id } of boardOf(desk).values()) {
    const completions = stepsOf(desk, id).filter((kind) => kind === 'complete').length
    if (toldOf(`task/${id}/completed/`).length > completions) return `task/${id}/completed`
  }
  for (const kind of ['approval', 'verification']) {
    for (const id of new Set(desk.list(`${kind}/`).map(({ key }) => key.split('/')[1]))) {
      const answers = desk.list(`${kind}/${id}/answer/`).length
      if (toldOf(`${kind}/${id}/answer/`).length > answers) return `${kind}/${id}/answer`
    }
  }
  for (const { id, status, author } of proposalsOf(desk)) {
    const outcomes = toldOf(`proposal/${id}/outcome/`)
      .map((each) => each.split('/').slice(3))
      .sort(([left], [right]) => Number(left) - Number(right))
      .map(([, outcome]) => outcome)
    const isRepeated = outcomes.some((outcome, index) => outcome === outcomes[index - 1])
    const last = outcomes.at(-1) ?? status
    // Its time was over by a clock that has been set back since.
    const isEarly = last === 'expired' && status === 'open'
    if (author === desk.peer && (isRepeated || (last !== status && !isEarly))) {
      return `proposal/${id}: ${outcomes}, and it is ${status}`
    }
  }
  return undefined
}

function stepsOf(desk: Desk, id: ObjectId): unknown[] {
  return desk.list(`task/${id}/step/`).map(({ value }) => {
    return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  })
}
