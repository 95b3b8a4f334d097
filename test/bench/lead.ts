import { get } from 'node:http'
import { join } from 'node:path'
import { isProcessAlive, readRendezvous } from '../../mesh/rendezvous.ts'
import { freePort, startSession, type TestSession, until } from '../sessions.ts'
import { type Figure, median, ms } from './figures.ts'

const kills = 50
const names = ['ann', 'bob', 'cleo']

/** The lead is killed while sessions talk: how long until its door is open again. */
export async function measureLead(scratch: string): Promise<Figure> {
  const home = join(scratch, 'home')
  const port = await freePort()
  const variables = { MESH_PORT: String(port), MESH_BRAKES: 'off' }
  const open = (name: string) =>
    startSession({ home, name, session: name, directory: scratch, variables })
  const sessions = await Promise.all(names.map(open))
  await untilOpen(port)
  const talking = talk(sessions)
  const times: number[] = []
  for (let round = 0; round < kills; round += 1) {
    const lead = await leadOf(home)
    const index = sessions.findIndex(({ pid }) => pid === lead)
    await settle()
    const since = performance.now()
    await sessions[index]?.kill('SIGKILL')
    times.push((await untilOpen(port)) - since)
    sessions[index] = await open(names[index] ?? '')
  }
  const said = await talking.stop()
  await Promise.all(sessions.map((session) => session.close()))
  const [middle, worst] = [median(times), Math.max(...times)]
  return {
    what: 'lead killed under traffic -> its door open again',
    measured: `of ${kills} (${said} messages meanwhile): median ${ms(middle)}, worst ${ms(worst)}`,
    target: 'median <= 100 ms, worst <= 1 s',
    isMet: middle <= 100 && worst <= 1_000,
  }
}

/** Sessions write to each other and to the operator until told to stop. */
function talk(sessions: readonly TestSession[]): { stop(): Promise<number> } {
  let said = 0
  let isOver = false
  async function speak(index: number): Promise<void> {
    for (let turn = 0; !isOver; turn += 1) {
      const to = [...names, 'operator'][(index + 1 + (turn % 3)) % 4] ?? 'operator'
      const input = { to, message: `turn ${turn} of ${index}` }
      const answer = await sessions[index]?.call('send_message', input).catch(() => undefined)
      if (answer && !answer.isError) said += 1
      await new Promise((done) => setTimeout(done, 20))
    }
  }
  const speaking = Promise.all(names.map((_, index) => speak(index)))
  return {
    async stop() {
      isOver = true
      await speaking
      return said
    },
  }
}

async function leadOf(home: string): Promise<number> {
  return until(async () => {
    const entries = await readRendezvous(join(home, 'run'))
    const living = entries.filter(({ role, pid }) => role === 'operator' && isProcessAlive(pid))
    return living.length === 1 && living[0]?.pid
  })
}

/** The newcomer has settled, so that a kill meets an ordinary moment. */
function settle(): Promise<void> {
  return new Promise((done) => setTimeout(done, 600))
}

/** Resolves to the moment at which the door first answers. */
async function untilOpen(port: number): Promise<number> {
  while (!(await isOpen(port))) await new Promise((done) => setTimeout(done, 1))
  return performance.now()
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/health', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}
