import { describe, expect, it } from 'vitest'
import type { Answer, ToolContext } from '../../mcp/tool.ts'
import { tools } from '../../mcp/tools/index.ts'
import { createDeciding } from '../../mesh/deciding.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { createMeshWorld, type MeshWorld, type Seat } from './meshWorld.ts'

const settings = { seed: 3, brakes: false, seats: 3, devices: 2 }
/** How long joining takes, and how long something takes to be everywhere. */
const joinMs = 5_000
const soonMs = 1_000
/** The comparison that repairs what was missed. */
const repairMs = 45_000

async function open(): Promise<{ world: MeshWorld; ann: Seat; bob: Seat }> {
  const world = createMeshWorld(settings)
  for (const seat of world.seats) {
    void world.start(seat)
    await world.scheduler.run(joinMs)
  }
  const [ann, bob] = world.seats
  if (!ann || !bob) throw new Error('there are not so many seats')
  return { world, ann, bob }
}

function meshOf({ process, host }: Seat): Mesh {
  if (!process) throw new Error(`nobody is at ${host}`)
  return process.mesh
}

/** Calls a tool in somebody's session, and lets its work reach the others. */
async function call(
  world: MeshWorld,
  seat: Seat,
  [tool, input]: readonly [tool: string, input: object],
): Promise<Answer> {
  const context = { mesh: meshOf(seat), evidence: { named: async () => {} } }
  const found = tools.find(({ name }) => name === tool)
  if (!found) throw new Error(`there is no tool ${tool}`)
  return meanwhile(world, found.run(context as unknown as ToolContext, input))
}

/** What comes of some work while time goes on; it may refuse while the others are at theirs. */
async function meanwhile<Result>(world: MeshWorld, work: Promise<Result>): Promise<Result> {
  const [done] = await Promise.allSettled([work, world.scheduler.run(soonMs)])
  if (done.status === 'rejected') throw done.reason
  return done.value
}

async function noticesOf(world: MeshWorld, seat: Seat): Promise<string[]> {
  const items = await meanwhile(world, meshOf(seat).inbox.list(100))
  return items.filter(({ kind }) => kind === 'notice').map(({ body }) => body)
}

const decision = (value: string) => ({ key: 'database', value, rationale: `${value} is right` })

describe('decisions between nodes', () => {
  it('of two sides that were apart become one conflict, which anybody settles', async () => {
    const { world, ann, bob } = await open()
    world.network.part(ann.host, bob.host)
    for (const { host } of world.seats.slice(2)) world.network.part(ann.host, host)
    await world.scheduler.run(5_000)
    await call(world, ann, ['post_decision', decision('postgres')])
    await call(world, bob, ['post_decision', decision('sqlite')])
    world.network.heal()
    await world.scheduler.run(repairMs)
    for (const seat of world.seats) {
      const { structured } = await call(world, seat, ['query_decisions', {}])
      const [found] = structured['decisions'] as { conflict?: { value: string }[] }[]
      expect(found?.conflict?.map(({ value }) => value).sort()).toEqual(['postgres', 'sqlite'])
      expect(
        (await noticesOf(world, seat)).filter((text) => text.includes('in conflict')),
      ).toHaveLength(1)
    }
    await call(world, bob, ['post_decision', decision('mongo')])
    const { structured } = await call(world, ann, ['query_decisions', { key: 'Database' }])
    expect(structured).toMatchObject({ decisions: [{ value: 'mongo', status: 'active' }] })
    expect((await noticesOf(world, ann)).at(-1)).toContain(
      'settled the decision "database": "mongo"',
    )
    expect(world.faults).toEqual([])
  })

  it('the operator revokes what a session decided, and reads the report of its group', async () => {
    const { world, ann, bob } = await open()
    await call(world, ann, ['post_decision', decision('postgres')])
    const [operator] = world.operators
    if (!operator) throw new Error('nobody leads')
    const commands = createDeciding(meshOf(operator))
    const revoked = commands.revokeDecision({ key: 'database', reason: 'too dear' })
    await world.scheduler.run(soonMs)
    await expect(revoked).resolves.toMatchObject({ decision: { status: 'revoked' } })
    expect(await noticesOf(world, bob)).toContainEqual(
      expect.stringContaining('Reason: "too dear"'),
    )
    expect(commands.decisions({})).toEqual({ decisions: [] })
    expect(commands.decisions({ key: 'database' })).toMatchObject({
      decisions: [{ group: 'lobby', history: [{ status: 'revoked' }, { status: 'posted' }] }],
    })
    const asked = Promise.resolve(commands.report({ since: '1h', group: 'lobby' }))
    const { report } = (await meanwhile(world, asked)) as { report: string }
    expect(report).toContain('(claude-1, revoked): postgres is right')
    expect(report).toMatch(/operator revoked the decision/)
    expect(() => createDeciding(meshOf(bob)).decisions({ group: 'nowhere' })).toThrow(
      /no group "nowhere"/,
    )
  })
})

describe('a structured message between nodes', () => {
  it('arrives as text and as fields, can be pinned and answered with an emoji, and is reported', async () => {
    const { world, ann, bob } = await open()
    const question = { question: 'Which port?', expected_format: 'a number' }
    const to = bob.peer
    const sent = await call(world, ann, ['send_structured', { to, type: 'question', ...question }])
    const message_id = String(sent.structured['message_id'])
    const listed = await meanwhile(world, meshOf(bob).inbox.list(5))
    const [received] = listed.filter(({ id }) => id === message_id)
    expect(received).toMatchObject({
      body: '**Question:** Which port?\n**Expected format:** a number',
      fields: { type: 'question', ...question },
    })
    const id = message_id.slice(0, 20)
    await call(world, bob, ['react', { message_id: id, emoji: '👍' }])
    await call(world, bob, ['pin_message', { message_id: id }])
    const eve = world.seats[2]
    if (!eve) throw new Error('there are not so many seats')
    await expect(call(world, eve, ['pin_message', { message_id }])).rejects.toMatchObject({
      code: 'UNKNOWN_MESSAGE',
    })
    const { text } = await call(world, ann, ['session_report', {}])
    expect(text).toContain('## Messages (1)\n\n- claude-1: 1')
    expect(text).toContain(`claude-2 pinned ${message_id}`)
    expect(text).toContain('**claude-3** (online')
    expect(await noticesOf(world, ann)).toEqual([])
    expect(world.faults).toEqual([])
  })
})
