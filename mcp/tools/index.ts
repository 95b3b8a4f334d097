import type { Tool } from '../tool.ts'
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

/** Every tool, in the order in which an agent meets them. */
export const tools: readonly Tool[] = [
  listPeers,
  whoAmI,
  sendMessage,
  broadcastMessage,
  checkMessages,
  waitForMessages,
  ackMessage,
  checkAcks,
  messageHistory,
  setName,
  setSummary,
  setStatus,
]
