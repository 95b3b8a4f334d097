import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { frameBytesMax, type Listener, type Network, type Wire } from '../../mesh/network.ts'
import { MeshError } from '../../state/errors.ts'

/** Two ends of a network that can reach each other, and a way to let its time pass. */
export interface NetworkRig {
  readonly here: Network
  readonly there: Network
  /** Lets time pass until it is true, within reason; answers whether it became true. */
  until(isTrue: () => boolean): Promise<boolean>
  stop(): Promise<void>
}

/** What one end of a wire was told, in order. */
export interface Record {
  readonly frames: string[]
  readonly closed: string[]
}

/** Opens a wire and writes down what it tells. */
export function record(wire: Wire): Record {
  const told: Record = { frames: [], closed: [] }
  wire.open({
    frame: (text) => told.frames.push(text),
    closed: (reason) => told.closed.push(reason),
  })
  return told
}

const host = '127.0.0.1'
const never = new AbortController().signal

/** The promises of a `Network`, whatever it is made of. */
export function networkContract(name: string, create: () => NetworkRig): void {
  describe(`the network contract, ${name}`, () => {
    let rig: NetworkRig
    let listener: Listener
    let accepted: Wire[]

    beforeEach(async () => {
      rig = create()
      accepted = []
      listener = await settled(rig.there.listen(host, [0], (wire) => accepted.push(wire)))
    })

    afterEach(async () => {
      await settled(listener.close())
      await rig.stop()
    })

    async function settled<T>(promise: Promise<T>): Promise<T> {
      let isSettled = false
      const settle = () => {
        isSettled = true
      }
      promise.then(settle, settle)
      await becomes(() => isSettled)
      return promise
    }

    async function becomes(isTrue: () => boolean): Promise<void> {
      expect(await rig.until(isTrue), `${isTrue}`).toBe(true)
    }

    async function connect(): Promise<{ dialled: Wire; accepted: Wire }> {
      const count = accepted.length
      const dialled = await settled(rig.here.dial(listener.address, never))
      await becomes(() => accepted.length > count)
      const other = accepted[count]
      if (!other) throw new Error('nothing was accepted')
      return { dialled, accepted: other }
    }

    async function refusal(promise: Promise<unknown>): Promise<MeshError> {
      const thrown = await settled(promise.catch((error: unknown) => error))
      if (!(thrown instanceof MeshError)) throw new Error(`not a refusal: ${thrown}`)
      return thrown
    }

    it('frames arrive whole and in order, both ways', async () => {
      const ends = await connect()
      const [one, other] = [record(ends.dialled), record(ends.accepted)]
      const texts = Array.from(
        { length: 300 },
        (_, index) => `${index} – ${'é😀'.repeat(index % 40)}`,
      )
      for (const text of ['', ...texts]) {
        ends.dialled.send(text)
        ends.accepted.send(`back ${text}`)
      }
      await becomes(() => one.frames.length === 301 && other.frames.length === 301)
      expect(other.frames).toEqual(['', ...texts])
      expect(one.frames).toEqual(['back ', ...texts.map((text) => `back ${text}`)])
    })

    it('what was sent before the other end opened comes first', async () => {
      const { dialled, accepted } = await connect()
      const answers = record(dialled)
      for (let index = 0; index < 50; index += 1) dialled.send(`${index}`)
      // The answer proves that what was sent before it has had its time to arrive.
      accepted.send('answer')
      await becomes(() => answers.frames.length === 1)
      const told = record(accepted)
      dialled.send('last')
      await becomes(() => told.frames.length === 51)
      expect(told.frames).toEqual([...Array.from({ length: 50 }, (_, index) => `${index}`), 'last'])
    })

    it.each(['dialled', 'accepted'] as const)(
      'both ends hear once that the %s end closed, and why',
      async (side) => {
        const ends = await connect()
        const told = [record(ends.dialled), record(ends.accepted)]
        ends[side].send('before')
        ends[side].close('enough said')
        ends[side].close('another reason')
        ends[side].send('after')
        await becomes(() => told.every(({ closed }) => closed.length > 0))
        ends.dialled.close('late')
        ends.accepted.terminate('late')
        ends.dialled.send('late')
        await settled(listener.close())
        expect(told.map(({ closed }) => closed)).toEqual([['enough said'], ['enough said']])
        expect(told.flatMap(({ frames }) => frames)).toEqual(['before'])
      },
    )

    it.each(['dialled', 'accepted'] as const)('the %s end can end at once', async (side) => {
      const ends = await connect()
      const [own, other] = [
        record(ends[side]),
        record(ends[side === 'dialled' ? 'accepted' : 'dialled']),
      ]
      ends[side].terminate('no use')
      ends[side].terminate('another reason')
      ends[side].close('another reason')
      ends[side].send('after')
      await becomes(() => own.closed.length > 0 && other.closed.length > 0)
      await settled(listener.close())
      expect([own, other]).toEqual([
        { frames: [], closed: ['no use'] },
        { frames: [], closed: ['closed'] },
      ])
      expect(ends[side].bufferedBytes).toBe(0)
    })

    it('who opens late hears everything, the end included', async () => {
      const { dialled, accepted } = await connect()
      const own = record(dialled)
      dialled.send('one')
      dialled.send('two')
      dialled.close('done')
      const told = record(accepted)
      await becomes(() => own.closed.length > 0 && told.closed.length > 0)
      expect(told).toEqual({ frames: ['one', 'two'], closed: ['done'] })
    })

    it('nothing is told any more to an end that has closed', async () => {
      const { dialled, accepted } = await connect()
      const own = record(dialled)
      const told = record(accepted)
      accepted.send('on its way')
      dialled.close('enough')
      await becomes(() => own.closed.length > 0 && told.closed.length > 0)
      expect(own.frames).toEqual([])
    })

    it('a sender sees what a slow receiver has not taken', async () => {
      const { dialled, accepted } = await connect()
      const block = 'x'.repeat(256 * 1_024)
      dialled.send('hello')
      let sent = 0
      while (dialled.bufferedBytes < 4_194_304 && sent < 256) {
        dialled.send(block)
        sent += 1
        await becomes(() => true)
      }
      expect(dialled.bufferedBytes).toBeGreaterThanOrEqual(4_194_304)
      const told = record(accepted)
      await becomes(() => told.frames.length === sent + 1)
      await becomes(() => dialled.bufferedBytes === 0)
    })

    it('nobody there is unreachable', async () => {
      await settled(listener.close())
      const thrown = await refusal(rig.here.dial(listener.address, never))
      expect(thrown).toMatchObject({ code: 'UNREACHABLE', cause: { code: 'ECONNREFUSED' } })
      expect(thrown.hint).toBeTruthy()
    })

    it('a dial can be given up, and leaves nothing', async () => {
      const before = await refusal(rig.here.dial(listener.address, AbortSignal.abort()))
      const giveUp = new AbortController()
      const dialling = rig.here.dial(listener.address, giveUp.signal)
      giveUp.abort()
      expect([before.code, (await refusal(dialling)).code]).toEqual(['UNREACHABLE', 'UNREACHABLE'])
      const told = accepted.map(record)
      await becomes(() => told.every(({ closed }) => closed.length === 1))
    })

    it('to give up after the dial has succeeded changes nothing', async () => {
      const giveUp = new AbortController()
      const dialled = await settled(rig.here.dial(listener.address, giveUp.signal))
      giveUp.abort()
      await becomes(() => accepted.length === 1)
      const [told] = accepted.map(record)
      record(dialled)
      dialled.send('still here')
      await becomes(() => told?.frames.length === 1)
    })

    it('both ends know the same facts of their connection, and no other has its binding', async () => {
      const first = await connect()
      const second = await connect()
      expect(first.dialled.binding).toHaveLength(32)
      expect(Buffer.from(first.accepted.binding)).toEqual(Buffer.from(first.dialled.binding))
      expect(Buffer.from(second.accepted.binding)).toEqual(Buffer.from(second.dialled.binding))
      expect(Buffer.from(second.dialled.binding)).not.toEqual(Buffer.from(first.dialled.binding))
      expect(first.dialled).toMatchObject({ side: 'dialled', epoch: 1, loopback: true })
      expect(first.accepted).toMatchObject({ side: 'accepted', epoch: 1, loopback: true })
      expect(first.dialled.remote).toEqual(listener.address)
      expect(first.accepted.remote.port).toBeGreaterThan(0)
    })

    it('a listener takes the first port that is free', async () => {
      const { port } = listener.address
      const next = await settled(rig.there.listen(host, [port, 0], () => {}))
      expect(next.address.port).not.toBe(port)
      const taken = [port, next.address.port]
      const thrown = await refusal(rig.there.listen(host, taken, () => {}))
      expect(thrown.code).toBe('UNREACHABLE')
      expect(thrown.hint).toBeTruthy()
      await settled(next.close())
      const again = await settled(rig.there.listen(host, taken, () => {}))
      expect(again.address.port).toBe(next.address.port)
      await settled(again.close())
    })

    it('the largest frame passes, one byte more ends the wire', async () => {
      const { dialled, accepted } = await connect()
      const told = [record(dialled), record(accepted)]
      // Bytes count, not characters.
      const largest = 'é'.repeat(frameBytesMax / 2)
      dialled.send('hello')
      dialled.send(largest)
      await becomes(() => told[1]?.frames.length === 2)
      expect(told[1]?.frames[1] === largest).toBe(true)
      dialled.send(`${largest}!`)
      await becomes(() => told.every(({ closed }) => closed.length === 1))
      expect(told[1]?.frames).toHaveLength(2)
    })

    it('a first frame far beyond a hello ends the wire', async () => {
      const { dialled, accepted } = await connect()
      const told = [record(dialled), record(accepted)]
      dialled.send('x'.repeat(32 * 1_024))
      await becomes(() => told.every(({ closed }) => closed.length === 1))
      expect(told[1]?.frames).toEqual([])
    })

    it('with its listener all its wires end', async () => {
      const one = await connect()
      const other = await connect()
      const told = [one.dialled, one.accepted, other.dialled].map(record)
      const closing = listener.close()
      await settled(Promise.all([closing, listener.close()]))
      await becomes(() => told.every(({ closed }) => closed.length === 1))
      await refusal(rig.here.dial(listener.address, never))
    })
  })
}
