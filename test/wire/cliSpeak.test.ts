import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openSession } from '../opened.ts'
import { until } from '../sessions.ts'
import { createDesk, enterAll } from './cliSpeakers.ts'

const id = z.string().regex(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/)
const named = z.strictObject({ id: z.string().length(17), name: z.string() })
const state = z.enum(['queued', 'delivered', 'shown', 'seen', 'acknowledged'])
const sent = z.strictObject({ message_id: id, to: named, state, reach: z.string() })
const receipt = z.strictObject({ id, to: named, state, at: z.iso.datetime() })

describe('mesh send', () => {
  it('speaks as the operator, and says whom it reached and how far', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    const { code, out, error } = await desk.run(['send', 'ANN', 'is', 'it', 'done?'])
    expect([code, error]).toEqual([0, ''])
    expect(out).toContain(`Sent as operator to ann (${ann?.id}): delivered; at its next turn.`)
    const read = await ann?.call('check_messages')
    expect(read?.data.messages).toMatchObject([
      { from: { name: 'operator' }, body: 'is it done?', kind: 'direct', trust: 'operator' },
    ])
  })

  it('answers the object that send_message answers, as JSON', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    const answer = sent.parse(await desk.runJson(['send', 'ann', 'hello']))
    expect(answer).toMatchObject({ to: { id: ann?.id, name: 'ann' }, state: 'delivered' })
    const repeated = await desk.runJson(['send', 'ann', 'hello'])
    expect(repeated).toMatchObject({ message_id: answer.message_id, repeated: true })
  })

  it('reads the message from the input, lines and all', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    await desk.run(['send', 'ann', '-'], { input: 'first\n\tsecond – ü\n' })
    await desk.run(['send', 'ann', '--', '--json', 'is an option'])
    const read = await ann?.call('check_messages')
    const bodies = read?.data.messages.map(({ body }) => body)
    expect(bodies).toEqual(['first\n\tsecond – ü', '--json is an option'])
  })

  it('answers a message, so that its sender knows which', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    const asked = await until(async () => {
      const answer = await ann?.call('send_message', { to: 'operator', message: 'which port?' })
      return answer?.data.message_id
    })
    await desk.run(['send', 'ann', '7899', '--reply-to', asked.slice(0, 24)])
    const read = await ann?.call('check_messages')
    expect(read?.data.messages).toMatchObject([{ body: '7899', reply_to: asked }])
    expect((await desk.run(['send', 'ann', 'x', '--reply-to', 'zzzzzzzz'])).code).toBe(1)
  })

  it('ends with 6 when the recipient is away, and with 0 as soon as it is back', async () => {
    const desk = createDesk()
    const [ann, ben] = await enterAll(desk, 'ann', 'ben')
    await ben?.close()
    await until(async () => (await ann?.call('list_peers'))?.data.peers.length === 0)
    expect((await desk.run(['send', 'ben', 'kept'])).code).toBe(0)
    const late = await desk.run(['send', 'ben', 'late', '--wait', '0.3'])
    expect(late.code).toBe(6)
    expect(late.out).toContain('not delivered within 0.3 s; offline: kept for 30 days.')
    const waiting = desk.runJson(['send', 'ben', 'welcome back', '--wait', '60'])
    await until(async () => (await desk.run(['history', '--query', 'welcome'])).out.includes('ben'))
    const again = await desk.enter('ben')
    expect(sent.parse(await waiting)).toMatchObject({ state: 'delivered', to: { id: again.id } })
  })

  it('refuses what cannot be done, with what to do next', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    for (const [code, ...words] of [
      [4, 'send', 'nobody', 'x'],
      // All peers of a device begin like that.
      [4, 'send', ann?.id.slice(0, 4) ?? '', 'x'],
      [2, 'send', 'operator', 'x'],
      [2, 'send', 'ann', ' '],
      [2, 'send', 'ann', 'x', '--wait', '601'],
      [2, 'broadcast', 'x', '--scope', 'directory'],
      [5, 'stop', 'operator'],
    ] as const) {
      const ran = await desk.run(words)
      expect([words, ran.code, ran.out]).toEqual([words, code, ''])
      expect(ran.error).toMatch(/^✗ .+\n {2}.+\n$/)
      expect(await desk.runJson(words)).toEqual({
        error: { code: expect.any(String), message: expect.any(String), hint: expect.any(String) },
      })
    }
  })

  it('ends with 3 when nothing runs', async () => {
    const desk = createDesk()
    for (const words of [['send', 'ann', 'x'], ['broadcast', 'x'], ['inbox'], ['history']]) {
      expect((await desk.run(words)).code).toBe(3)
    }
  })
})

describe('mesh broadcast', () => {
  it('reaches everybody who is online, and says who has it', async () => {
    const desk = createDesk()
    const speakers = await enterAll(desk, 'ann', 'ben')
    const { code, out } = await desk.run(['broadcast', 'main is frozen', '--wait', '20'])
    expect(code).toBe(0)
    expect(out).toContain('Sent to 2 sessions, delivered to 2: ann, ben.')
    const schema = z.strictObject({ message_id: id, to: z.array(named) })
    const answer = schema.parse(await desk.runJson(['broadcast', 'main is free']))
    expect(answer.to.map(({ name }) => name)).toEqual(['ann', 'ben'])
    const awaited = schema.extend({ messages: z.array(receipt) })
    awaited.parse(await desk.runJson(['broadcast', 'once more', '--wait', '20']))
    for (const speaker of speakers) {
      const read = await until(async () => {
        const answer = await speaker.call('check_messages')
        return answer.data.messages.length === 3 && answer
      })
      expect(read.data.messages[0]).toMatchObject({ kind: 'broadcast', body: 'main is frozen' })
    }
  })
})

describe('who speaks', () => {
  const claude = (session: string) => ({
    variables: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: session },
  })

  it('is the session that the command runs under, by the ID its client hands down', async () => {
    const desk = createDesk()
    const [, ben] = await enterAll(desk, 'ann', 'ben')
    const { out } = await desk.run(['send', 'ben', 'from ann'], claude('session-ann'))
    expect(out).toContain('Sent as this session to ben')
    const read = await ben?.call('check_messages')
    expect(read?.data.messages).toMatchObject([{ from: { name: 'ann' }, trust: 'same_device' }])
  })

  it('is the session whose client started the command, whatever the environment says', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    // This test is the client of that one.
    await openSession({ home: desk.home, name: 'own' })
    await until(async () => (await ann?.call('list_peers'))?.data.peers.length === 1)
    expect((await desk.run(['send', 'ann', 'hello'])).out).toContain('Sent as this session')
    const read = await ann?.call('check_messages')
    expect(read?.data.messages).toMatchObject([{ from: { name: 'own' } }])
  })

  it('is never the operator when an agent types', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann')
    for (const words of [['send', 'ann', 'x'], ['broadcast', 'x'], ['inbox'], ['history']]) {
      for (const variables of [{ CLAUDECODE: '1' }, { AI_AGENT: 'another' }]) {
        const { code, error } = await desk.run(words, { variables })
        expect(code).toBe(5)
        expect(error).toContain('/mcp')
      }
    }
    expect((await ann?.call('check_messages'))?.data.messages).toEqual([])
  })

  it('is still the operator after the session that led has left', async () => {
    const desk = createDesk()
    const [ann, ben] = await enterAll(desk, 'ann', 'ben')
    await desk.run(['send', 'ben', 'one'])
    await ann?.close()
    expect((await desk.run(['send', 'ben', 'two'])).code).toBe(0)
    const read = await ben?.call('check_messages')
    const operator = { name: 'operator' }
    expect(read?.data.messages.filter(({ body }) => body.length === 3)).toMatchObject([
      { body: 'one', from: operator },
      { body: 'two', from: operator },
    ])
  })
})

describe('the other commands', () => {
  it('count sessions, not the operator', async () => {
    const desk = createDesk()
    await enterAll(desk, 'ann', 'ben')
    await until(async () => (await desk.run(['send', 'ann', 'hello'])).code === 0)
    expect((await desk.run(['status'])).out).toContain('2 sessions here')
    const peers = await desk.run(['peers'])
    expect(peers.out).toContain('2 sessions online')
    expect(peers.out).not.toContain('operator')
    expect((await desk.run(['doctor'])).out).toContain('2 of 2 running sessions answered')
  })

  it('watch tells once what the operator says and hears', async () => {
    const desk = createDesk()
    const [ann] = await enterAll(desk, 'ann', 'ben')
    await until(async () => (await desk.run(['send', 'ann', 'before'])).code === 0)
    const child = desk.start(['watch'])
    const [first] = await once(createInterface({ input: child.stderr ?? process.stdin }), 'line')
    expect(first).toContain('Watching 2 sessions.')
    let out = ''
    child.stdout?.on('data', (chunk) => {
      out += chunk
    })
    await desk.run(['send', 'ben', 'said to ben', '--wait', '20'])
    await desk.run(['broadcast', 'said to all', '--wait', '20'])
    await ann?.call('send_message', { to: 'operator', message: 'said to you' })
    await ann?.call('send_message', { to: 'ben', message: 'the last' })
    await until(() => out.includes('the last'))
    for (const text of ['said to ben', 'said to all', 'said to you', 'the last']) {
      expect(out.split(text)).toHaveLength(2)
    }
    expect(out).toMatch(/operator → ben .*said to ben/)
  })
})
