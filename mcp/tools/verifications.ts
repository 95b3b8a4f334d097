import { z } from 'zod'
import {
  requestVerification,
  respondVerification,
  type Verification,
  verificationFields,
} from '../../state/verifications.ts'
import { neutral, neutralLine } from '../neutral.ts'
import { addsOnly, defineTool } from '../tool.ts'
import { describeAsked } from './approvals.ts'

const { claim, evidence_needed, files_to_check, status, response, evidence } = verificationFields

/** Asks somebody to look whether something is true. */
export const requestVerificationTool = defineTool({
  name: 'request_verification',
  description:
    'Asks a peer to check a claim of yours. It is woken, even when busy; you are woken by the answer.',
  annotations: addsOnly,
  input: z.strictObject({
    to: z.string().min(1).max(64).describe('name, peer ID or operator'),
    claim,
    evidence_needed,
    files_to_check: files_to_check.optional(),
  }),
  async run({ mesh }, input) {
    const verification = await mesh.work(requestVerification(input))
    const { verifier, id } = verification
    return {
      text: `${describeAsked(verifier, mesh)} Verification ${id} is pending.`,
      structured: { verification: neutralVerification(verification) },
    }
  },
})

/** Says whether it is. */
export const respondVerificationTool = defineTool({
  name: 'respond_verification',
  description:
    'Answers a verification that was asked of you, after you have looked yourself. The first answer stands.',
  annotations: addsOnly,
  input: z.strictObject({
    verification_id: z.string().min(1).max(64),
    status,
    response,
    evidence: evidence.optional().describe('e.g. command and output'),
  }),
  async run({ mesh }, input) {
    const verification = await mesh.work(respondVerification(input))
    const requester = mesh.look((desk) => desk.nameOf(verification.requester))
    return {
      text: `You answered ${verification.status}; ${requester} is woken. Verification ${verification.id}.`,
      structured: { verification: neutralVerification(verification) },
    }
  },
})

/** A verification whose words cannot pretend to be somebody else's. */
export function neutralVerification(verification: Verification): Verification {
  const { response, evidence } = verification
  return {
    ...verification,
    claim: neutral(verification.claim),
    evidence_needed: neutral(verification.evidence_needed),
    files_to_check: verification.files_to_check.map(neutralLine),
    response: response === null ? null : neutral(response),
    evidence: evidence === null ? null : neutral(evidence),
  }
}
