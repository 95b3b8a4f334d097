import { z } from 'zod'
import type { Mesh } from '../../mesh/mesh.ts'
import {
  type Approval,
  approvalAction,
  requestApproval,
  respondApproval,
} from '../../state/approvals.ts'
import { reasonMax } from '../../state/ballots.ts'
import { type Asked, anyOperator, nameOfAsked } from '../../state/requests.ts'
import { neutral } from '../neutral.ts'
import { addsOnly, defineTool } from '../tool.ts'

/** Asks for leave to do something. */
export const requestApprovalTool = defineTool({
  name: 'request_approval',
  description:
    'Asks a peer, or the human ("operator"), to approve an action. It is woken, even when busy; you are woken by the answer. Do not act before.',
  annotations: addsOnly,
  input: z.strictObject({
    approver: z.string().min(1).max(64).describe('name, peer ID or operator'),
    action: approvalAction,
  }),
  async run({ mesh }, input) {
    const approval = await mesh.work(requestApproval(input))
    return {
      text: `${describeAsked(approval.approver, mesh)} Approval ${approval.id} is pending.`,
      structured: { approval: neutralApproval(approval) },
    }
  },
})

/** Gives leave, or not. */
export const respondApprovalTool = defineTool({
  name: 'respond_approval',
  description: 'Answers an approval that was asked of you. The first answer stands.',
  annotations: addsOnly,
  input: z.strictObject({
    approval_id: z.string().min(1).max(64),
    approved: z.boolean(),
    reason: z.string().max(reasonMax).optional(),
  }),
  async run({ mesh }, input) {
    const approval = await mesh.work(respondApproval(input))
    const requester = mesh.look((desk) => desk.nameOf(approval.requester))
    return {
      text: `You ${approval.status} it; ${requester} is woken. Approval ${approval.id}.`,
      structured: { approval: neutralApproval(approval) },
    }
  },
})

/** What happens to a request now. */
export function describeAsked(to: Asked, mesh: Pick<Mesh, 'look'>): string {
  return mesh.look((desk) => {
    const name = nameOfAsked(to, desk)
    if (to === anyOperator || desk.isOperator(to)) {
      return `Asked ${name}, who sees it in the dashboard and with \`mesh proposals pending\`.`
    }
    return desk.online().includes(to)
      ? `Asked ${name} (${to}). You are woken by the answer.`
      : `${name} (${to}) is offline: it is asked when it comes back.`
  })
}

/** An approval whose words cannot pretend to be somebody else's. */
export function neutralApproval(approval: Approval): Approval {
  const { action, reason } = approval
  return {
    ...approval,
    action: neutral(action),
    reason: reason === null ? null : neutral(reason),
  }
}
