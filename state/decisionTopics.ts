import { z } from 'zod'
import type { Desk } from './desk.ts'
import type { HybridTime } from './hybrid.ts'
import { isUuid, type ObjectId, type PeerId } from './ids.ts'
import { createReading } from './reading.ts'
import type { Rec } from './records.ts'

/** The category of a decision when nobody names one. */
export const usualCategory = 'general'
/** Revisions that one revision replaces. */
export const supersedesMax = 100

/** What a decision is about; case and blanks around and between its words do not tell keys apart. */
export const decisionKey = z.string().trim().min(1).max(100)
/** What decisions are sorted by; compared as keys are. */
export const decisionCategory = z.string().trim().min(1).max(100)
/** What is decided, and why, in characters. */
export const decisionText = z.string().trim().min(1).max(2_000)

const supersedes = z.array(z.string().max(32)).max(supersedesMax)
/** What a peer writes under `decision/<place of the key>/<revision>/<peer>`. */
const readWord = createReading(
  z
    .discriminatedUnion('kind', [
      z.object({
        kind: z.literal('posted'),
        key: decisionKey,
        value: decisionText,
        rationale: decisionText,
        category: decisionCategory,
        supersedes,
      }),
      z.object({
        kind: z.literal('revoked'),
        key: decisionKey,
        reason: z.string().max(2_000).optional(),
        supersedes,
      }),
    ])
    // Added to what zod has just made: a copy of each would bring a shape of its own.
    .transform((word) =>
      Object.assign(word, { topic: foldKey(word.key), place: placeOf(word.key) }),
    ),
)
type Word = NonNullable<ReturnType<typeof readWord>>

/** What a decision is read from. */
export type Records = Pick<Desk, 'list' | 'isOperator'>

/** One step in the life of a decision. */
export interface Step<Said extends Word = Word> {
  readonly id: ObjectId
  readonly by: PeerId
  readonly at: HybridTime
  readonly said: Said
}
/** A step that sets a value. */
export type Posting = Step<Extract<Word, { kind: 'posted' }>>
/** A step that takes values back. */
export type Revocation = Step<Extract<Word, { kind: 'revoked' }>>

/** What is said about one key, the newest first everywhere. */
export interface Topic {
  /** What no other posting replaced. At least one. */
  readonly standing: readonly [Posting, ...Posting[]]
  /** What holds: those that nobody took back. None: the decision is revoked. Several: a conflict. */
  readonly heads: readonly Posting[]
  /** Those that had the right to what they took back. */
  readonly revocations: readonly Revocation[]
  readonly postings: readonly Posting[]
}

/** What is said about a key, or undefined when nobody decided it. */
export function topicOf(desk: Records, key: string): Topic | undefined {
  const topic = foldKey(key)
  return deriveTopic(
    desk,
    stepsIn(desk, `decision/${placeOf(key)}/`).filter(({ said }) => said.topic === topic),
  )
}

/** What is said about each key that has its place there; without a place, about all keys. */
export function topicsIn(desk: Records, place?: string): readonly Topic[] {
  const steps = stepsIn(desk, place === undefined ? 'decision/' : `decision/${place}/`)
  const byTopic = grouped(steps, ({ said }) => said.topic)
  return [...byTopic.values()].flatMap((each) => deriveTopic(desk, each) ?? [])
}

/** The value that is shown first: the newest that holds, else the newest that was revoked. */
export function currentOf({ heads, standing }: Topic): Posting {
  return heads[0] ?? standing[0]
}

/** Where a step about a key is written. */
export function stepKey(key: string, id: ObjectId, by: PeerId): string {
  return `decision/${placeOf(key)}/${id}/${by}`
}

/** Whether a peer may take a value back: its author, and every operator. */
export function mayRevoke(desk: Records, peer: PeerId, posting: Posting): boolean {
  return posting.by === peer || desk.isOperator(peer)
}

function stepsIn(desk: Records, prefix: string): readonly Step[] {
  return desk.list(prefix).flatMap((rec) => stepIn(rec) ?? [])
}

function stepIn(rec: Rec): Step | undefined {
  const [, place, id = '', , ...rest] = rec.key.split('/')
  const said = readWord(rec)
  if (!said || said.place !== place || !isUuid(id) || rest.length > 0) return undefined
  return { id: id as ObjectId, by: rec.by, at: rec.at, said }
}

/**
 * A posting replaces what its writer knew of, a revocation takes back what its writer had a right
 * to. Both reach only what is older than they are, so that no ring of them can hide a decision. What
 * was posted in view of a value outlives a revocation of that value.
 */
function deriveTopic(desk: Records, steps: readonly Step[]): Topic | undefined {
  const sorted = [...steps].sort(compareSteps)
  const postings = sorted.filter(isPosting)
  const byId = grouped<Posting>(postings, ({ id }) => id)
  const reach = (step: Step) =>
    step.said.supersedes
      .flatMap((id) => byId.get(id) ?? [])
      .filter((posting) => compareSteps(step, posting) < 0)
  const replaced = new Set(postings.flatMap(reach))
  const [newest, ...others] = postings.filter((posting) => !replaced.has(posting))
  if (!newest) return undefined
  const revocations = sorted.filter(isRevocation).flatMap((step) => {
    const taken = reach(step).filter((posting) => mayRevoke(desk, step.by, posting))
    return taken.length > 0 ? [{ step, taken }] : []
  })
  const revoked = new Set(revocations.flatMap(({ taken }) => taken))
  const standing = [newest, ...others] as const
  return {
    standing,
    heads: standing.filter((posting) => !revoked.has(posting)),
    revocations: revocations.map(({ step }) => step),
    postings,
  }
}

/** Whether a step sets a value. */
export function isPosting(step: Step): step is Posting {
  return step.said.kind === 'posted'
}

function isRevocation(step: Step): step is Revocation {
  return step.said.kind === 'revoked'
}

/** Order of steps: the newest first; those of one moment in one order on all replicas. */
export function compareSteps(left: Step, right: Step): number {
  return right.at - left.at || compare(right.id, left.id) || compare(right.by, left.by)
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

function grouped<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

/** Keys and categories are one when this is. */
export function foldKey(key: string): string {
  return key.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase()
}

/**
 * Where the steps about a key are found: FNV-1a, 64 bits (Fowler, Noll, Vo), which the page can
 * reckon too. Only a place: keys that share one are told apart by their text.
 */
function placeOf(key: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(foldKey(key))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(36)
}
