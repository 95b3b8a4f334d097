import { MeshError } from '../../state/errors.ts'
import { type Actor, act } from '../actor.ts'
import { type BroadcastAnswer, broadcastAnswer, readAnswer } from '../answers.ts'
import type { Command, Surroundings } from '../command.ts'
import { awaitDelivery, type ReceiptAnswer, waitMsOf } from '../delivery.ts'
import { exits } from '../exits.ts'
import { readMessage } from '../message.ts'
import { plain } from '../print.ts'
import { count } from '../quantities.ts'

/** Says something to everybody who is online. */
export const broadcast: Command = async (given, around) => {
  const message = await readMessage(given.words, around)
  const scope = given.values.get('scope') ?? 'mesh'
  const waitMs = waitMsOf(given)
  return act(around, async (actor) => {
    checkScope(actor, scope)
    const { door } = actor
    const sent = readAnswer(broadcastAnswer, await door.request('broadcast', { scope, message }))
    const isAwaited = waitMs !== undefined && sent.to.length > 0
    const messages = isAwaited ? await awaitDelivery(door, sent.message_id, waitMs) : undefined
    if (given.json) around.print.json({ ...sent, ...(messages ? { messages } : {}) })
    else show(sent, messages, around)
    const isLate = messages?.some(({ state }) => state === 'queued') === true
    return isLate ? exits.notDelivered : exits.ok
  })
}

/** The operator's seat is in no directory, so that it cannot say who shares one with it. */
function checkScope({ kind }: Actor, scope: string): void {
  if (kind === 'session' || scope === 'mesh' || scope === 'machine') return
  throw new MeshError('BAD_INPUT', `The operator works in no ${scope}.`, {
    hint: 'Use --scope machine, or `mesh peers --scope directory` and `mesh send` to each.',
  })
}

function show(
  { message_id, to }: BroadcastAnswer,
  receipts: readonly ReceiptAnswer[] | undefined,
  { print }: Surroundings,
): void {
  const { dim, green, yellow } = print.style
  if (to.length === 0) return print.line('Nobody is online there: nothing was sent.')
  const late = receipts?.filter(({ state }) => state === 'queued') ?? []
  const names = to.map(({ name }) => plain(name)).join(', ')
  const sign = late.length > 0 ? yellow('!') : green('✓')
  const far = receipts ? `, delivered to ${receipts.length - late.length}` : ''
  print.line(`${sign} Sent to ${count(to.length, 'session')}${far}: ${names}.`)
  if (late.length > 0) {
    print.line(`  Not delivered yet: ${late.map((receipt) => plain(receipt.to.name)).join(', ')}.`)
  }
  print.line(dim(`  Message ${plain(message_id)}`))
}
