import { describe, expect, it } from 'vitest'
import { createLink, type Link } from '../../../mesh/link.ts'
import type { Wire } from '../../../mesh/network.ts'
import { createSigner } from '../../../state/signatures.ts'
import { createSimulatedClock } from '../../sim/clock.ts'
import { createScheduler } from '../../sim/world.ts'
import { createToldLink, nodeId } from './links.ts'

/** A link over a wire that takes everything, and says what the test wants. */
function open() {
  const world = createScheduler(1)
  const sent: string[] = []
  const place = { bufferedBytes: 0 }
  const told = createToldLink({ node: nodeId('a') })
  const { key } = createSigner(new Uint8Array(32).fill(1))
  let hear: (text: string) => void = () => {}
  const wire: Wire = {
    ...{ side: 'accepted', remote: told.remote, loopback: true, epoch: 1 },
    binding: new Uint8Array(32),
    get bufferedBytes() {
      return place.bufferedBytes
    },
    open() {},
    send: (text) => void sent.push(text),
    close() {},
    terminate() {},
  }
  const link: Link = createLink(
    {
      wire,
      acquaintance: {
        hello: { ...told.hello, key },
        open: ({ frame }) => {
          hear = frame
        },
      },
    },
    { frame() {}, closed() {}, malformed() {} },
    createSimulatedClock(world),
  )
  return { world, link, sent, place, hear: (text: string) => hear(text) }
}

describe('a link', () => {
  it('counts what passes over it, in frames and in bytes of their text', () => {
    const { link, sent, hear } = open()
    expect(link.traffic).toEqual({ bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0 })
    link.send({ kind: 'bye', reason: 'é' })
    hear('{"kind":"of another time","a":"é"}')
    hear('rubbish')
    const bytesIn = Buffer.byteLength('{"kind":"of another time","a":"é"}') + 7
    const bytesOut = Buffer.byteLength(sent.join(''))
    expect(link.traffic).toEqual({ bytesIn, bytesOut, framesIn: 2, framesOut: 1 })
  })

  it('knows how long the last ping took that was answered', async () => {
    const { world, link, sent, hear } = open()
    expect(link.roundTripMs).toBeUndefined()
    const probed = link.probe(1_000)
    await world.run(40)
    hear('{"kind":"pong","number":1}')
    expect(await probed).toBe(true)
    expect(link.roundTripMs).toBeCloseTo(40, 0)
    await world.run(15_100)
    expect(sent.at(-1)).toBe('{"kind":"ping","number":2}')
    // A late answer to an earlier one says nothing about this one.
    hear('{"kind":"pong","number":1}')
    expect(link.roundTripMs).toBeCloseTo(40, 0)
    hear('{"kind":"pong","number":2}')
    expect(link.roundTripMs).toBeCloseTo(100, 0)
  })

  it('tells of each live frame that it drops, and of nothing that it sends', () => {
    const { link, sent, place } = open()
    let dropped = 0
    link.dropped.listen(() => {
      dropped += 1
    })
    expect(link.sendLive({ kind: 'bye', reason: '' })).toBe(true)
    place.bufferedBytes = 1_048_577
    expect(link.sendLive({ kind: 'bye', reason: '' })).toBe(false)
    link.send({ kind: 'bye', reason: '' })
    expect([dropped, sent.length]).toEqual([1, 2])
  })
})
