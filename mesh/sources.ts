import { decisionNotices } from '../state/decisionNotices.ts'
import type { Notices } from '../state/desk.ts'

/** Everything of which peers are told by notices. */
export const noticeSources: readonly Notices[] = [decisionNotices]
