import type { Tool } from '../tool.ts'
import { requestApprovalTool, respondApprovalTool } from './approvals.ts'
import { postDecisionTool, queryDecisions, revokeDecisionTool } from './decisions.ts'
import { setActiveFiles } from './files.ts'
import {
  ackMessage,
  broadcastMessage,
  checkAcks,
  checkMessages,
  messageHistory,
  sendMessage,
  waitForMessages,
} from './messages.ts'
import { listPeers, setName, setStatus, setSummary, whoAmI } from './peers.ts'
import { listPending } from './pending.ts'
import { createProposalTool, voteProposalTool } from './proposals.ts'
import { pinMessage, reactTool } from './reactions.ts'
import { sessionReport } from './report.ts'
import { sendStructured } from './structured.ts'
import { claimTaskTool, completeTaskTool, createTaskTool, listTasks } from './tasks.ts'
import { requestVerificationTool, respondVerificationTool } from './verifications.ts'

/** Every tool, in the order in which an agent meets them. */
export const tools: readonly Tool[] = [
  listPeers,
  whoAmI,
  sendMessage,
  sendStructured,
  broadcastMessage,
  checkMessages,
  waitForMessages,
  ackMessage,
  checkAcks,
  messageHistory,
  reactTool,
  pinMessage,
  createTaskTool,
  claimTaskTool,
  completeTaskTool,
  listTasks,
  postDecisionTool,
  queryDecisions,
  revokeDecisionTool,
  setName,
  setSummary,
  setStatus,
  setActiveFiles,
  requestVerificationTool,
  respondVerificationTool,
  requestApprovalTool,
  respondApprovalTool,
  createProposalTool,
  voteProposalTool,
  listPending,
  sessionReport,
]
