import { MeshError } from '../state/errors.ts'
import {
  conflictsOf,
  type FileConflict,
  fileCharactersMax,
  filesMax,
  normaliseFile,
} from '../state/files.ts'
import type { NodeId, PeerId } from '../state/ids.ts'
import { hashText } from '../state/signatures.ts'
import type { Act } from './activity.ts'
import type { Core } from './core.ts'
import type { FrameOf } from './frames.ts'
import type { OwnInbox } from './inbox.ts'
import type { Link } from './link.ts'
import type { NodeDeps } from './needs.ts'
import type { Peers } from './peers.ts'

/** What keeping files needs. */
export interface FilesDeps {
  readonly links: () => readonly Link[]
  readonly inbox: () => Pick<OwnInbox, 'tell'>
  readonly peers: () => Pick<Peers, 'card' | 'view'>
  readonly act: Act
  readonly whereabouts: NodeDeps['whereabouts']
  readonly isWindows: boolean
}

/** Which files everybody has in hand. In memory: they are free again when their holder goes. */
export interface Files {
  /** Takes these files in hand, and puts the others down. Fails with BAD_INPUT. */
  set(paths: readonly string[]): Promise<{
    readonly files: readonly string[]
    readonly conflicts: readonly FileConflict<PeerId>[]
  }>
  of(peer: PeerId): readonly string[]
  /** Files of ours that others have in hand as well. */
  conflicts(): readonly FileConflict<PeerId>[]
  linked(link: Link): void
  receive(link: Link, frame: FrameOf<'files'>): void
  ended(link: Link): void
}

/** Makes the files of a node. */
export function createFiles(core: Core, deps: FilesDeps): Files {
  const { links, act } = deps
  const heldByNode = new Map<
    NodeId,
    { readonly peer: PeerId; count: number; files: readonly string[] }
  >()
  let own: readonly string[] = []
  let count = 0
  /** Conflicts that were told and go on. */
  let told = new Set<string>()

  function tell(link: Link): void {
    if (!core.sees(link.peer)) return
    link.sendLive({ kind: 'files', count, files: [...own] })
  }

  /** Two peers hold the same file only within one repository, or on one machine. */
  function isSamePlace(peer: PeerId, file: string): boolean {
    const [mine, theirs] = [deps.peers().card(core.peer), deps.peers().card(peer)]
    if (!mine || !theirs) return false
    const isAbsolute = file.startsWith('/') || /^[A-Za-z]:/.test(file)
    if (isAbsolute) return mine.host === theirs.host
    if (mine.remote !== null) return mine.remote === theirs.remote
    return mine.host === theirs.host && mine.repo === theirs.repo
  }

  function conflicts(): readonly FileConflict<PeerId>[] {
    const others = [...heldByNode.values()].filter(({ peer }) => core.sees(peer))
    return conflictsOf(own, others).filter(({ peer, file }) => isSamePlace(peer, file))
  }

  /** What two have in hand is told to both, once for as long as it lasts. */
  function evaluate(): void {
    const present = new Map(conflicts().map((item) => [`${item.peer}/${item.file}`, item]))
    const fresh = [...present].filter(([key]) => !told.has(key)).map(([, item]) => item)
    told = new Set(present.keys())
    if (fresh.length === 0) return
    notify(fresh).catch((thrown: unknown) => core.log.warn('conflict_not_told', { thrown }))
  }

  async function notify(fresh: readonly FileConflict<PeerId>[]): Promise<void> {
    const batch = await core.ledger.begin({ durable: false })
    for (const { file, peer } of fresh) {
      const at = core.hybrid.next()
      const text = `${deps.peers().view(peer).name} has ${file} in hand as well. Agree on who changes it: send_message.`
      const id = `file/${peer}/${hashText(file).slice(0, 16)}/${at}`
      deps.inbox().tell(batch, { id, at, text: text.slice(0, 2_000), wakes: false })
    }
    await batch.commit()
  }

  return {
    conflicts,

    async set(paths) {
      if (paths.length > filesMax) {
        throw new MeshError('BAD_INPUT', `${paths.length} files are too many.`, {
          hint: `Name those that you are changing: ${filesMax} at most.`,
        })
      }
      const { cwd, root } = await deps.whereabouts()
      const place = { cwd, isWindows: deps.isWindows, ...(root === undefined ? {} : { root }) }
      const files = [...new Set(paths.map((path) => normaliseFile(path, place)))]
      const long = files.find((file) => file.length > fileCharactersMax)
      if (long !== undefined) {
        throw new MeshError('BAD_INPUT', `A path has ${long.length} characters.`, {
          hint: `Use paths of at most ${fileCharactersMax}.`,
        })
      }
      const batch = await core.ledger.begin()
      const isEmpty = files.length === 0
      const detail = isEmpty ? 'all files' : files.join(', ')
      act(batch, { action: isEmpty ? 'put down' : 'took in hand', detail })
      await batch.commit()
      own = files
      count += 1
      for (const link of links()) tell(link)
      // Whoever asks learns of its conflicts by the answer.
      const found = conflicts()
      told = new Set(found.map(({ peer, file }) => `${peer}/${file}`))
      return { files, conflicts: found }
    },

    of(peer) {
      if (peer === core.peer) return own
      return [...heldByNode.values()].findLast((held) => held.peer === peer)?.files ?? []
    },

    linked: tell,

    receive(link, frame) {
      if (!core.sees(link.peer)) return core.counters.add('frames_refused')
      const before = heldByNode.get(link.node)
      if (before && before.count > frame.count) return
      heldByNode.set(link.node, { peer: link.peer, count: frame.count, files: frame.files })
      evaluate()
    },

    ended(link) {
      heldByNode.delete(link.node)
      evaluate()
    },
  }
}
