import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

/** A machine of the laboratory: a network of its own, one cable into the switch. */
export interface Machine {
  readonly number: number
  /** Its address on the LAN. */
  readonly address: string
  /** Starts a process there, with pipes. It ends with the laboratory at the latest. */
  run(
    command: string,
    args: readonly string[],
    variables?: Readonly<Record<string, string>>,
  ): ChildProcess
  /** Runs `ip` there, e.g. `ip('route', 'del', 'default')`. Fails with what it said. */
  ip(...args: string[]): Promise<void>
  /** Makes its network interface anew, with the same address and another hardware address. */
  recreateInterface(): Promise<void>
  /** Plugs it into a second network, as a VPN does, to which it sends whatever has no other route. */
  defaultRouteElsewhere(): Promise<void>
  /** Whether others may begin TCP connections to it; what comes over loopback always may. */
  setInbound(isAllowed: boolean): Promise<void>
}

/** Some machines on one LAN, in network namespaces that nobody else can see. */
export interface Lab {
  machine(number: number): Machine
  /** Pulls a cable: packets are lost without a word. The machine sees that its link is down. */
  pull(number: number): Promise<void>
  plug(number: number): Promise<void>
  /** Two LANs instead of one. Nobody sees a link go down. */
  split(left: readonly number[], right: readonly number[]): Promise<void>
  /** One LAN again. */
  heal(): Promise<void>
  /** Whether the switch forwards multicast. */
  setMulticast(isForwarded: boolean): Promise<void>
  /** Ends all that runs in it and takes it down. Idempotent. */
  stop(): Promise<void>
}

const execute = promisify(execFile)
/** How to get a network and a view of the file system of one's own: as root, and as anybody else. */
const waysIn = [
  ['--net', '--mount'],
  ['--net', '--mount', '--user', '--map-root-user'],
] as const
type WayIn = (typeof waysIn)[number]

/** Why there can be no laboratory on this machine; undefined when there can. */
export async function whyNoLab(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces take Linux'
  const missing = await execute('ip', ['-V']).catch(() => 'missing')
  if (missing === 'missing') return 'the command ip of iproute2 is missing'
  return (await wayIn()) ? undefined : 'this system lets us make no network namespaces'
}

/** The first way that leads to a bridge, a cable and a namespace. */
async function wayIn(): Promise<WayIn | undefined> {
  const proof = `${prologue}; ip netns add m1; ip link add p1 type veth peer name eth0 netns m1; ip netns exec m1 true`
  for (const way of waysIn) {
    const made = await execute('unshare', [...way, 'sh', '-ec', proof]).catch(() => undefined)
    if (made) return way
  }
  return undefined
}

/** The holder's own network is the switch; its `/run` is its own, so that nobody else sees the machines. */
const prologue = `mount -t tmpfs none /run; mkdir /run/netns; ip link set lo up
  ip link add left type bridge mcast_snooping 0; ip link set left up
  ip link add right type bridge mcast_snooping 0; ip link set right up`

const addressOf = (number: number) => `10.77.0.${number}`

/**
 * Makes a laboratory with machines 1 to `machines`, 10.77.0.1 and so on. A process holds it: when
 * that ends, for whatever reason, and all that was started in the machines, the system takes it away.
 */
export async function createLab({ machines }: { readonly machines: number }): Promise<Lab> {
  const way = await wayIn()
  if (!way) throw new Error('there is no laboratory here: ask whyNoLab first')
  const holder = spawn('unshare', [...way, 'sh', '-ec', `${prologue}; echo ready; exec cat`])
  const numbers = Array.from({ length: machines }, (_, index) => index + 1)
  const children = new Set<ChildProcess>()
  await Promise.race([once(holder.stdout, 'data'), untimelyEnd(holder)])
  // `cat` ends with its input, and that with us.
  const entering = [
    '--target',
    String(holder.pid),
    ...way.filter((part) => part !== '--map-root-user'),
  ]
  if (entering.includes('--user')) entering.push('--preserve-credentials')

  /** Runs a script at the switch; fails with what it said. */
  async function atSwitch(script: string): Promise<void> {
    await execute('nsenter', [...entering, 'sh', '-ec', script])
  }

  function forAll(script: (number: number) => string): Promise<void> {
    return atSwitch(numbers.map(script).join('\n'))
  }

  function createMachine(number: number): Machine {
    const name = `m${number}`
    return {
      number,
      address: addressOf(number),
      run(command, args, variables = {}) {
        const child = spawn(
          'nsenter',
          [...entering, 'ip', 'netns', 'exec', name, command, ...args],
          {
            env: { PATH: process.env['PATH'], ...variables },
            stdio: ['pipe', 'pipe', 'pipe'],
          },
        )
        children.add(child)
        child.once('close', () => children.delete(child))
        return child
      },
      ip: (...args) => atSwitch(`ip -n ${name} ${args.join(' ')}`),
      recreateInterface: () => atSwitch(`ip -n ${name} link del eth0; ${cable(number)}`),
      defaultRouteElsewhere: () =>
        atSwitch(`ip link add far${number} type veth peer name vpn0 netns ${name}
          ip link set far${number} up; ip -n ${name} link set vpn0 up
          ip -n ${name} addr add 10.88.0.${number}/24 dev vpn0
          ip -n ${name} route replace default dev vpn0`),
      setInbound: (isAllowed) => atSwitch(isAllowed ? allowing(name) : blocking(name)),
    }
  }

  try {
    await forAll(
      (number) => `ip netns add m${number}; ip -n m${number} link set lo up; ${cable(number)}`,
    )
  } catch (thrown) {
    await end(holder)
    throw thrown
  }
  const all = new Map(numbers.map((number) => [number, createMachine(number)]))

  return {
    machine(number) {
      const found = all.get(number)
      if (!found) throw new Error(`there is no machine ${number}`)
      return found
    },
    pull: (number) => atSwitch(`ip link set p${number} down`),
    plug: (number) => atSwitch(`ip link set p${number} up`),
    split: (left, right) =>
      atSwitch([...left.map(plugInto('left')), ...right.map(plugInto('right'))].join('\n')),
    heal: () => forAll(plugInto('left')),
    setMulticast: (isForwarded) =>
      forAll(
        (number) =>
          `ip link set p${number} type bridge_slave mcast_flood ${isForwarded ? 'on' : 'off'}`,
      ),
    async stop() {
      await Promise.all([...children, holder].map(end))
    },
  }
}

function plugInto(bridge: string): (number: number) => string {
  return (number) => `ip link set p${number} master ${bridge}`
}

/** One cable from the switch to a machine, which thereby gets its address and its way out. */
function cable(number: number): string {
  const name = `m${number}`
  return `ip link add p${number} type veth peer name eth0 netns ${name}
    ip link set p${number} master left up; ip -n ${name} link set eth0 up
    ip -n ${name} addr add ${addressOf(number)}/24 dev eth0
    ip -n ${name} route add default dev eth0`
}

/**
 * A firewall made of routing rules, where the system has no other: a TCP packet that comes in for a
 * port below the ephemeral ones has no route. The rule has to stand before that for local addresses.
 */
function blocking(name: string): string {
  return `ip -n ${name} rule add pref 10 lookup local; ip -n ${name} rule del pref 0
    ip -n ${name} rule add pref 5 iif eth0 ipproto tcp dport 1-32767 blackhole`
}

function allowing(name: string): string {
  return `ip -n ${name} rule del pref 5; ip -n ${name} rule add pref 0 lookup local
    ip -n ${name} rule del pref 10`
}

/** Rejects when a process has ended. */
async function untimelyEnd(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'close')
  throw new Error(`what holds the laboratory has ended with ${code}`)
}

/** Ends a process that we started; resolves when it is gone. */
export function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('close', () => resolve())
    child.kill('SIGKILL')
  })
}
