import type { Home } from '../../mesh/home.ts'
import type { RendezvousEntry } from '../../mesh/rendezvous.ts'
import { toMeshError } from '../../state/errors.ts'
import { readAnswer, type StatusAnswer, statusAnswer } from '../answers.ts'
import { type Finding, fail, ok, warn } from '../check.ts'
import { isOperator, knockAt } from '../nodes.ts'
import { count, size } from '../quantities.ts'

/** Counters that mean that somebody sent what a node had to refuse, and what each of them means. */
const troubles: Readonly<Record<string, string>> = {
  records_skipped: 'invalid records',
  entries_invalid: 'invalid entries',
  updates_malformed: 'malformed updates',
  frames_malformed: 'malformed frames',
  frames_refused: 'frames of a group that is not theirs',
  frames_failed: 'frames that the store refused',
  hellos_refused: 'strangers at the door',
}

/** Bytes that wait for a peer which takes them slowly, or not at all. */
const bufferedBytesMax = 1_048_576
/** Writes that wait for a disk which is too slow. */
const diskWritesMax = 5_000
/** So many repairs are nothing to speak of, in all and in an hour: traffic may cross a comparison. */
const repairsMax = 20
const hourMs = 3_600_000

/** What checking the running sessions needs. */
export interface SessionsDeps {
  readonly home: Home
  readonly entries: readonly RendezvousEntry[]
  readonly version: string
  readonly signal: AbortSignal
}

/** Knocks at every running node of this device and asks how it is. */
export async function checkSessions(deps: SessionsDeps): Promise<Finding[]> {
  const { entries } = deps
  if (entries.length === 0) return [ok('sessions', 'None runs on this device.')]
  const asked = await Promise.all(entries.map((entry) => ask(entry, deps)))
  const nodes = asked.flatMap((answer) => (answer.kind === 'node' ? [answer.node] : []))
  const silent = asked.flatMap((answer) => (answer.kind === 'silent' ? [answer.finding] : []))
  const sessions = entries.filter((entry) => !isOperator(entry)).length
  const text = `${sessions} of ${count(sessions, 'running session')} answered.`
  const reached = silent.length > 0 ? silent : [ok('sessions', text)]
  if (nodes.length === 0) return reached
  return [...reached, ...judge(nodes, deps.version)]
}

/** What is off with nodes that answered, by what they say of themselves. */
export function judge(nodes: readonly StatusAnswer[], version: string): Finding[] {
  return [...versions(nodes, version), ...stores(nodes), ...links(nodes), ...counters(nodes)]
}

type Asked =
  | { readonly kind: 'node'; readonly node: StatusAnswer }
  | { readonly kind: 'silent'; readonly finding: Finding }

async function ask(entry: RendezvousEntry, { home, signal }: SessionsDeps): Promise<Asked> {
  try {
    const { door } = await knockAt(home, entry, signal)
    try {
      return { kind: 'node', node: readAnswer(statusAnswer, await door.request('status', {})) }
    } finally {
      door.close()
    }
  } catch (thrown) {
    const who = isOperator(entry) ? "The operator's node" : `The session ${entry.peer}`
    const text = `${who} does not answer: ${toMeshError(thrown).message}`
    const fix = `Restart that session, or end its node: kill ${entry.pid}`
    return { kind: 'silent', finding: fail('sessions', text, fix) }
  }
}

function versions(nodes: readonly StatusAnswer[], version: string): Finding[] {
  const others = nodes.filter((node) => node.version !== version)
  if (others.length === 0) return []
  const names = others.map(({ self, version }) => `${self.name} (${version})`).join(', ')
  const text = `Another version than this command's ${version} runs in: ${names}.`
  return [warn('version', text, 'Restart those sessions.')]
}

function stores(nodes: readonly StatusAnswer[]): Finding[] {
  const findings = nodes.flatMap(({ self, store, waiting }) => {
    const { directory, problem, set_aside } = store
    const found: Finding[] = []
    if (problem !== undefined) {
      const fix = `Free space on the disk of ${directory}, then check who may write there.`
      found.push(fail('store', `${self.name}: ${problem}`, fix))
    }
    if (waiting.disk_writes > diskWritesMax) {
      const text = `${self.name} has ${waiting.disk_writes} writes waiting for the disk.`
      found.push(warn('store', text, `See what keeps the disk of ${directory} busy.`))
    }
    if (set_aside !== undefined) {
      const text = `${self.name} had to replace a damaged store; the old one is ${set_aside}.`
      found.push(warn('store', text, `When nothing is missed: rm -r '${set_aside}'`))
    }
    return found
  })
  return findings.length > 0 ? findings : [ok('store', 'Every running session can write.')]
}

/** Peers that do not take what is sent to them; nothing is said of them when all is well. */
function links(nodes: readonly StatusAnswer[]): Finding[] {
  const slow = new Map<string, { readonly name: string; readonly bytes: number }>()
  for (const { buffered_bytes: bytes, peer, name } of nodes.flatMap((node) => node.links)) {
    if (bytes > Math.max(bufferedBytesMax, slow.get(peer)?.bytes ?? 0)) {
      slow.set(peer, { name, bytes })
    }
  }
  return [...slow].map(([peer, { name, bytes }]) => {
    const text = `${name} (${peer}) is slow or stopped: ${size(bytes)} wait for it.`
    const isHere = nodes.some(({ self }) => self.id.slice(0, 8) === peer.slice(0, 8))
    const fix = isHere
      ? `Look at that session, or take it out: mesh stop ${peer}`
      : 'Look at that session and at the network between the two machines.'
    return warn('traffic', text, fix)
  })
}

function isRepairedOften({ counters, uptime_ms: uptimeMs }: StatusAnswer): boolean {
  const repairs = counters['repairs'] ?? 0
  return repairs > repairsMax * Math.max(1, uptimeMs / hourMs)
}

function counters(nodes: readonly StatusAnswer[]): Finding[] {
  const repairs = nodes.reduce((sum, node) => sum + (node.counters['repairs'] ?? 0), 0)
  const often = nodes.filter(isRepairedOften).map(({ self, counters }) => {
    const text = `${self.name} needed ${counters['repairs']} repairs: frames to it get lost.`
    const fix = 'Update sessions of older versions; LOG_LEVEL=info tells what was repaired.'
    return warn('traffic', text, fix)
  })
  const findings = nodes.flatMap(({ self, counters }) => {
    const seen = Object.entries(troubles).flatMap(([name, meaning]) => {
      const amount = counters[name] ?? 0
      return amount > 0 ? [`${amount} ${meaning}`] : []
    })
    if (seen.length === 0) return []
    const text = `${self.name} turned away ${seen.join(', ')}.`
    return [
      warn(
        'traffic',
        text,
        'Restart sessions of older versions; see LOG_LEVEL=info for who sent it.',
      ),
    ]
  })
  const text = `Nothing was turned away; ${count(repairs, 'repair')} by comparison.`
  const found = [...findings, ...often]
  return found.length > 0 ? found : [ok('traffic', text)]
}
