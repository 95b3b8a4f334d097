import { currentOf, type Posting, type Revocation, type Topic, topicsIn } from './decisionTopics.ts'
import { type Desk, type Notices, touchedIds } from './desk.ts'
import type { Notice } from './inbox.ts'
import { ended, quote } from './quoting.ts'

/** Characters of a value or a reason in a notice. */
const quotedMax = 400

/** Tells the group what was decided, revoked, or decided twice. Wakes nobody. */
export const decisionNotices: Notices = (desk, touched) =>
  [...touchedIds(touched, 'decision')]
    .flatMap((place) => topicsIn(desk, place))
    .flatMap((topic) => noticeOf(desk, topic) ?? [])

/** How a decision stands now; what was replaced meanwhile needs no word any more. */
function noticeOf(desk: Desk, topic: Topic): Notice | undefined {
  const [newest, second] = topic.heads
  if (newest && second) return conflictNotice(desk, topic, [newest, second])
  if (newest) return newest.by === desk.peer ? undefined : postedNotice(desk, newest)
  const [revocation] = topic.revocations
  return revocation && revocation.by !== desk.peer
    ? revokedNotice(desk, revocation, currentOf(topic))
    : undefined
}

function conflictNotice(
  desk: Desk,
  { heads }: Topic,
  [newest, second]: readonly [Posting, Posting],
): Notice {
  const said = [newest, second].map(
    ({ by, said }) => `${desk.nameOf(by)} says ${quote(said.value, quotedMax)}`,
  )
  const more = heads.length > 2 ? ` and ${heads.length - 2} more` : ''
  const key = quote(newest.said.key)
  return {
    id: `decision/${newest.id}/${second.id}/conflict`,
    at: newest.at,
    text:
      `The decision ${key} is in conflict: ${said.join(', ')}${more}. ` +
      `Agree, then settle it with post_decision, key ${key}.`,
    wakes: false,
  }
}

function postedNotice(desk: Desk, { id, by, at, said }: Posting): Notice {
  const verbs = ['decided', 'changed the decision', 'settled the decision']
  const verb = verbs[Math.min(said.supersedes.length, verbs.length - 1)]
  return {
    id: `decision/${id}/posted`,
    at,
    text:
      `${desk.nameOf(by)} ${verb} ${quote(said.key)}: ${ended(quote(said.value, quotedMax))} ` +
      `Rationale: ${ended(quote(said.rationale, quotedMax))}`,
    wakes: false,
  }
}

function revokedNotice(desk: Desk, { id, by, at, said }: Revocation, taken: Posting): Notice {
  const reason = said.reason === undefined ? '' : ` Reason: ${ended(quote(said.reason, quotedMax))}`
  const value = ended(quote(taken.said.value, quotedMax))
  return {
    id: `decision/${id}/revoked`,
    at,
    text: `${desk.nameOf(by)} revoked the decision ${quote(said.key)}, which was ${value}${reason}`,
    wakes: false,
  }
}
