import { realpath } from 'node:fs/promises'
import { systemClock } from '../../mesh/clock.ts'
import { duration } from '../../state/durations.ts'
import { type PeerAnswer, peersAnswer, readAnswer } from '../answers.ts'
import type { Command, Surroundings } from '../command.ts'
import { exits } from '../exits.ts'
import { askFirst } from '../nodes.ts'
import { count, shortPath } from '../quantities.ts'
import { printTable } from '../table.ts'

/** Lists the sessions of the mesh. */
export const peers: Command = async ({ json, flags, values }, around) => {
  const { environment, signal } = around
  const offline = flags.has('offline')
  const scope = values.get('scope') ?? 'mesh'
  const answer = await askFirst(environment, signal, (door) => door.request('peers', { offline }))
  const found = readAnswer(peersAnswer, answer)
  const here = await realpath(environment.workingDirectory).catch(
    () => environment.workingDirectory,
  )
  const device = found.self.id.slice(0, 8)
  // The node would judge a scope from where it works; a person means where the command is typed.
  const isMeant = (peer: PeerAnswer) =>
    scope === 'mesh' || (peer.id.startsWith(device) && (scope === 'machine' || peer.cwd === here))
  if (json) around.print.json(narrowed(answer, isMeant))
  else show([found.self, ...found.peers].filter(isMeant), offline, around)
  return exits.ok
}

/** The answer as the node gave it, without the peers that are not meant. */
function narrowed(answer: unknown, isMeant: (peer: PeerAnswer) => boolean): unknown {
  const found = readAnswer(peersAnswer, answer)
  const whole = typeof answer === 'object' && answer !== null ? answer : {}
  const listed = 'peers' in whole && Array.isArray(whole.peers) ? whole.peers : []
  return { ...whole, peers: listed.filter((_, index) => isMeant(found.peers[index] ?? found.self)) }
}

function show(found: readonly PeerAnswer[], offline: boolean, around: Surroundings): void {
  const { print, environment } = around
  const { bold, dim, green, yellow } = print.style
  const listed = [...found].sort(
    (left, right) =>
      Number(right.online) - Number(left.online) ||
      left.name.localeCompare(right.name, 'en', { numeric: true }),
  )
  const now = systemClock.now()
  const paintStatus = (text: string, row: number) => {
    const peer = listed[row]
    if (!peer?.online) return dim(text)
    return peer.status === 'online' ? green(text) : yellow(text)
  }
  if (listed.length === 0) return print.line('Nobody is there.')
  printTable(print, [
    {
      title: 'name',
      cells: listed.map(({ name }) => name),
      paint: (text, row) => (listed[row]?.online ? bold(text) : dim(text)),
    },
    { title: 'status', cells: listed.map((peer) => statusOf(peer, now)), paint: paintStatus },
    { title: 'id', cells: listed.map(({ id }) => id), paint: dim },
    { title: 'branch', cells: listed.map(({ branch }) => branch ?? ''), flexible: true },
    {
      title: 'directory',
      cells: listed.map(({ cwd }) => shortPath(cwd, environment.homeDirectory)),
      flexible: true,
    },
    { title: 'summary', cells: listed.map(({ summary }) => summary), flexible: true },
  ])
  const online = listed.filter((peer) => peer.online).length
  const away = offline ? `, ${listed.length - online} away` : ''
  print.line()
  print.line(dim(`  ${count(online, 'session')} online${away}.`))
}

function statusOf({ online, status, last_seen }: PeerAnswer, now: number): string {
  return online ? status : `left ${duration(now - Date.parse(last_seen))} ago`
}
