import { describe, expect, it } from 'vitest'
import type { Child } from '../../../cli/child.ts'
import { playStory } from '../../../cli/story.ts'
import type { Clock } from '../../../mesh/clock.ts'
import { MeshError } from '../../../state/errors.ts'

interface Mail {
  id: string
  from: string
  to: string
  body: string
  reply_to?: string
  state: string
}

/** How a mesh may break its promises. */
interface Lies {
  /** This message is lost. */
  readonly loses?: string
  /** This message is given again and again. */
  readonly repeats?: string
  /** Nothing is ever known to be seen. */
  readonly isBlind?: boolean
  /** Who comes back is somebody else. */
  readonly forgets?: boolean
}

/** A clock on which waiting takes no time. */
function createClock(): Clock {
  let elapsed = 0
  return {
    now: () => elapsed,
    elapsed: () => elapsed,
    after(ms, callback) {
      elapsed += ms
      queueMicrotask(callback)
      return () => {}
    },
    random: (count) => new Uint8Array(count),
  }
}

/** A mesh that is only played, and keeps its promises as far as it does not lie. */
function createStage(lies: Lies) {
  const online = new Map<string, string>()
  const mails: Mail[] = []
  let starts = 0

  const idOf = (name: string) => online.get(name) ?? `id-${name}`

  function answer(name: string, tool: string, input: Readonly<Record<string, unknown>>): unknown {
    const peer = (of: string) => ({
      ...{ id: idOf(of), name: of, status: 'online', online: true, branch: null },
      ...{ cwd: '', summary: '', device: '', last_seen: '' },
    })
    if (tool === 'list_peers') {
      const others = [...online.keys()].filter((other) => other !== name)
      return { self: peer(name), peers: others.map(peer) }
    }
    if (tool === 'send_message') {
      const mail: Mail = {
        ...{ id: `m${mails.length}`, from: name, to: String(input['to']) },
        ...{
          body: String(input['message']),
          state: online.has(String(input['to'])) ? 'delivered' : 'queued',
        },
        ...(typeof input['reply_to'] === 'string' ? { reply_to: input['reply_to'] } : {}),
      }
      mails.push(mail)
      const { id, to, state } = mail
      return { message_id: id, to: { id: idOf(to), name: to }, state, reach: 'at its next turn' }
    }
    if (tool === 'check_acks') {
      const own = mails.filter(({ from }) => from === name)
      return { messages: own.map(({ id, state }) => ({ id, state })) }
    }
    const unread = mails.filter(
      ({ to, state, body }) =>
        to === name && body !== lies.loses && (state !== 'seen' || body === lies.repeats),
    )
    for (const mail of unread) mail.state = lies.isBlind ? 'read' : 'seen'
    return {
      messages: unread.map((mail) => ({ ...mail, kind: 'direct', from: { name: mail.from } })),
    }
  }

  return {
    mails,
    async start(name: string): Promise<Child> {
      starts += 1
      online.set(name, lies.forgets ? `id-${name}-${starts}` : `id-${name}`)
      return {
        name,
        call: async (tool, input = {}) => answer(name, tool, input),
        async kill() {
          online.delete(name)
        },
        async close() {},
      }
    },
  }
}

async function play(lies: Lies = {}) {
  const told: string[] = []
  const signal = new AbortController().signal
  const { start } = createStage(lies)
  const tell = async (promise: string, step: () => Promise<readonly string[]>) => {
    await step()
    told.push(promise)
  }
  const thrown = await playStory({ start, tell, signal, clock: createClock() }).catch(
    (error: unknown) => error,
  )
  return { told, thrown }
}

describe('the story of the demo', () => {
  it('ends well on a mesh that keeps its promises', async () => {
    const { told, thrown } = await play()
    expect(thrown).toBeUndefined()
    expect(told).toHaveLength(6)
  })

  it.each([
    ['a question is lost', { loses: 'Which port does the API listen on?' }, 2, 'ben receives'],
    ['a reply is lost', { loses: '8080, as of this morning.' }, 3, 'ada receives'],
    ['mail of the dead is lost', { loses: 'The release is tagged: v2.0.' }, 5, 'cleo receives'],
    ['a message comes twice', { repeats: '8080, as of this morning.' }, 3, 'twice'],
    ['nothing is seen', { isBlind: true }, 2, 'twice'],
    ['a seat is forgotten', { forgets: true }, 4, 'seat of cleo'],
  ] as const)('stops and says so when %s', async (_, lies, steps, said) => {
    const { told, thrown } = await play(lies)
    expect(told).toHaveLength(steps)
    expect(thrown).toBeInstanceOf(MeshError)
    expect(String(thrown)).toContain(`Expected that`)
    expect(String(thrown)).toContain(said)
  })
})
