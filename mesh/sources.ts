import { approvalNotices } from '../state/approvals.ts'
import { decisionNotices } from '../state/decisionNotices.ts'
import type { Notices } from '../state/desk.ts'
import { createProposalNotices } from '../state/proposalNotices.ts'
import { taskNotices } from '../state/taskNotices.ts'
import { verificationNotices } from '../state/verifications.ts'

/** Everything of which peers are told by notices. `wasTold`: whether a notice of that ID was. */
export function createSources(wasTold: (noticeId: string) => boolean): readonly Notices[] {
  return [
    taskNotices,
    decisionNotices,
    createProposalNotices(wasTold),
    approvalNotices,
    verificationNotices,
  ]
}
