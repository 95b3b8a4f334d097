import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../mesh/clock.ts'
import { openHome } from '../../mesh/home.ts'
import { createLab, type Lab, whyNoLab } from '../lan/lab.ts'
import { callOf, initialize, initialized } from '../rawServer.ts'
import { command, until, variablesOf } from '../sessions.ts'
import { environmentOf } from '../unit/environment.ts'

const reason = await whyNoLab()
const why = reason === undefined ? '' : `, skipped because ${reason}`
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mesh-lan-'))
})
afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))

/** What `mesh lan --json` prints. */
interface LanAnswer {
  readonly lan: string
  readonly nodes: readonly {
    readonly name: string
    readonly follows: boolean
    readonly lan: {
      readonly on: boolean
      readonly address: string | null
      readonly problem?: string
    }
  }[]
}

type Start = (words: readonly string[], variables: Readonly<Record<string, string>>) => ChildProcess

const startHere: Start = (words, variables) =>
  spawn(process.execPath, [...words], { env: { ...variables } })

/** A machine, or this one, with a state directory of its own. */
function createPlace(home: string, start: Start) {
  const children: ChildProcess[] = []

  async function run(...words: string[]) {
    const child = start([command, ...words], variablesOf({ home }))
    const printed = { out: '', error: '' }
    child.stdout?.on('data', (chunk) => {
      printed.out += chunk
    })
    child.stderr?.on('data', (chunk) => {
      printed.error += chunk
    })
    const [code] = await once(child, 'close')
    return { ...printed, code: Number(code) }
  }

  return {
    run,
    async lan(...words: string[]): Promise<LanAnswer & { readonly code: number }> {
      const { out, error, code } = await run('lan', ...words, '--json')
      if (out === '') throw new Error(`mesh lan said nothing but: ${error}`)
      return { ...JSON.parse(out), code }
    },
    /** Starts a session, which joins; answers whom it sees. */
    async enter(name: string, variables: Readonly<Record<string, string>> = {}) {
      const child = start([command, 'mcp'], variablesOf({ home, name, variables }))
      children.push(child)
      child.stdin?.on('error', () => {})
      let log = ''
      child.stderr?.on('data', (chunk) => {
        log += chunk
      })
      if (!child.stdout) throw new Error('a session is spawned with pipes')
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const say = (...messages: object[]) =>
        child.stdin?.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''))
      let calls = 1
      async function answerTo(id: number) {
        for (;;) {
          const { value, done } = await lines.next()
          if (done) throw new Error(`${name} has ended: ${log}`)
          const message = JSON.parse(value)
          if (message.id === id) return message.result
        }
      }
      say(initialize)
      await answerTo(1)
      say(initialized)
      async function peers(): Promise<string[]> {
        calls += 1
        say(callOf(calls, 'list_peers'))
        const answer = await answerTo(calls)
        if (answer.isError) throw new Error(JSON.stringify(answer))
        return answer.structuredContent.peers.map((peer: { name: string }) => peer.name).sort()
      }
      await peers()
      return { name, peers }
    },
    async stop() {
      for (const child of children.splice(0)) {
        const gone = once(child, 'close')
        child.kill('SIGKILL')
        await gone
      }
    },
  }
}

describe('mesh lan', () => {
  let place: ReturnType<typeof createPlace>

  beforeEach(() => {
    place = createPlace(join(root, 'home'), startHere)
  })
  afterEach(() => place.stop())

  it('sets what sessions will find that start later, and shows it', async () => {
    expect((await place.lan()).lan).toBe('auto')
    expect(await readdir(root)).toEqual([])
    const { out, code } = await place.run('lan', 'off')
    expect(code).toBe(0)
    expect(out).toContain('LAN: off.')
    expect(await place.lan()).toMatchObject({ lan: 'off', nodes: [], code: 0 })
    const text = await readFile(join(root, 'home', 'settings.json'), 'utf8')
    expect(JSON.parse(text)).toEqual({ lan: 'off' })
  })

  it('refuses other words, and settings that are damaged', async () => {
    expect(await place.run('lan', 'maybe')).toMatchObject({
      code: 2,
      error: expect.stringContaining('on, off or auto'),
    })
    await mkdir(join(root, 'home'), { mode: 0o700 })
    await writeFile(join(root, 'home', 'settings.json'), '{')
    for (const words of [['lan'], ['lan', 'on']]) {
      expect(await place.run(...words)).toMatchObject({
        code: 2,
        error: expect.stringContaining('settings.json'),
      })
    }
  })

  it('does nothing but say so while the mesh has one device', async () => {
    await place.enter('ada')
    const { nodes, code } = await place.lan('auto')
    expect(code).toBe(0)
    expect(nodes.map(({ name }) => name)).toContain('ada')
    for (const { lan, follows } of nodes) {
      expect([lan.on, lan.address, follows]).toEqual([false, null, true])
    }
    expect((await place.run('lan')).out).toMatch(/ada +127\.0\.0\.1:\d+ +no/)
  })
})

describe.skipIf(reason !== undefined)(`two machines${why}`, () => {
  let lab: Lab
  let places: ReturnType<typeof createPlace>[]

  beforeEach(async () => {
    lab = await createLab({ machines: 2 })
    places = [1, 2].map((number) =>
      createPlace(join(root, `home${number}`), (words, variables) =>
        lab.machine(number).run(process.execPath, words, variables),
      ),
    )
    for (const number of [1, 2]) {
      await openHome(join(root, `home${number}`), environmentOf(), systemClock)
    }
    // The second machine gets the mesh key of the first: they are one mesh.
    await cp(join(root, 'home1', 'keys'), join(root, 'home2', 'keys'), { recursive: true })
  })
  afterEach(() => lab.stop())

  function placeOf(number: number): ReturnType<typeof createPlace> {
    const place = places[number - 1]
    if (!place) throw new Error(`there is no machine ${number}`)
    return place
  }

  it('meet when both are told to, part when one is told to, and meet again', async () => {
    const [ada, bea] = [await placeOf(1).enter('ada'), await placeOf(1).enter('bea')]
    const cleo = await placeOf(2).enter('cleo')
    expect([await ada.peers(), await cleo.peers()]).toEqual([['bea'], []])
    for (const number of [1, 2]) {
      const { nodes, code } = await placeOf(number).lan('on')
      expect(code).toBe(0)
      for (const { lan } of nodes) expect(lan.address).toMatch(/^0\.0\.0\.0:79[1-8]\d$/)
    }
    const all = async () => [await ada.peers(), await bea.peers(), await cleo.peers()].join(' ')
    await until(async () => (await all()) === 'bea,cleo ada,cleo ada,bea')
    expect((await placeOf(1).run('lan')).out).toContain('10.77.0.1')
    const { nodes } = await placeOf(2).lan('off')
    for (const { lan } of nodes) expect(lan).toMatchObject({ on: false, address: null })
    await until(async () => (await all()) === 'bea ada ')
    // There is a second device now, so that this one needs no word.
    expect((await placeOf(2).lan('auto')).nodes.every(({ lan }) => lan.on)).toBe(true)
    await until(async () => (await all()) === 'bea,cleo ada,cleo ada,bea')
    const deaf = await placeOf(2).enter('dora')
    await until(async () => (await deaf.peers()).join() === 'ada,bea,cleo')
  })

  it('meet by one address where there is no multicast, and then all of them', async () => {
    await lab.setMulticast(false)
    for (const number of [1, 2]) await placeOf(number).lan('on')
    const variables = { MESH_LINK_PORTS: '7920-7929' }
    const ada = await placeOf(1).enter('ada', variables)
    const bea = await placeOf(1).enter('bea', variables)
    const { nodes } = await placeOf(1).lan()
    const port = nodes.find(({ name }) => name === 'ada')?.lan.address?.split(':')[1]
    const cleo = await placeOf(2).enter('cleo', { MESH_PEERS: `10.77.0.1:${port}` })
    const dora = await placeOf(2).enter('dora')
    const sees = async () =>
      [await ada.peers(), await bea.peers(), await cleo.peers(), await dora.peers()].join(' ')
    await until(
      async () => (await sees()) === 'bea,cleo,dora ada,cleo,dora ada,bea,dora ada,bea,cleo',
    )
  })

  it('a session that finds no free port says so and goes on at home', async () => {
    const ada = await placeOf(1).enter('ada')
    const bea = await placeOf(1).enter('bea', { MESH_LINK_PORTS: '7999' })
    const { nodes, code } = await placeOf(1).lan('on')
    expect(code).toBe(1)
    const problems = nodes.flatMap(({ name, lan }) => (lan.problem ? [name] : []))
    expect(problems).toEqual(['bea'])
    expect((await placeOf(1).run('lan')).out).toContain('MESH_LINK_PORTS')
    expect([await ada.peers(), await bea.peers()]).toEqual([['bea'], ['ada']])
  })
})
