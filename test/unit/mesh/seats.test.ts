import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../../mesh/clock.ts'
import { type Home, openHome } from '../../../mesh/home.ts'
import { type Seat, takeSeat } from '../../../mesh/seats.ts'
import { environmentOf } from '../environment.ts'

let root: string
let home: Home
let nowMs = 0
const clock: Clock = { ...systemClock, now: () => nowMs }
const held: Seat[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mesh-seats-'))
  home = await openHome(join(root, 'state'), environmentOf(), systemClock)
  nowMs = 1_700_000_000_000
})
afterEach(async () => {
  await Promise.all(held.splice(0).map(({ store }) => store.close()))
  await rm(root, { recursive: true, force: true })
})

async function take(session?: string, project = 'project'): Promise<Seat> {
  const seat = await takeSeat(home, { project, session }, clock)
  held.push(seat)
  return seat
}

async function leave(seat: Seat): Promise<void> {
  await seat.remember('alice')
  await seat.store.close()
}

const minutes = (count: number) => {
  nowMs += count * 60_000
}

describe('seats', () => {
  it('thirty sessions at once get thirty seats', async () => {
    const seats = await Promise.all(
      Array.from({ length: 30 }, (_, index) => take(index % 2 === 0 ? `s${index}` : undefined)),
    )
    expect(new Set(seats.map(({ peer }) => peer)).size).toBe(30)
    expect(new Set(seats.map(({ directory }) => directory)).size).toBe(30)
  })

  it('a session that comes back has its old seat, even among free lower ones', async () => {
    const [first, second] = [await take('one'), await take('two')]
    await leave(first)
    await leave(second)
    minutes(60)
    const back = await take('two')
    expect(back.peer).toBe(second.peer)
    expect(back.inherited).toBeUndefined()
  })

  it('a seat is left for its session for ten minutes, then the next may inherit it', async () => {
    const first = await take('one')
    await leave(first)
    minutes(9)
    const stranger = await take('two')
    expect(stranger.peer).not.toBe(first.peer)
    minutes(2)
    const heir = await take('three')
    expect(heir.peer).toBe(first.peer)
    expect(heir.inherited).toEqual({ name: 'alice', at: 1_700_000_000_000 })
  })

  it('without a session ID the lowest free seat is taken, and is the same peer again', async () => {
    const first = await take()
    await take()
    await leave(first)
    const back = await take()
    expect(back.peer).toBe(first.peer)
    expect(back.inherited).toBeUndefined()
  })

  it('one session in two processes sits in two seats', async () => {
    const [first, second] = [await take('one'), await take('one')]
    expect(second.peer).not.toBe(first.peer)
  })

  it('projects have seats of their own', async () => {
    const [here, there] = [await take('one', 'here'), await take('one', 'there')]
    expect(here.directory).not.toBe(there.directory)
    expect(await readdir(join(home.directory, 'projects'))).toHaveLength(2)
  })

  it('a seat whose file is lost is still its own peer', async () => {
    const first = await take('one')
    await leave(first)
    await rm(join(first.directory, 'peer.json'))
    expect((await take('one')).peer).toBe(first.peer)
  })

  it('a clock that was an hour ahead does not lock a seat away for longer than ten minutes', async () => {
    minutes(60)
    const first = await take('one')
    await leave(first)
    minutes(-60)
    expect((await take('two')).peer).toBe(first.peer)
  })
})
