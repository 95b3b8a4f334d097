import { z } from 'zod'
import type { Mesh } from '../../mesh/mesh.ts'
import {
  postDecision,
  postDecisionInput,
  revokeDecision,
  revokeDecisionInput,
} from '../../state/decisionOperations.ts'
import { type Decision, type DecisionValue, decisionsOf } from '../../state/decisions.ts'
import { decisionCategory, decisionKey } from '../../state/decisionTopics.ts'
import type { PeerId } from '../../state/ids.ts'
import { neutral, neutralLine } from '../neutral.ts'
import { addsOnly, defineTool, readsOnly } from '../tool.ts'

/** Characters of the decisions of one answer, as data. */
const answerMax = 20_000

/** What peers are called. */
type NameOf = (peer: PeerId) => string

/** Decides something for the group. */
export const postDecisionTool = defineTool({
  name: 'post_decision',
  description:
    'Records what your group decided under a key, or replaces it. The others are told, not woken. Values posted at once stay in conflict until somebody posts again.',
  annotations: addsOnly,
  input: postDecisionInput,
  async run({ mesh }, input) {
    const decision = await mesh.work(postDecision(input))
    return {
      text: describePosted(decision, mesh),
      structured: { decision: neutralDecision(decision) },
    }
  },
})

/** Reads what was decided. */
export const queryDecisions = defineTool({
  name: 'query_decisions',
  description:
    'What your group decided, newest first: value, rationale, author, time, conflicts. With key also its history.',
  annotations: readsOnly,
  input: z.strictObject({
    key: decisionKey.optional(),
    category: decisionCategory.optional(),
    include_revoked: z.boolean().optional(),
  }),
  async run({ mesh }, { key, category, include_revoked = false }) {
    const query = { ...(key ? { key } : {}), ...(category ? { category } : {}) }
    const found = mesh.look((desk) =>
      decisionsOf(desk, {
        ...query,
        includeRevoked: true,
        withHistory: key !== undefined || include_revoked,
      }),
    )
    const wanted = found.filter(({ status }) => include_revoked || status === 'active')
    const decisions = fitting(wanted.map(neutralDecision))
    const more = wanted.length - decisions.length
    const revoked = found.length - wanted.length
    const nameOf: NameOf = (peer) => mesh.look((desk) => desk.nameOf(peer))
    const lines = [
      ...(wanted.length === 0 ? ['No decision in force fits.'] : []),
      ...decisions.map((decision) => describeDecision(decision, nameOf)),
      ...(more > 0 ? [`${more} older ones are left out: ask for a key or a category.`] : []),
      ...(revoked > 0 ? [`${revoked} revoked: add include_revoked to see them.`] : []),
    ]
    return { text: lines.join('\n\n'), structured: { decisions, ...(more > 0 ? { more } : {}) } }
  },
})

/** Takes a decision back. */
export const revokeDecisionTool = defineTool({
  name: 'revoke_decision',
  description: 'Takes back a decision that you posted. It stays visible as revoked.',
  annotations: addsOnly,
  input: revokeDecisionInput,
  async run({ mesh }, input) {
    const decision = await mesh.work(revokeDecision(input))
    const key = neutralLine(decision.key)
    const text =
      decision.status === 'revoked'
        ? `Revoked "${key}". post_decision with that key decides anew.`
        : `Your value of "${key}" is taken back; "${neutralLine(decision.value)}" holds.`
    return { text, structured: { decision: neutralDecision(decision) } }
  },
})

/** A decision as text: what holds, why, by whom, and what was before. */
function describeDecision(decision: Decision, nameOf: NameOf): string {
  const { key, category, status, conflict, history } = decision
  const state = status === 'revoked' ? ' REVOKED' : conflict ? ' CONFLICT' : ''
  const values = (conflict ?? [decision]).map((each) => describeValue(each, nameOf))
  const steps = (history ?? []).map((step) => {
    const what = step.status === 'posted' ? `set to ${neutralLine(step.value)}` : 'revoked'
    const reason = step.status === 'revoked' && step.reason ? `: ${neutralLine(step.reason)}` : ''
    return `  ${step.at} ${what} by ${nameOf(step.by)}${reason}`
  })
  return [
    `[${neutralLine(category)}] ${neutralLine(key)}${state}`,
    ...values,
    ...(steps.length > 1 ? ['  History:', ...steps] : []),
  ].join('\n')
}

/** A decision whose words cannot pretend to be somebody else's. */
function neutralDecision(decision: Decision): Decision {
  const { key, conflict, history } = decision
  return {
    ...decision,
    ...neutralValue(decision),
    key: neutralLine(key),
    ...(conflict ? { conflict: conflict.map(neutralValue) } : {}),
    ...(history
      ? {
          history: history.map((step) =>
            step.status === 'posted'
              ? { ...step, ...neutralValue(step) }
              : { ...step, ...(step.reason ? { reason: neutral(step.reason) } : {}) },
          ),
        }
      : {}),
  }
}

function describePosted({ key, conflict }: Decision, mesh: Pick<Mesh, 'look'>): string {
  if (!conflict) return `Decided "${neutralLine(key)}". Your group is told.`
  const others = mesh.look(({ peer, nameOf }) =>
    conflict
      .filter(({ by }) => by !== peer)
      .map(({ by, value }) => `${nameOf(by)} says "${neutralLine(value)}"`),
  )
  return `Posted, but at the same time ${others.join(', ')}: "${neutralLine(key)}" is in conflict. Agree, then post again.`
}

function describeValue({ value, rationale, by, at }: DecisionValue, nameOf: NameOf): string {
  return `  ${indented(value)}\n  because ${indented(rationale)}\n  (${nameOf(by)}, ${at})`
}

function neutralValue<Value extends DecisionValue>({
  value,
  rationale,
  category,
  by,
  at,
}: Value): DecisionValue {
  return {
    ...{ value: neutral(value), rationale: neutral(rationale), category: neutralLine(category) },
    ...{ by, at },
  }
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n  ')
}

/** As many of the first as one answer carries, at least one. */
function fitting(decisions: readonly Decision[]): readonly Decision[] {
  let length = 0
  const end = decisions.findIndex((decision, index) => {
    length += JSON.stringify(decision).length
    return index > 0 && length > answerMax
  })
  return end < 0 ? decisions : decisions.slice(0, end)
}
