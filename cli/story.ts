import { z } from 'zod'
import { type Clock, pause } from '../mesh/clock.ts'
import { MeshError } from '../state/errors.ts'
import { peersAnswer, readAnswer } from './answers.ts'
import type { Child } from './child.ts'

/** What must come to pass comes within this time, on a slow machine too. */
const patienceMs = 15_000
/** How often is looked whether it has. */
const lookMs = 25

const question = 'Which port does the API listen on?'
const reply = '8080, as of this morning.'
const news = 'The release is tagged: v2.0.'

const sentAnswer = z.object({
  message_id: z.string(),
  to: z.object({ id: z.string() }),
  state: z.string(),
  reach: z.string(),
})
const inboxAnswer = z.object({
  messages: z.array(
    z.object({
      id: z.string(),
      from: z.object({ name: z.string() }),
      kind: z.string(),
      body: z.string(),
      reply_to: z.string().optional(),
    }),
  ),
})
const receiptsAnswer = z.object({
  messages: z.array(z.object({ id: z.string(), state: z.string() })),
})

/** What the story needs. */
export interface StoryDeps {
  /** Starts, or starts again, the session of that name. */
  readonly start: (name: string) => Promise<Child>
  /** Tells a step: what it promises and, line by line, what was seen. */
  readonly tell: (promise: string, step: () => Promise<readonly string[]>) => Promise<void>
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Plays the main job of a mesh with real nodes. Everything told is what they answered. Fails with
 * INTERNAL, saying what was expected and what came instead, or CANCELLED.
 */
export async function playStory(deps: StoryDeps): Promise<void> {
  const { tell } = deps
  const names = ['ada', 'ben', 'cleo']
  const [ada, ben, cleo] = names.map((name) => createActor(name, deps))
  if (!ada || !ben || !cleo) return
  let asked = ''
  let missed = ''

  await tell('Three sessions start and find each other', async () => {
    await Promise.all([ada, ben, cleo].map((actor) => actor.enter()))
    const seen = [ada, ben, cleo].map(async (actor) => {
      const others = names.filter((name) => name !== actor.name)
      await actor.sees(`that ${actor.name} sees ${others.join(' and ')}`, (online) =>
        others.every((name) => online.includes(name)),
      )
      return `${actor.name} sees ${others.join(' and ')}`
    })
    return Promise.all(seen)
  })

  await tell('ada asks ben', async () => {
    const { message_id, state, reach } = await ada.send('ben', question)
    expect(state !== 'queued', 'that the question is on the disk of ben', state)
    asked = message_id
    return [`ada → ben: ${question}`, `${state}; ben learns of it ${reach}`]
  })

  await tell('ben reads it and replies', async () => {
    await ben.receives({ id: asked, from: 'ada', body: question })
    const { state } = await ben.send('ada', reply, asked)
    return [`ben → ada: ${reply}`, `${state}, as a reply to that message`]
  })

  await tell('ada reads the reply and knows that her question was seen', async () => {
    await ada.receives({ from: 'ben', body: reply, reply_to: asked })
    await ada.learns(asked, 'seen')
    return [`${asked}: seen`]
  })

  await tell('cleo is killed, and ada writes to her all the same', async () => {
    const [, sent] = await Promise.all([cleo.kill(), ada.send('cleo', news)])
    missed = sent.message_id
    expect(sent.to.id === cleo.id(), 'that the message goes to the seat of cleo', sent.to.id)
    await ada.sees('that ada sees cleo gone', (online) => !online.includes('cleo'))
    return [`ada → cleo: ${news}`, `${sent.state}; cleo is gone, her mail waits`]
  })

  await tell('cleo comes back and finds her mail', async () => {
    const before = cleo.id()
    await cleo.enter()
    await cleo.receives({ id: missed, from: 'ada', body: news })
    expect(cleo.id() === before, `that cleo is ${before} again`, cleo.id())
    await ada.learns(missed, 'seen')
    return [`cleo is ${before} again, and has read: ${news}`]
  })
}

/** The message that is waited for. */
interface Wanted {
  readonly id?: string
  readonly from: string
  readonly body: string
  readonly reply_to?: string
}

/** A session with its part in the story. */
interface Actor {
  readonly name: string
  /** The peer ID that it last had. */
  id(): string
  /** Starts, and waits until the session is in the mesh. */
  enter(): Promise<void>
  kill(): Promise<void>
  /** Waits until the names of those who are online are as expected. */
  sees(what: string, isSo: (online: readonly string[]) => boolean): Promise<void>
  send(to: string, message: string, replyTo?: string): Promise<z.infer<typeof sentAnswer>>
  /** Waits for one message and checks that it comes exactly once. */
  receives(wanted: Wanted): Promise<void>
  /** Waits until a message that it sent has come that far. */
  learns(message: string, state: string): Promise<void>
}

function createActor(name: string, deps: StoryDeps): Actor {
  let child: Child | undefined
  let id = ''

  async function ask<Answer>(
    schema: z.ZodType<Answer>,
    tool: string,
    input: Readonly<Record<string, unknown>> = {},
  ): Promise<Answer> {
    if (!child) throw new MeshError('INTERNAL', `${name} has not been started.`)
    return readAnswer(schema, await child.call(tool, input))
  }

  const read = async () => (await ask(inboxAnswer, 'check_messages')).messages

  return {
    name,
    id: () => id,
    async enter() {
      child = await deps.start(name)
      id = (await ask(peersAnswer, 'list_peers')).self.id
    },
    async kill() {
      await child?.kill()
    },
    sees: (what, isSo) =>
      until(what, deps, async () => {
        const { self, peers } = await ask(peersAnswer, 'list_peers')
        const online = peers.map((peer) => peer.name)
        return [self.name === name && isSo(online), `${self.name} saw ${online.join(', ')}`]
      }),
    send: (to, text, replyTo) =>
      ask(sentAnswer, 'send_message', {
        to,
        message: text,
        ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      }),
    async receives(wanted) {
      const isWanted = (given: Awaited<ReturnType<typeof read>>[number]) =>
        given.body === wanted.body &&
        given.from.name === wanted.from &&
        (wanted.id === undefined || given.id === wanted.id) &&
        given.reply_to === wanted.reply_to
      await until(`that ${name} receives "${wanted.body}" once`, deps, async () => {
        const messages = await read()
        return [messages.filter(isWanted).length === 1, JSON.stringify(messages)]
      })
      // Asking again proves to its node that the session read what was shown.
      const again = (await read()).filter(isWanted)
      expect(again.length === 0, `that ${name} is not given the message twice`, 'it was')
    },
    learns: (message, state) =>
      until(`that ${name} learns of ${message}: ${state}`, deps, async () => {
        const { messages } = await ask(receiptsAnswer, 'check_acks')
        const found = messages.find((receipt) => receipt.id === message)?.state
        return [found === state, `it was ${found ?? 'not there'}`]
      }),
  }
}

/** Looks until something is so; the look also says what was seen instead. */
async function until(
  what: string,
  { clock, signal }: Pick<StoryDeps, 'clock' | 'signal'>,
  look: () => Promise<readonly [isSo: boolean, seen: string]>,
): Promise<void> {
  const since = clock.elapsed()
  for (;;) {
    if (signal.aborted) throw new MeshError('CANCELLED', 'The demo was interrupted.')
    const [isSo, seen] = await look()
    if (isSo) return
    expect(clock.elapsed() - since < patienceMs, what, seen)
    await pause(clock, lookMs, signal)
  }
}

function expect(isSo: boolean, what: string, seen: string): void {
  if (isSo) return
  throw new MeshError('INTERNAL', `Expected ${what}; instead: ${seen}.`, {
    hint: 'Run `mesh doctor`; with LOG_LEVEL=debug the nodes say more.',
  })
}
