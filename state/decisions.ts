import {
  compareSteps,
  currentOf,
  foldKey,
  isPosting,
  type Posting,
  type Records,
  type Revocation,
  type Topic,
  topicOf,
  topicsIn,
} from './decisionTopics.ts'
import { hybridToIso } from './hybrid.ts'
import type { PeerId } from './ids.ts'

/** Revisions shown of one decision. */
const historyMax = 50

/** One of the values of a decision. `at` is ISO 8601 UTC. */
export interface DecisionValue {
  readonly value: string
  readonly rationale: string
  readonly category: string
  readonly by: PeerId
  readonly at: string
}

/** A decision as tools, commands and the page show it: its newest value. */
export interface Decision extends DecisionValue {
  readonly key: string
  readonly status: 'active' | 'revoked'
  /** All values that hold at once, this one among them, the newest first. */
  readonly conflict?: readonly DecisionValue[]
  /** What was posted and revoked, the newest first, at most 50. */
  readonly history?: readonly (
    | ({ readonly status: 'posted' } & DecisionValue)
    | {
        readonly status: 'revoked'
        readonly by: PeerId
        readonly at: string
        readonly reason?: string
      }
  )[]
}

/** Which decisions are wanted. */
export interface DecisionQuery {
  readonly key?: string
  readonly category?: string
  /** Revoked ones too. */
  readonly includeRevoked?: boolean
  readonly withHistory?: boolean
}

/** The decisions of a group that fit, the newest first. */
export function decisionsOf(desk: Records, query: DecisionQuery = {}): readonly Decision[] {
  const { key, category, includeRevoked = false, withHistory = false } = query
  const topics = key === undefined ? topicsIn(desk) : [topicOf(desk, key)]
  return topics
    .filter((topic) => topic !== undefined)
    .sort((left, right) => compareSteps(currentOf(left), currentOf(right)))
    .filter(({ heads }) => includeRevoked || heads.length > 0)
    .map((topic) => describeTopic(topic, withHistory))
    .filter((decision) => category === undefined || isIn(decision, foldKey(category)))
}

function describeTopic(topic: Topic, withHistory: boolean): Decision {
  const current = currentOf(topic)
  const isInConflict = topic.heads.length > 1
  const steps = [...topic.postings, ...topic.revocations].sort(compareSteps).slice(0, historyMax)
  return {
    key: current.said.key,
    ...describeValue(current),
    status: topic.heads.length > 0 ? 'active' : 'revoked',
    ...(isInConflict ? { conflict: topic.heads.map(describeValue) } : {}),
    ...(withHistory ? { history: steps.map((step) => describeStep(step)) } : {}),
  }
}

function describeStep(step: Posting | Revocation) {
  if (isPosting(step)) return { status: 'posted' as const, ...describeValue(step) }
  const { by, at, said } = step
  return {
    status: 'revoked' as const,
    by,
    at: hybridToIso(at),
    ...(said.reason === undefined ? {} : { reason: said.reason }),
  }
}

function describeValue({ by, at, said }: Posting): DecisionValue {
  const { value, rationale, category } = said
  return { value, rationale, category, by, at: hybridToIso(at) }
}

function isIn(decision: Decision, category: string): boolean {
  return [decision, ...(decision.conflict ?? [])].some(
    (each) => foldKey(each.category) === category,
  )
}
