import { type Actor, act } from '../actor.ts'
import { readAnswer, type SendAnswer, sendAnswer } from '../answers.ts'
import type { Command, Given, Surroundings } from '../command.ts'
import { awaitDelivery, waitMsOf } from '../delivery.ts'
import { exits } from '../exits.ts'
import { readMessage } from '../message.ts'
import { plain } from '../print.ts'

/** Says something to one peer. */
export const send: Command = async (given, around) => {
  const [to, ...words] = given.words
  const message = await readMessage(words, around)
  const replyTo = given.values.get('reply-to')
  const input = { to, message, ...(replyTo === undefined ? {} : { reply_to: replyTo }) }
  const waitMs = waitMsOf(given)
  return act(around, async (actor) => {
    const sent = await speak(actor, input, waitMs)
    if (given.json) around.print.json(sent)
    else show(sent, actor, { given, around })
    return waitMs !== undefined && sent.state === 'queued' ? exits.notDelivered : exits.ok
  })
}

async function speak({ door }: Actor, input: object, waitMs = 0): Promise<SendAnswer> {
  const sent = readAnswer(sendAnswer, await door.request('send', input))
  if (waitMs === 0 || sent.state !== 'queued') return sent
  const [receipt] = await awaitDelivery(door, sent.message_id, waitMs)
  return { ...sent, state: receipt?.state ?? sent.state }
}

function show(
  { message_id, to, state, reach, repeated }: SendAnswer,
  { kind }: Actor,
  { given, around }: { readonly given: Given; readonly around: Surroundings },
): void {
  const { bold, dim, green, yellow } = around.print.style
  const who = `${bold(plain(to.name))} ${dim(`(${plain(to.id)})`)}`
  const as = kind === 'operator' ? 'as operator' : 'as this session'
  const said = repeated ? 'Was sent a moment ago, and not again, to' : `Sent ${as} to`
  const isLate = given.values.has('wait') && state === 'queued'
  const far = isLate ? `not delivered within ${given.values.get('wait')} s` : state
  const sign = isLate ? yellow('!') : green('✓')
  around.print.line(`${sign} ${said} ${who}: ${far}; ${plain(reach)}.`)
  around.print.line(dim(`  Message ${plain(message_id)}`))
}
