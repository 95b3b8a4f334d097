import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLab, type Lab, whyNoLab } from './lab.ts'

const reason = await whyNoLab()
const why = reason === undefined ? '' : `, skipped because ${reason}`
if (reason !== undefined) console.log(`Everything on a LAN is skipped because ${reason}.`)

const serve = `net.createServer((socket) => socket.end('welcome'))
  .listen(7910, '0.0.0.0', () => console.log('listening'))`
/** Prints what a server said, or why there was none within a second. */
const call = `const socket = net.connect(7910, process.argv[1])
  socket.setTimeout(1000, () => socket.destroy(Object.assign(new Error(), { code: 'silence' })))
  socket.on('data', (data) => console.log(String(data))).on('error', ({ code }) => console.log(code))`

describe.skipIf(reason !== undefined)(`the laboratory${why}`, () => {
  let lab: Lab

  beforeEach(async () => {
    lab = await createLab({ machines: 3 })
    await Promise.all([1, 2].map((number) => firstLine(number, serve)))
  })
  afterEach(() => lab.stop())

  async function firstLine(number: number, program: string, ...args: string[]): Promise<string> {
    const { stdout } = lab.machine(number).run(process.execPath, ['--eval', program, ...args])
    if (!stdout) throw new Error('it is spawned with pipes')
    const [data] = await once(stdout, 'data')
    return String(data).trim()
  }

  const dial = (from: number, to: number) => firstLine(from, call, lab.machine(to).address)

  it('machines reach each other, unless a cable is pulled', async () => {
    expect(await dial(3, 1)).toBe('welcome')
    await lab.pull(1)
    expect(await dial(3, 1)).toMatch(/silence|EHOSTUNREACH/)
    await lab.plug(1)
    expect(await dial(3, 1)).toBe('welcome')
  })

  it('a split LAN has two halves, and a healed one has none', async () => {
    await lab.split([1], [2, 3])
    expect(await Promise.all([dial(3, 1), dial(3, 2)])).toEqual([
      expect.stringMatching(/silence|EHOSTUNREACH/),
      'welcome',
    ])
    await lab.heal()
    expect(await dial(3, 1)).toBe('welcome')
  })

  it('a machine that takes no connections can still make some', async () => {
    await lab.machine(1).setInbound(false)
    expect(await Promise.all([dial(2, 1), dial(1, 2), dial(1, 1)])).toEqual([
      'silence',
      'welcome',
      'welcome',
    ])
    await lab.machine(1).setInbound(true)
    expect(await dial(2, 1)).toBe('welcome')
  })

  it('another interface and another way out leave the LAN as it is', async () => {
    await lab.machine(1).recreateInterface()
    await lab.machine(1).defaultRouteElsewhere()
    expect(await Promise.all([dial(2, 1), dial(1, 2)])).toEqual(['welcome', 'welcome'])
  })

  it('what stops ends everything in it, and may stop again', async () => {
    const child = lab.machine(1).run(process.execPath, ['--eval', serve])
    await lab.stop()
    await lab.stop()
    expect(child.signalCode).toBe('SIGKILL')
  })
})
