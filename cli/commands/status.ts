import { systemClock } from '../../mesh/clock.ts'
import { duration } from '../../state/durations.ts'
import { readAnswer, type StatusAnswer, statusAnswer } from '../answers.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { askFirst } from '../nodes.ts'
import { plain } from '../print.ts'
import { count, shortPath, size } from '../quantities.ts'
import { type Column, printPairs, printTable } from '../table.ts'

/** Says how the mesh on this device is, as its oldest session sees it. */
export const status: Command = async ({ json, flags }, around) => {
  let running = 0
  const answer = await askFirst(around.environment, around.signal, (door, { entries }) => {
    running = entries.length
    return door.request('status', {})
  })
  if (json) around.print.json(answer)
  else showStatus(readAnswer(statusAnswer, answer), { running, all: flags.has('all') }, around)
  return exits.ok
}

type Link = StatusAnswer['links'][number]
type Shown = Pick<Surroundings, 'print' | 'environment'>

/** Prints what a node says of itself: its links one by one, or one line for each machine. */
export function showStatus(
  node: StatusAnswer,
  { running, all }: { readonly running: number; readonly all: boolean },
  around: Shown,
): void {
  const { print } = around
  const { bold, green, red, yellow } = print.style
  const device = deviceOf(node.self.id)
  const elsewhere = node.peers.filter(({ id, online }) => online && deviceOf(id) !== device).length
  const away = elsewhere > 0 ? `, ${elsewhere} elsewhere` : ''
  print.line(`${green('●')} ${bold(`The mesh runs: ${count(running, 'session')} here${away}.`)}`)
  print.line()
  printPairs(print, factsOf(node, around))
  const { problem, set_aside: setAside } = node.store
  if (problem !== undefined) print.line(`\n${red('✗')} ${plain(problem)} Run \`mesh doctor\`.`)
  if (setAside !== undefined) {
    print.line(`\n${yellow('!')} A damaged store was set aside: ${plain(setAside)}`)
  }
  print.line()
  if (node.links.length === 0) {
    return print.line('  It is linked to nobody: no other session is there.')
  }
  if (all) return showLinks(node.links, around)
  showMachines(node, around)
}

function factsOf(node: StatusAnswer, { print, environment }: Shown): [string, string][] {
  const { dim } = print.style
  const { store, counters } = node
  const place = shortPath(plain(store.directory), environment.homeDirectory)
  const who = `${plain(node.self.name)} ${dim(`(${node.self.id})`)}`
  const [received = 0, sent = 0] = [counters['bytes_in'], counters['bytes_out']]
  return [
    ['mesh', `${plain(node.mesh)}${dim(`, session ${plain(node.session)}`)}`],
    ['answered by', `${who}, up ${duration(node.uptime_ms)}`],
    ['node', `${plain(node.node)} ${dim(`pid ${node.pid}, ${plain(node.address)}`)}`],
    ['version', plain(node.version)],
    ['route', plain(node.route)],
    ['unread', String(node.unread)],
    ['waiting', waitingOf(node)],
    ['traffic', `${size(received)} received, ${size(sent)} sent`],
    ['noticed', noticedOf(node)],
    ['store', `${size(store.bytes)} ${dim(`in ${place}`)}`],
    ['dashboard', node.dashboard === null ? 'not served' : plain(node.dashboard)],
  ]
}

/** What has not got to where it belongs yet. */
function waitingOf({ waiting }: StatusAnswer): string {
  return listed([
    [waiting.disk_writes, 'write for the disk', 'writes for the disk'],
    [
      waiting.offline_entries,
      'message for a peer that is away',
      'messages for peers that are away',
    ],
  ])
}

/** What had to be put right or was not taken. */
function noticedOf({ counters }: StatusAnswer): string {
  return listed([
    [counters['repairs'] ?? 0, 'repair', 'repairs'],
    [counters['records_skipped'] ?? 0, 'record skipped', 'records skipped'],
    [counters['frames_dropped'] ?? 0, 'frame held back', 'frames held back'],
  ])
}

function listed(
  amounts: readonly (readonly [amount: number, one: string, many: string])[],
): string {
  const parts = amounts
    .filter(([amount]) => amount > 0)
    .map(([amount, one, many]) => `${amount} ${amount === 1 ? one : many}`)
  return parts.length > 0 ? parts.join(', ') : 'nothing'
}

/** One line for each machine, so that a large mesh fits on a screen. */
function showMachines(node: StatusAnswer, { print }: Shown): void {
  const own = deviceOf(node.self.id)
  const labels = new Map(node.peers.map(({ id, device }) => [deviceOf(id), device]))
  const linksByDevice = new Map<string, Link[]>()
  for (const link of node.links) {
    const device = deviceOf(link.peer)
    linksByDevice.set(device, [...(linksByDevice.get(device) ?? []), link])
  }
  const devices = [...linksByDevice.keys()].sort(
    (left, right) => Number(right === own) - Number(left === own) || (left < right ? -1 : 1),
  )
  const groups = devices.map((device) => linksByDevice.get(device) ?? [])
  const nameOf = (device: string) =>
    device === own ? 'this machine' : `${labels.get(device) ?? 'unknown'} (${device})`
  printTable(print, [
    { title: 'machine', cells: devices.map(nameOf), flexible: true },
    { title: 'links', cells: groups.map((links) => String(links.length)) },
    ...amountsOf(groups, print),
  ])
  print.line(print.style.dim(`\n  ${count(node.links.length, 'link')}; --all shows each.`))
}

function showLinks(links: readonly Link[], { print }: Shown): void {
  const now = systemClock.now()
  printTable(print, [
    { title: 'linked to', cells: links.map(({ name }) => name), flexible: true },
    { title: 'at', cells: links.map(({ address }) => address), flexible: true },
    { title: 'for', cells: links.map(({ since }) => duration(now - Date.parse(since))) },
    ...amountsOf(
      links.map((link) => [link]),
      print,
    ),
  ])
}

/** The columns of amounts, one row for each group of links. */
function amountsOf(groups: readonly (readonly Link[])[], print: Shown['print']): Column[] {
  const sum = (amount: (link: Link) => number) =>
    groups.map((links) => links.reduce((total, link) => total + amount(link), 0))
  const waiting = sum((link) => link.buffered_bytes)
  return [
    {
      title: 'waiting',
      cells: waiting.map(size),
      paint: (text, row) => ((waiting[row] ?? 0) > 0 ? print.style.yellow(text) : text),
    },
    { title: 'received', cells: sum((link) => link.bytes_in).map(size) },
    { title: 'sent', cells: sum((link) => link.bytes_out).map(size) },
    { title: 'ping', cells: groups.map(slowest) },
  ]
}

/** The longest ping of a group; links over which there is talk need none. */
function slowest(links: readonly Link[]): string {
  const known = links.flatMap(({ rtt_ms: rtt }) => (rtt === null ? [] : [rtt]))
  return known.length === 0 ? '' : `${Math.max(...known)} ms`
}

/** The device that a peer belongs to is the beginning of its ID. */
function deviceOf(peer: string): string {
  return peer.slice(0, 8)
}
