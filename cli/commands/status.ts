import { systemClock } from '../../mesh/clock.ts'
import { duration } from '../../state/durations.ts'
import { readAnswer, type StatusAnswer, statusAnswer } from '../answers.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { askFirst } from '../nodes.ts'
import { plain } from '../print.ts'
import { count, shortPath, size } from '../quantities.ts'
import { printPairs, printTable } from '../table.ts'

/** Says how the mesh on this device is, as its oldest node sees it. */
export const status: Command = async ({ json }, around) => {
  let running = 0
  const answer = await askFirst(around.environment, around.signal, (door, { entries }) => {
    running = entries.length
    return door.request('status', {})
  })
  if (json) around.print.json(answer)
  else show(readAnswer(statusAnswer, answer), running, around)
  return exits.ok
}

function show(node: StatusAnswer, running: number, { print, environment }: Surroundings): void {
  const { bold, dim, green, red, yellow } = print.style
  const { store } = node
  const device = node.self.id.slice(0, 8)
  const elsewhere = node.peers.filter(({ id, online }) => online && !id.startsWith(device)).length
  const away = elsewhere > 0 ? `, ${elsewhere} elsewhere` : ''
  print.line(`${green('●')} ${bold(`The mesh runs: ${count(running, 'session')} here${away}.`)}`)
  print.line()
  const who = `${plain(node.self.name)} ${dim(`(${node.self.id})`)}`
  const place = shortPath(plain(store.directory), environment.homeDirectory)
  printPairs(print, [
    ['mesh', `${plain(node.mesh)}${dim(`, session ${plain(node.session)}`)}`],
    ['answered by', `${who}, up ${duration(node.uptime_ms)}`],
    ['node', `${plain(node.node)} ${dim(`pid ${node.pid}, ${plain(node.address)}`)}`],
    ['version', plain(node.version)],
    ['route', plain(node.route)],
    ['unread', String(node.unread)],
    ['store', `${size(store.bytes)} ${dim(`in ${place}`)}`],
    ['dashboard', node.dashboard === null ? 'not served' : plain(node.dashboard)],
  ])
  if (store.problem !== undefined) {
    print.line(`\n${red('✗')} ${plain(store.problem)} Run \`mesh doctor\`.`)
  }
  if (store.set_aside !== undefined) {
    print.line(`\n${yellow('!')} A damaged store was set aside: ${plain(store.set_aside)}`)
  }
  print.line()
  showLinks(node, { print })
}

function showLinks({ links }: StatusAnswer, { print }: Pick<Surroundings, 'print'>): void {
  if (links.length === 0) return print.line('  It is linked to nobody: no other session is there.')
  const now = systemClock.now()
  printTable(print, [
    { title: 'linked to', cells: links.map(({ name }) => name), flexible: true },
    { title: 'at', cells: links.map(({ address }) => address) },
    { title: 'side', cells: links.map(({ side }) => side) },
    { title: 'for', cells: links.map(({ since }) => duration(now - Date.parse(since))) },
    {
      title: 'waiting',
      cells: links.map((link) => size(link.buffered_bytes)),
      paint: (text, row) =>
        (links[row]?.buffered_bytes ?? 0) > 0 ? print.style.yellow(text) : text,
    },
  ])
}
