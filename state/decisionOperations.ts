import { z } from 'zod'
import { type Decision, decisionsOf } from './decisions.ts'
import {
  currentOf,
  decisionCategory,
  decisionKey,
  decisionText,
  mayRevoke,
  type Posting,
  stepKey,
  supersedesMax,
  type Topic,
  topicOf,
  usualCategory,
} from './decisionTopics.ts'
import type { Desk, Operation } from './desk.ts'
import { invariant, MeshError } from './errors.ts'
import type { HybridTime } from './hybrid.ts'
import { quote } from './quoting.ts'

/** What `post_decision` is asked. */
export const postDecisionInput = z.strictObject({
  key: decisionKey,
  value: decisionText,
  rationale: decisionText,
  category: decisionCategory.optional(),
})

/** What `revoke_decision` is asked. */
export const revokeDecisionInput = z.strictObject({
  key: decisionKey,
  reason: z.string().trim().min(1).max(2_000).optional(),
})

/**
 * Decides, or decides anew: it replaces every value of the key that is known here, revoked ones
 * too. Without a category it keeps the one that the key has.
 */
export function postDecision(input: z.output<typeof postDecisionInput>): Operation<Decision> {
  return (desk) => {
    const { key, value, rationale } = input
    const topic = topicOf(desk, key)
    const category = input.category ?? (topic ? currentOf(topic).said.category : usualCategory)
    const known = topic?.standing.slice(0, supersedesMax) ?? []
    const said = { kind: 'posted', key, value, rationale, category }
    return {
      records: [
        {
          key: stepKey(key, desk.createId(), desk.peer),
          value: { ...said, supersedes: known.map(({ id }) => id) },
          after: newestOf(topic),
        },
      ],
      activity: { action: 'decided', detail: `${quote(key)}: ${quote(value, 600)}` },
      answer: (later) => decisionOf(later, key),
    }
  }
}

/**
 * Takes a decision back: an operator all values that hold, anybody else its own. It stays visible.
 * Fails with UNKNOWN_DECISION, or REFUSED when it is revoked already or somebody else's.
 */
export function revokeDecision(input: z.output<typeof revokeDecisionInput>): Operation<Decision> {
  return (desk) => {
    const { key, reason } = input
    const topic = topicOf(desk, key)
    const taken = revocable(desk, key, topic).slice(0, supersedesMax)
    return {
      records: [
        {
          key: stepKey(key, desk.createId(), desk.peer),
          value: {
            ...{ kind: 'revoked', key, supersedes: taken.map(({ id }) => id) },
            ...(reason === undefined ? {} : { reason }),
          },
          after: newestOf(topic),
        },
      ],
      activity: {
        action: 'revoked',
        detail: `the decision ${quote(key)}${reason === undefined ? '' : `: ${quote(reason, 600)}`}`,
      },
      answer: (later) => decisionOf(later, key),
    }
  }
}

function revocable(desk: Desk, key: string, topic: Topic | undefined): readonly Posting[] {
  if (!topic) {
    throw new MeshError('UNKNOWN_DECISION', `Nobody has decided ${quote(key)}.`, {
      hint: 'query_decisions lists the decisions of your group.',
    })
  }
  if (topic.heads.length === 0) {
    throw new MeshError('REFUSED', `The decision ${quote(key)} is revoked already.`, {
      hint: 'query_decisions with include_revoked shows by whom; post_decision decides anew.',
    })
  }
  const taken = topic.heads.filter((head) => mayRevoke(desk, desk.peer, head))
  if (taken.length > 0) return taken
  const author = desk.nameOf(currentOf(topic).by)
  throw new MeshError('REFUSED', `${author} decided ${quote(key)}; only its author revokes it.`, {
    hint: `Ask ${author} with send_message, or decide anew with post_decision.`,
  })
}

/** A new word is later than all that it answers. */
function newestOf(topic: Topic | undefined): HybridTime {
  const steps = topic ? [...topic.postings, ...topic.revocations] : []
  return steps.reduce((newest, { at }) => Math.max(newest, at), 0)
}

function decisionOf(desk: Desk, key: string): Decision {
  const [decision] = decisionsOf(desk, { key, includeRevoked: true })
  invariant(decision, 'what was just decided is there')
  return decision
}
