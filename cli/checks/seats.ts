import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { hasCode } from '../../mesh/privateFiles.ts'
import type { RendezvousEntry } from '../../mesh/rendezvous.ts'
import { type Finding, fail, ok, warn } from '../check.ts'
import { count } from '../quantities.ts'

/** Whose seat it is, as far as this check needs it. */
const peerFile = z.object({ peer: z.string() })

/** How a seat's store is. */
type SeatState =
  | { readonly kind: 'free' | 'held' | 'locked' }
  | { readonly kind: 'strange' | 'damaged'; readonly why: string }

/**
 * Checks that the store of every seat can be opened, or is held by a node that runs. A seat that a
 * running node holds is not touched, so that this never takes a lock from a session.
 */
export async function checkSeats(
  directory: string,
  entries: readonly RendezvousEntry[],
): Promise<Finding[]> {
  const seats = [...(await operatorIn(directory)), ...(await seatsIn(join(directory, 'projects')))]
  const held = new Set<string>(entries.map(({ peer }) => peer))
  const findings: Finding[] = []
  let free = 0
  for (const seat of seats) {
    const state = await stateOf(seat, held)
    if (state.kind === 'free') free += 1
    if (state.kind === 'damaged') {
      const fix = 'Start a session in its project: it repairs the store and keeps the old files.'
      findings.push(warn('seats', `The store in ${seat} is damaged: ${state.why}.`, fix))
    }
    if (state.kind === 'locked') {
      const text = `The store in ${seat} is held by a process that does not say that it runs.`
      const fix = `It may just be starting; else see who holds it: lsof '${join(seat, 'db', 'LOCK')}'`
      findings.push(warn('seats', text, fix))
    }
    if (state.kind === 'strange') {
      const fix = `See who may use it: ls -la '${join(seat, 'db')}'`
      findings.push(fail('seats', `The store in ${seat} cannot be opened: ${state.why}.`, fix))
    }
  }
  for (const path of await setAsideIn(seats)) {
    const text = `Damaged files of a store were kept in ${path}.`
    findings.push(warn('seats', text, `When nothing is missed: rm -r '${path}'`))
  }
  const inUse = seats.length - free
  const text = `${count(seats.length, 'seat')}: ${inUse} in use, ${free} free.`
  return findings.length > 0 ? findings : [ok('seats', text)]
}

/** The operator's seat, once somebody has led this device. */
async function operatorIn(directory: string): Promise<string[]> {
  const seat = join(directory, 'operator')
  return (await stat(seat).catch(() => undefined)) ? [seat] : []
}

async function seatsIn(projects: string): Promise<string[]> {
  const found: string[] = []
  for (const project of await readdir(projects).catch(() => [])) {
    const slots = join(projects, project, 'slots')
    for (const slot of await readdir(slots).catch(() => [])) found.push(join(slots, slot))
  }
  return found
}

async function stateOf(seat: string, held: ReadonlySet<string>): Promise<SeatState> {
  const peer = peerFile.safeParse(await readJson(join(seat, 'peer.json'))).data?.peer
  if (peer !== undefined && held.has(peer)) return { kind: 'held' }
  const directory = join(seat, 'db')
  if (!(await stat(join(directory, 'CURRENT')).catch(() => undefined))) return { kind: 'free' }
  const { ClassicLevel } = await import('classic-level')
  const database = new ClassicLevel(directory, { createIfMissing: false })
  try {
    await database.open()
    await database.close()
    return { kind: 'free' }
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.cause : undefined
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'it does not open'
    if (hasCode(cause, 'LEVEL_LOCKED')) return { kind: 'locked' }
    return { kind: hasCode(cause, 'LEVEL_CORRUPTION') ? 'damaged' : 'strange', why }
  }
}

async function setAsideIn(seats: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const seat of seats) {
    const names = await readdir(seat).catch(() => [])
    found.push(
      ...names.filter((name) => name.startsWith('db.damaged-')).map((name) => join(seat, name)),
    )
  }
  return found
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}
