import type { GroupView, Mesh } from '../../mesh/mesh.ts'
import { postDecision } from '../../state/decisionOperations.ts'
import { toMeshError } from '../../state/errors.ts'
import { lobby } from '../../state/groups.ts'
import { createTask } from '../../state/taskOperations.ts'
import type { Seat } from './meshWorld.ts'
import type { Action } from './plan.ts'
import type { Marks } from './sealedMarks.ts'
import type { SealedKind } from './sealedPlan.ts'
import type { WorkStage } from './workDeeds.ts'

/** Groups that one world has at most, beside the lobby. */
const groupsMax = 3

/** What deeds in sealed groups act on. */
export interface SealedStage extends WorkStage {
  readonly marks: Marks
}

interface Deed {
  readonly stage: SealedStage
  readonly seat: Seat
  readonly other: Seat
  readonly amount: number
}

/** Does what a plan says of groups, and counts it when somebody was there to do it. */
export function groupUp(
  stage: SealedStage,
  [, kind, seatIndex, otherIndex, amount]: Action<SealedKind>,
): void {
  const seat = stage.world.seats[seatIndex]
  const other = stage.world.seats[otherIndex]
  if (!seat || !other) return
  const isHuman = kind !== 'talk' && kind !== 'shout'
  const actor = isHuman ? seat.device.operator : amount < 0.1 ? seat.device.operator : seat
  if (!actor.process?.isJoined) return
  stage.count(kind)
  deeds[kind]({ stage, seat: actor, other, amount }, actor.process.mesh)
}

/** What each kind does. */
const deeds: Record<SealedKind, (deed: Deed, mesh: Mesh) => void> = {
  found(deed, mesh) {
    if (manualGroups(mesh).length >= groupsMax) return
    const { mark, known } = deed.stage.marks.forName()
    watch(deed, 'founded', async () => known((await mesh.groups.create(`team ${mark}`)).id))
  },
  move(deed, mesh) {
    const { stage, other, amount } = deed
    const groups = manualGroups(mesh).map(({ id }) => id)
    const group = picked([...groups, ...groups, ...groups, lobby, 'automatic'], amount)
    if (group === undefined) return
    stage.marks.admit(other, group)
    watch(deed, 'moved', () => mesh.groups.assign(other.peer, group))
  },
  seal(deed, mesh) {
    const isSealed = deed.amount < 0.6
    const others = manualGroups(mesh).filter(({ sealed }) => sealed !== isSealed)
    const group = picked(others, (deed.amount * 31) % 1)
    if (!group) return
    if (!isSealed) deed.stage.marks.open(group.id)
    watch(deed, isSealed ? 'sealed' : 'opened', () => mesh.groups.seal(group.id, isSealed))
  },
  remove(deed, mesh) {
    const group = picked(manualGroups(mesh), deed.amount)
    if (group) watch(deed, 'deleted', () => mesh.groups.remove(group.id))
  },
  talk(deed, mesh) {
    const { stage, seat, amount } = deed
    const to = picked(mesh.peers({ offline: true }).peers, (amount * 31) % 1)
    const recipient = stage.world.all.find(({ peer }) => peer === to?.id)
    if (!recipient) return
    const text = markedText(stage, seat)
    watch(deed, 'talked', async () => {
      const { message_id } = await mesh.send({ to: recipient.peer, message: text })
      const audience = [...new Set([seat, recipient, ...stage.world.operators])]
      stage.account.accept({ id: message_id, from: seat, to: [recipient], audience })
    })
  },
  shout(deed, mesh) {
    const text = markedText(deed.stage, deed.seat)
    watch(deed, 'shouted', () => mesh.broadcast({ scope: 'mesh', message: text }))
  },
  order(deed, mesh) {
    const { stage, amount } = deed
    const group = picked(manualGroups(mesh), amount)
    if (!group) return
    const title = group.sealed ? stage.marks.of(group.id) : stage.nextText()
    const said = { key: 'ordered', value: title, rationale: title }
    watch(deed, 'ordered', async () => {
      if (amount < 0.5) await mesh.work(createTask({ title }), group.id)
      else await mesh.work(postDecision(said), group.id)
    })
  },
}

/** A text as a seat says it: marked while it stands in a sealed group by its own view. */
export function markedText({ marks, nextText }: SealedStage, seat: Seat): string {
  const own = seat.process?.mesh.look((desk) => desk.group) ?? lobby
  const isSealed = seat.process?.mesh.groups.list().some(({ id, sealed }) => id === own && sealed)
  return isSealed ? `${nextText()} ${marks.of(own)}` : nextText()
}

function manualGroups(mesh: Mesh): readonly GroupView[] {
  return mesh.groups.list().filter(({ id }) => id !== lobby)
}

function picked<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[Math.floor(pick * items.length)]
}

/** Only a refusal may come of it. */
function watch({ stage, seat }: Deed, name: string, operate: () => Promise<unknown>): void {
  operate()
    .then(() => stage.count(name))
    .catch((thrown: unknown) => {
      const error = toMeshError(thrown)
      stage.count(`${name}: ${error.code}`)
      if (error.code !== 'INTERNAL') return
      const { cause } = error
      stage.world.fault(`${seat.host}: ${cause instanceof Error ? cause.stack : String(cause)}`)
    })
}
