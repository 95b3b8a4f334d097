import { settleClaim } from '../../mesh/claiming.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { approvalsOf, requestApproval, respondApproval } from '../../state/approvals.ts'
import { postDecision, revokeDecision } from '../../state/decisionOperations.ts'
import { decisionsOf } from '../../state/decisions.ts'
import type { Desk, Operation } from '../../state/desk.ts'
import { toMeshError } from '../../state/errors.ts'
import type { ObjectId } from '../../state/ids.ts'
import { pin } from '../../state/pins.ts'
import { createProposal, voteProposal } from '../../state/proposalOperations.ts'
import { proposalsOf } from '../../state/proposals.ts'
import { emojis, react } from '../../state/reactions.ts'
import { anyOperator } from '../../state/requests.ts'
import { claimTask, completeTask, createTask } from '../../state/taskOperations.ts'
import { type Task, tasksOf } from '../../state/tasks.ts'
import {
  requestVerification,
  respondVerification,
  verificationsOf,
} from '../../state/verifications.ts'
import type { Stage } from './deeds.ts'
import type { Seat } from './meshWorld.ts'
import type { Action } from './plan.ts'
import type { WorkKind } from './workPlan.ts'
import type { Promises } from './workPromises.ts'

/** What deeds on shared work act on. */
export interface WorkStage extends Stage {
  readonly promises: Promises
  /** Who was told that it owns a task, and has not given it back. */
  readonly owning: Owning
  /** A text as somebody says it who stands where that seat stands. */
  wordOf(seat: Seat): string
}

/** Who was told that it owns which task. */
export interface Owning {
  all(): readonly (readonly [Seat, ObjectId])[]
  begin(seat: Seat, task: ObjectId): void
  end(seat: Seat, task: ObjectId): void
}

interface Deed {
  readonly stage: WorkStage
  /** Who acts. */
  readonly seat: Seat
  readonly other: Seat
  /** One more number from 0 to 1, to pick with. */
  readonly pick: number
}

/** Does what a plan says of shared work, and counts it when somebody was there to do it. */
export function workOn(
  stage: WorkStage,
  [, kind, seatIndex, otherIndex, amount]: Action<WorkKind>,
): void {
  const seat = stage.world.seats[seatIndex]
  const other = stage.world.seats[otherIndex]
  if (!seat || !other) return
  const actor = amount < 0.2 ? seat.device.operator : seat
  if (!actor.process?.isJoined) return
  stage.count(kind)
  deeds[kind]({ stage, seat: actor, other, pick: (amount * 997) % 1 })
}

/** What each kind does. */
const deeds: Record<WorkKind, (deed: Deed) => void> = {
  create(deed) {
    const { stage, seat, other, pick } = deed
    const known = picked(
      view(seat, tasksOf).filter(({ status }) => status !== 'completed'),
      (pick * 3) % 1,
    )
    run(deed, 'created', (mesh) =>
      mesh.work(
        createTask({
          title: stage.wordOf(seat),
          ...(pick < 0.5 ? { assignee: other.peer } : {}),
          ...((pick * 10) % 1 > 0.5 && known ? { depends_on: [known.id] } : {}),
        }),
      ),
    )
  },
  claim: (deed) => claim(deed, openTask(deed)),
  race(deed) {
    const task = openTask(deed)
    for (const seat of deed.stage.world.seats) claim({ ...deed, seat }, task)
  },
  release(deed) {
    const { seat } = deed
    const mine = view(seat, tasksOf).filter(({ owner, status }) => owner && status !== 'completed')
    const own = picked(
      mine.filter(({ owner }) => owner === seat.peer),
      deed.pick,
    )
    release(deed, own ?? picked(mine, deed.pick))
  },
  assign(deed) {
    const task = openTask(deed)
    if (!task) return
    const assignee = deed.other.peer
    run(deed, 'assigned', (mesh) => mesh.work(claimTask({ task_id: task.id, assignee })))
  },
  complete(deed) {
    const { stage, seat, pick } = deed
    const open = view(seat, tasksOf).filter(({ status }) => status !== 'completed')
    const isOperator = stage.world.operators.some((each) => each === seat)
    const mine = open.filter((each) => isOperator || isOf(seat, each))
    const waited = mine.filter(({ id }) => open.some(({ depends_on }) => depends_on.includes(id)))
    const task = picked([...waited, ...waited, ...mine], pick) ?? picked(open, pick)
    if (!task) return
    run(deed, 'completed', async (mesh) => {
      await mesh.work(completeTask({ task_id: task.id, result: deed.stage.wordOf(seat) }))
      deed.stage.owning.end(seat, task.id)
    })
  },
  decide: (deed) => decide(deed),
  clash(deed) {
    for (const seat of deed.stage.world.seats.slice(0, 3)) decide({ ...deed, seat })
  },
  revoke(deed) {
    const decision = picked(
      view(deed.seat, (desk) => decisionsOf(desk)),
      deed.pick,
    )
    if (!decision) return
    const reason = deed.stage.wordOf(deed.seat)
    run(deed, 'revoked', (mesh) => mesh.work(revokeDecision({ key: decision.key, reason })))
  },
  propose(deed) {
    const { stage, seat, pick } = deed
    const title = stage.wordOf(seat)
    run(deed, 'proposed', (mesh) =>
      mesh.work(
        createProposal({
          title,
          ...(pick < 0.5 ? { deadline_minutes: (0.5 + pick * 16) / 60 } : {}),
          ...(pick > 0.8 ? { required_votes: 1 + Math.floor(pick * 2) } : {}),
        }),
      ),
    )
  },
  vote: (deed) => vote(deed, motionFor(deed)),
  ballot(deed) {
    const motion = motionFor(deed)
    const { seats, operators } = deed.stage.world
    for (const [index, seat] of [...seats, ...operators].entries()) {
      vote({ ...deed, seat, pick: (deed.pick * (index + 3)) % 1 }, motion)
    }
  },
  withdraw(deed) {
    const open = view(deed.seat, proposalsOf).filter(({ status }) => status === 'open')
    const own = open.find(({ author }) => author === deed.seat.peer)
    if (!own) return
    run(deed, 'withdrawn', (mesh) =>
      mesh.work(voteProposal({ proposal_id: own.id, vote: 'withdraw' })),
    )
  },
  verify(deed) {
    const claimed = deed.stage.wordOf(deed.seat)
    const to = whom(deed)
    run(deed, 'asked to verify', (mesh) =>
      mesh.work(requestVerification({ to, claim: claimed, evidence_needed: 'a log' })),
    )
  },
  verdict(deed) {
    const pending = view(deed.seat, verificationsOf).filter(({ status }) => status === 'pending')
    const wanted = picked(pending, deed.pick)
    for (const seat of answerersOf(deed, wanted?.verifier)) {
      const response = deed.stage.wordOf(seat)
      const status = seat.index % 2 === 0 ? 'verified' : 'failed'
      run({ ...deed, seat }, 'verified', (mesh) =>
        mesh.work(respondVerification({ verification_id: wanted?.id ?? '', status, response })),
      )
    }
  },
  ask(deed) {
    const action = deed.stage.wordOf(deed.seat)
    const approver = whom(deed)
    run(deed, 'asked to approve', (mesh) => mesh.work(requestApproval({ approver, action })))
  },
  answer(deed) {
    const pending = view(deed.seat, approvalsOf).filter(({ status }) => status === 'pending')
    const wanted = picked(pending, deed.pick)
    for (const seat of answerersOf(deed, wanted?.approver)) {
      const reason = deed.stage.wordOf(seat)
      const approved = seat.index % 2 === 0
      run({ ...deed, seat }, 'answered', (mesh) =>
        mesh.work(respondApproval({ approval_id: wanted?.id ?? '', approved, reason })),
      )
    }
  },
  react(deed) {
    const message = messageFor(deed)
    const emoji = emojis[Math.floor(deed.pick * emojis.length)] ?? emojis[0]
    const remove = deed.pick > 0.7
    if (message) run(deed, 'reacted', (mesh) => mesh.work(react({ message, emoji, remove })))
  },
  pin(deed) {
    const message = messageFor(deed)
    if (message) run(deed, 'pinned', (mesh) => mesh.work(pin(message, deed.pick < 0.7)))
  },
}

function isOf({ peer }: Seat, { creator, owner }: Task): boolean {
  return creator === peer || owner === peer
}

/** Claims a task as the tool does. */
function claim(deed: Deed, task: Task | undefined): void {
  const { stage, seat } = deed
  if (!task) return
  run(deed, 'claimed', async (mesh) => {
    await settleClaim(mesh, { task_id: task.id })
    stage.owning.begin(seat, task.id)
  })
}

function release(deed: Deed, task: Task | undefined): void {
  if (!task) return
  const { stage, seat } = deed
  run(deed, 'released', async (mesh) => {
    await settleClaim(mesh, { task_id: task.id, release: true })
    stage.owning.end(seat, task.id)
  })
}

function decide(deed: Deed): void {
  const { stage, seat, pick } = deed
  const key = `key ${Math.floor(pick * 4)}`
  const value = stage.wordOf(seat)
  run(deed, 'decided', (mesh) => mesh.work(postDecision({ key, value, rationale: value })))
}

function vote(deed: Deed, motion: { readonly id: ObjectId } | undefined): void {
  if (!motion) return
  const { stage, seat } = deed
  const said = deed.pick < 0.6 ? 'approve' : 'reject'
  const reason = stage.wordOf(seat)
  run(deed, 'voted', (mesh) =>
    mesh.work(voteProposal({ proposal_id: motion.id, vote: said, reason })),
  )
}

/** Mostly one that is open; the others are voted on too late. */
function motionFor({ seat, pick }: Deed): { readonly id: ObjectId } | undefined {
  const all = view(seat, proposalsOf)
  const open = all.filter(({ status }) => status === 'open')
  return picked(pick < 0.85 && open.length > 0 ? open : all, (pick * 7) % 1)
}

function openTask({ seat, pick }: Deed): Task | undefined {
  const open = view(seat, tasksOf).filter(({ status }) => status !== 'completed')
  const ready = open.filter(({ status }) => status === 'ready')
  return picked(ready.length > 0 ? ready : open, pick)
}

function messageFor({ stage, pick }: Deed): ObjectId | undefined {
  return picked(stage.account.accepted, pick)?.id as ObjectId | undefined
}

function whom({ other, pick }: Deed): string {
  return pick < 0.4 ? anyOperator : other.peer
}

/** Whoever may answer does, or one of them. */
function answerersOf({ stage, seat, pick }: Deed, asked: string | undefined): readonly Seat[] {
  if (asked === undefined) return []
  const { all, operators } = stage.world
  const may = all.filter((each) => each.peer === asked || operators.some((one) => one === each))
  return pick < 0.5 ? may : may.filter((each) => each === seat || each.peer === asked).slice(0, 1)
}

function picked<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[Math.floor(pick * items.length)]
}

/** What a seat sees; nothing while nobody sits there. */
function view<Item>(seat: Seat, look: (desk: Desk) => readonly Item[]): readonly Item[] {
  return seat.process?.isJoined ? seat.process.mesh.look(look) : []
}

/** Runs one operation; what it wrote is promised when it succeeds, and else only a refusal may come. */
function run(
  { stage, seat }: Deed,
  name: string,
  operate: (mesh: Pick<Mesh, 'work' | 'look'>) => Promise<unknown>,
): void {
  const mesh = seat.process?.isJoined ? seat.process.mesh : undefined
  if (!mesh) return
  const look: Mesh['look'] = (looking, group) => mesh.look(looking, group)
  operate({ look, work: (operation, group) => promising({ stage, seat, mesh }, operation, group) })
    .then(() => stage.count(name))
    .catch((thrown: unknown) => {
      const error = toMeshError(thrown)
      stage.count(`${name}: ${error.code}`)
      if (error.code !== 'INTERNAL') return
      const { cause } = error
      stage.world.fault(`${seat.host}: ${cause instanceof Error ? cause.stack : String(cause)}`)
    })
}

/** Does the work, and keeps what of it is there when it has succeeded. */
async function promising<Answer>(
  { stage, seat, mesh }: { stage: WorkStage; seat: Seat; mesh: Mesh },
  operation: Operation<Answer>,
  group = mesh.look((desk) => desk.group),
): Promise<Answer> {
  let keys: readonly string[] = []
  const answer = await mesh.work((desk) => {
    const plan = operation(desk)
    keys = plan.records.map(({ key }) => key)
    return plan
  }, group)
  for (const key of keys) {
    const rec = mesh.look((desk) => desk.get(key), group)
    if (rec) stage.promises.keep({ seat, group, rec })
    else stage.world.fault(`${seat.host} wrote ${key}, which is not there`)
  }
  return answer
}
