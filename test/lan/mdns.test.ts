import { once } from 'node:events'
import { hostname } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLab, end, type Lab, whyNoLab } from './lab.ts'
import { patienceMs, startMdns } from './programs.ts'

const reason = await whyNoLab()
const why = reason === undefined ? '' : `, skipped because ${reason}`

describe.skipIf(reason !== undefined)(`multicast DNS on a LAN${why}`, () => {
  let lab: Lab

  beforeEach(async () => {
    lab = await createLab({ machines: 3 })
  })
  afterEach(() => lab.stop())

  const start = (number: number, variables: Readonly<Record<string, string>> = {}) =>
    startMdns(lab.machine(number), variables)
  const startTwo = () => Promise.all([start(1), start(2)])
  /** Runs a program with a multicast `socket` in a machine, and answers what it has heard. */
  function runMulticast(number: number, program: string) {
    const { address } = lab.machine(number)
    const script = `const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true })
      socket.on('message', (data, { address }) => console.log(address, data.toString('base64')))
      socket.bind(5353, '0.0.0.0', () => {
        socket.addMembership('224.0.0.251', '${address}')
        socket.setMulticastInterface('${address}')
        ${program}
      })`
    const child = lab.machine(number).run(process.execPath, ['--eval', script])
    let heard = ''
    child.stdout?.on('data', (chunk) => {
      heard += chunk
    })
    const packets = (from: string) =>
      heard.split('\n').flatMap((line) => {
        const [address, data = ''] = line.split(' ')
        return address === from ? [Buffer.from(data, 'base64')] : []
      })
    return {
      child,
      async packetsFrom(from: string): Promise<Buffer[]> {
        await vi.waitFor(() => expect(packets(from)).not.toEqual([]), patienceMs)
        return packets(from)
      },
    }
  }
  /** For what takes minutes: the time of the program runs so many times faster. */
  const hasty = { HASTE: '30' }

  it('two machines find each other, and who leaves is gone', async () => {
    const [one, two] = await startTwo()
    await Promise.all([one.sees(two), two.sees(one)])
    expect(await one.health()).toMatchObject([{ interface: 'eth0', ok: true }])
    two.isWell()
    two.say('stop')
    await one.sees()
    one.isWell()
  })

  it('several sessions on one machine are found, and find each other', async () => {
    const [one, other, two] = await Promise.all([start(1), start(1, { PORT: '7911' }), start(2)])
    await Promise.all([one.sees(other, two), other.sees(one, two), two.sees(one, other)])
  })

  it('who holds another mesh key is no candidate', async () => {
    const [one, stranger, two] = await Promise.all([start(1), start(3, { KEY: 'other' }), start(2)])
    await Promise.all([one.sees(two), two.sees(one)])
    expect([stranger.seen(), one.story()]).toEqual([[], [`seen ${two.address}`]])
  })

  it('they find each other without any route for multicast', async () => {
    await lab.machine(1).ip('route', 'del', 'default')
    await lab.machine(2).ip('route', 'add', 'unreachable', '224.0.0.0/4')
    const [one, two] = await startTwo()
    await Promise.all([one.sees(two), two.sees(one)])
    one.isWell()
  })

  it('they find each other when the default route leads elsewhere', async () => {
    await lab.machine(1).defaultRouteElsewhere()
    const [one, two] = await startTwo()
    await Promise.all([one.sees(two), two.sees(one)])
    const names = (await one.health()).map((health) => health.interface)
    expect(names.sort()).toEqual(['eth0', 'vpn0'])
  })

  it('an interface that was made anew with the same address is not deaf', async () => {
    const [one, two] = await startTwo()
    await Promise.all([one.sees(two), two.sees(one)])
    await lab.machine(1).recreateInterface()
    const three = await start(3)
    await Promise.all([one.sees(two, three), three.sees(one, two), two.sees(one, three)])
    expect(two.story().filter((event) => event.startsWith('gone'))).toEqual([])
    one.isWell()
  })

  it('without a LAN nothing happens, and with one everything', async () => {
    await lab.machine(1).ip('link', 'set', 'eth0', 'down')
    const [one, two] = await startTwo()
    expect(await one.health()).toEqual([])
    await lab.machine(1).ip('link', 'set', 'eth0', 'up')
    await Promise.all([one.sees(two), two.sees(one)])
    one.isWell()
  })

  it('somebody else holds the port of mDNS alone: it says so, goes on, and tries again', async () => {
    const bind = `dgram.createSocket('udp4').bind(5353, () => console.log('bound'))`
    const holder = lab.machine(1).run(process.execPath, ['--eval', bind])
    if (holder.stdout) await once(holder.stdout, 'data')
    const [one, two] = await Promise.all([start(1, hasty), start(2)])
    const unusable = { interface: 'eth0', ok: false, problem: 'EADDRINUSE', heard: 0 }
    await vi.waitFor(async () => expect(await one.health()).toMatchObject([unusable]), patienceMs)
    expect(one.seen()).toEqual([])
    one.isWell()
    await end(holder)
    await Promise.all([one.sees(two), two.sees(one)])
  })

  it('who was killed stays until a dial to it fails, and then for two minutes', async () => {
    const [one, two] = await Promise.all([start(1, hasty), start(2)])
    await one.sees(two)
    await end(two.child)
    // Somebody new is heard by now, and so would a goodbye have been.
    const three = await start(3)
    await one.sees(two, three)
    one.say(`refused ${two.address.replace(':', ' ')}`)
    await one.sees(three)
    one.isWell()
  })

  it('what is sent names neither the machine nor its other networks', async () => {
    await lab.machine(1).defaultRouteElsewhere()
    const listener = runMulticast(2, '')
    await once(listener.child, 'spawn')
    const one = await start(1)
    const two = await start(2)
    await one.sees(two)
    const sent = Buffer.concat(await listener.packetsFrom(lab.machine(1).address))
    expect(sent.includes(Buffer.from([10, 77, 0, 1]))).toBe(true)
    expect(sent.includes(Buffer.from([10, 88, 0, 1]))).toBe(false)
    expect(sent.includes(hostname())).toBe(false)
  })

  it('a flood of questions brings few answers, and many in one packet not many either', async () => {
    const one = await start(1)
    const flood = runMulticast(
      2,
      `const name = ['_claude-mesh', '_tcp', 'local'].map((label) => String.fromCharCode(label.length) + label)
      const question = Buffer.from(name.join('') + '\\0\\0\\x0c\\0\\x01', 'latin1')
      const packetOf = (count) => Buffer.concat([Buffer.from([0, 0, 0, 0, count >> 8, count & 255, 0, 0, 0, 0, 0, 0]), ...Array(count).fill(question)])
      const packets = [...Array(500).fill(packetOf(1)), ...Array(20).fill(packetOf(40))]
      for (const packet of packets) socket.send(packet, 5353, '224.0.0.251')`,
    )
    const two = await start(3)
    await Promise.all([one.sees(two), two.sees(one)])
    const answers = await flood.packetsFrom(lab.machine(1).address)
    expect(answers.length).toBeGreaterThan(0)
    expect(answers.length).toBeLessThan(60)
    one.isWell()
  })

  it('a cable is pulled and plugged in again', async () => {
    await lab.pull(1)
    const [one, two] = await Promise.all([start(1), start(2, hasty)])
    expect([one.seen(), two.seen()]).toEqual([[], []])
    await lab.plug(1)
    await Promise.all([one.sees(two), two.sees(one)])
  })

  it('two halves of a LAN do not see each other until they are one again', async () => {
    await lab.split([1], [2, 3])
    const [one, two, three] = await Promise.all([start(1, hasty), start(2), start(3)])
    await Promise.all([two.sees(three), three.sees(two)])
    expect(one.seen()).toEqual([])
    await lab.heal()
    await Promise.all([one.sees(two, three), two.sees(one, three)])
  })

  it('a switch that forwards no multicast hides everybody, and harms nobody', async () => {
    await lab.setMulticast(false)
    const [one, two] = await Promise.all([start(1, hasty), start(2)])
    expect(await one.health()).toMatchObject([{ ok: true, heard: 0 }])
    await lab.setMulticast(true)
    await Promise.all([one.sees(two), two.sees(one)])
    one.isWell()
  })
})
