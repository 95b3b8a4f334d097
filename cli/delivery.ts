import type { Door } from '../mesh/door.ts'
import { readAnswer, receiptsAnswer } from './answers.ts'
import type { Given } from './command.ts'

/** How far a message came at one recipient. */
export type ReceiptAnswer = ReturnType<typeof receiptsAnswer.parse>['messages'][number]

/** How long `--wait` says to wait for the recipients, in milliseconds; undefined when it says nothing. */
export function waitMsOf({ values }: Given): number | undefined {
  const seconds = values.get('wait')
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1_000)
}

/** Waits until every recipient has a message, at most that long; answers how far it came at each. */
export async function awaitDelivery(
  door: Door,
  messageId: string,
  waitMs: number,
): Promise<readonly ReceiptAnswer[]> {
  const input = { message_id: messageId, timeout_ms: waitMs }
  return readAnswer(receiptsAnswer, await door.request('awaitDelivery', input, waitMs)).messages
}
