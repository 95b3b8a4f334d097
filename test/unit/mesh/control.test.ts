import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../../mesh/clock.ts'
import { openDoor } from '../../../mesh/control.ts'
import type { Door } from '../../../mesh/door.ts'
import { shakeHands } from '../../../mesh/hello.ts'
import type { Wire } from '../../../mesh/network.ts'
import { errorCodes } from '../../../state/errors.ts'
import { createPeerId, type NodeId, uuidV7 } from '../../../state/ids.ts'
import { createSigner, createVerifier } from '../../../state/signatures.ts'
import { createMemoryNetwork } from '../../sim/memoryNetwork.ts'
import { createScheduler } from '../../sim/world.ts'

const signer = createSigner(new Uint8Array(32).fill(1))
const verify = createVerifier()
const mesh = 'mesh one'

/** A node of whatever version: it answers what the test wants. */
async function openTo(answer: (id: number) => object | undefined) {
  const world = createScheduler(3)
  const network = createMemoryNetwork({ after: world.after, random: world.chance })
  const clock: Clock = {
    ...systemClock,
    now: world.elapsed,
    elapsed: world.elapsed,
    after: world.after,
  }
  const deps = { clock, signer, verify }
  let wire: Wire | undefined
  const there = network.host('there', { machine: 'one' })
  const { address } = await there.listen('', [0], (accepted) => {
    wire = accepted
    const node = uuidV7(1, new Uint8Array(10)) as NodeId
    const peer = createPeerId(signer.device, new Uint8Array(5))
    const self = { mesh, node, peer, role: 'node' as const, host: '', port: 0 }
    void shakeHands(accepted, self, deps).then(({ open }) =>
      open({
        frame(text) {
          const { kind, id, number } = JSON.parse(text)
          if (kind === 'ping') return accepted.send(JSON.stringify({ kind: 'pong', number }))
          const given = answer(id)
          if (given) accepted.send(JSON.stringify({ kind: 'response', id, ...given }))
        },
        closed() {},
      }),
    )
  })
  const here = network.host('here', { machine: 'one' })
  let door: Door | undefined
  void openDoor({ ...deps, network: here, mesh }, address, new AbortController().signal).then(
    (opened) => {
      door = opened
    },
  )
  await world.until(() => door !== undefined, 5_000)
  if (!door) throw new Error('the door stayed closed')
  return { door, world, close: () => wire?.close('bye') }
}

/** Lets the world run until the promise has settled; answers what it rejected with. */
async function refusalOf(asked: Promise<unknown>, world: ReturnType<typeof createScheduler>) {
  let thrown: unknown
  let isSettled = false
  void asked
    .catch((error: unknown) => {
      thrown = error
    })
    .finally(() => {
      isSettled = true
    })
  await world.until(() => isSettled, 60_000)
  return thrown
}

describe('the control door', () => {
  let opened: Awaited<ReturnType<typeof openTo>>
  let answer: (id: number) => object | undefined

  beforeEach(async () => {
    opened = await openTo((id) => answer(id))
  })
  afterEach(() => opened.door.close())

  it.each(errorCodes)('hands on the code %s as it is', async (code) => {
    answer = () => ({ error: { code, message: 'what happened', hint: 'what to do' } })
    const thrown = await refusalOf(opened.door.request('status', {}), opened.world)
    expect(thrown).toMatchObject({ code, message: 'what happened', hint: 'what to do' })
  })

  it.each(['OF_ANOTHER_VERSION', '', 'toString', '__proto__'])(
    'a code it does not know, "%s", is INTERNAL and keeps its message',
    async (code) => {
      answer = () => ({ error: { code, message: 'what happened' } })
      const thrown = await refusalOf(opened.door.request('status', {}), opened.world)
      expect(thrown).toMatchObject({ code: 'INTERNAL', message: 'what happened', hint: undefined })
    },
  )

  it('waits as long as the node was asked to wait, and then for the answer', async () => {
    answer = () => undefined
    const startMs = opened.world.elapsed()
    const asked = opened.door.request(
      'awaitDelivery',
      { message_id: 'm', timeout_ms: 45_000 },
      45_000,
    )
    expect(await refusalOf(asked, opened.world)).toMatchObject({ code: 'UNREACHABLE' })
    expect(opened.world.elapsed() - startMs).toBeGreaterThanOrEqual(55_000)
  })

  it('does not wait for ever for an answer, nor for one from a node that has left', async () => {
    answer = () => undefined
    const late = await refusalOf(opened.door.request('status', {}), opened.world)
    expect(late).toMatchObject({ code: 'UNREACHABLE', message: 'The node did not answer in time.' })
    const asked = opened.door.request('status', {})
    opened.close()
    expect(await refusalOf(asked, opened.world)).toMatchObject({ code: 'UNREACHABLE' })
    const startMs = opened.world.elapsed()
    const after = await refusalOf(opened.door.request('status', {}), opened.world)
    expect(after).toMatchObject({ code: 'UNREACHABLE' })
    expect(opened.world.elapsed()).toBe(startMs)
  })
})
