import { describe, expect, it } from 'vitest'
import { createMeshWorld, type MeshWorld, type Seat } from './meshWorld.ts'

/** How long the operator's seat and all links take to be there. */
const joinMs = 5_000
/** What a lead passes on arrives within this time, and so does the answer. */
const soonMs = 500

const settings = { seed: 1, brakes: false }

async function fill(world: MeshWorld): Promise<void> {
  for (const seat of world.seats) {
    void world.start(seat)
    await world.scheduler.run(joinMs)
  }
}

function meshOf({ process, host }: Seat) {
  if (!process) throw new Error(`nobody is at ${host}`)
  return process.mesh
}

/** Two seats that are not linked to each other, with somebody between them who is linked to both. */
interface Apart {
  readonly world: MeshWorld
  readonly ann: Seat
  readonly bob: Seat
}

function pick({ seats }: MeshWorld, one: number, other: number): readonly [Seat, Seat] {
  const [ann, bob] = [seats[one], seats[other]]
  if (!ann || !bob) throw new Error('there are not so many seats')
  return [ann, bob]
}

async function expectWayAndBack({ world, ann, bob }: Apart): Promise<void> {
  const { links } = await meshOf(ann).status()
  expect(links.map(({ peer }) => peer)).not.toContain(bob.peer)
  const sent = meshOf(ann).send({ to: bob.peer, message: 'can you hear me?' })
  await world.scheduler.run(soonMs)
  const { message_id } = await sent
  const waiting = await meshOf(bob).inbox.list(10)
  expect(waiting.map(({ id }) => id)).toContain(message_id)
  const seen = meshOf(bob).inbox.markSeen([message_id])
  await world.scheduler.run(soonMs)
  await seen
  const receipts = await meshOf(ann).receipts({ message_id })
  expect(receipts.map(({ state }) => state)).toEqual(['seen'])
  expect(world.faults).toEqual([])
}

describe('two sessions that cannot reach each other', () => {
  it('hear each other through the lead of their device within half a second', async () => {
    const world = createMeshWorld({ ...settings, seats: 3, devices: 1 })
    await fill(world)
    const [ann, bob] = pick(world, 1, 2)
    world.network.part(ann.host, bob.host)
    await world.scheduler.run(60_000)
    await expectWayAndBack({ world, ann, bob })
  })

  it('do so when both are on machines that only dial, through the third between them', async () => {
    const world = createMeshWorld({ ...settings, seats: 3, devices: 3 })
    for (const index of [0, 1]) world.network.shield(`machine${index}`, true)
    await fill(world)
    await world.scheduler.run(60_000)
    const [ann, bob] = pick(world, 0, 1)
    await expectWayAndBack({ world, ann, bob })
  })
})

describe('the seat of the operator', () => {
  it.each(['process', 'power'] as const)(
    'is taken by the next within a second when the lead is gone (%s)',
    async (cause) => {
      const world = createMeshWorld({ ...settings, seats: 4, devices: 1 })
      await fill(world)
      const [operator] = world.operators
      for (const seat of world.seats.slice(0, 3)) {
        expect(operator?.holder).toBe(seat)
        world.kill(seat, cause)
        await world.scheduler.run(1_000)
        expect(operator?.process?.isJoined).toBe(true)
      }
      expect(operator?.holder).toBe(world.seats[3])
    },
  )

  it('stays empty while its disk is full, and harms no session', async () => {
    const world = createMeshWorld({ ...settings, seats: 2, devices: 1 })
    const [operator] = world.operators
    operator?.disk.setFull(true)
    await fill(world)
    expect(operator?.process?.isJoined ?? false).toBe(false)
    expect(world.seats.every(({ process }) => process?.isJoined)).toBe(true)
    operator?.disk.setFull(false)
    await world.scheduler.run(10_000)
    expect(operator?.process?.isJoined).toBe(true)
    expect(world.faults).toEqual([])
  })
})
