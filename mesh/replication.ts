import type { Document } from '../state/document.ts'
import type { PeerId } from '../state/ids.ts'
import { createAsking } from './asking.ts'
import type { Core } from './core.ts'
import { type FrameOf, pieceBytes } from './frames.ts'
import type { Link } from './link.ts'

/** Pieces of updates that one link may leave unfinished. */
const unfinishedMax = 4
/** Characters of base64 in them, more than any document of ours needs. */
const unfinishedCharactersMax = 67_108_864
/** Malformed updates after which a link ends: a peer of ours sends none. */
const malformedMax = 3

/** Keeps the documents that two nodes share equal. */
export interface Replication {
  /** The hashes of the documents shared with a peer, by name. */
  hashes(peer: PeerId): Record<string, string>
  /** The other end's hashes: asks for what differs, the directory first. Answers whether all are equal. */
  compare(link: Link, hashesByName: Readonly<Record<string, string>>): boolean
  state(link: Link, frame: FrameOf<'state'>): Promise<void>
  update(link: Link, frame: FrameOf<'update'>): Promise<void>
  /** Whether everything asked of that link since its first comparison is here. */
  isSynced(link: Link): boolean
  ended(link: Link): void
}

/** Makes the replication of a node over its present links. */
export function createReplication(core: Core, links: () => readonly Link[]): Replication {
  const piecesByLink = new Map<Link, Map<number, string[]>>()
  /** Links whose first comparison has come. */
  const compared = new WeakSet<Link>()
  const asking = createAsking({ clock: core.clock, ask })
  const strikesByLink = new WeakMap<Link, number>()
  let pieceId = 0

  core.updateCommitted.listen(({ document, update }) => {
    for (const link of links()) {
      if (!core.sharesWith(link.peer, document.name)) continue
      for (const frame of framesOf(document.name, update)) {
        if (!link.sendLive(frame)) core.counters.add('frames_dropped')
      }
    }
  })

  function framesOf(document: string, update: Uint8Array): FrameOf<'update'>[] {
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
    if (update.length <= pieceBytes) return [{ kind: 'update', document, update: text(update) }]
    pieceId += 1
    const of = Math.ceil(update.length / pieceBytes)
    return Array.from({ length: of }, (_, index) => ({
      kind: 'update' as const,
      document,
      update: text(update.subarray(index * pieceBytes, (index + 1) * pieceBytes)),
      piece: { id: pieceId, index, of },
    }))
  }

  function shared(): readonly Document[] {
    return core.documents()
  }

  /** Pieces of one update arrive in order on one link; undefined until the last is there. */
  function assemble(link: Link, frame: FrameOf<'update'>): Uint8Array | undefined {
    const { piece, update } = frame
    if (!piece) return new Uint8Array(Buffer.from(update, 'base64'))
    const unfinished = piecesByLink.get(link) ?? new Map<number, string[]>()
    piecesByLink.set(link, unfinished)
    const pieces = unfinished.get(piece.id) ?? []
    if (piece.index !== pieces.length) return void unfinished.delete(piece.id)
    pieces.push(update)
    unfinished.set(piece.id, pieces)
    const characters = [...unfinished.values()].flat().reduce((sum, part) => sum + part.length, 0)
    if (unfinished.size > unfinishedMax || characters > unfinishedCharactersMax) unfinished.clear()
    if (pieces.length < piece.of) return undefined
    unfinished.delete(piece.id)
    return new Uint8Array(Buffer.concat(pieces.map((part) => Buffer.from(part, 'base64'))))
  }

  function refuse(link: Link, document: string, thrown: unknown): void {
    const strikes = (strikesByLink.get(link) ?? 0) + 1
    strikesByLink.set(link, strikes)
    core.counters.add('updates_malformed')
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    core.log.warn('update_malformed', { peer: link.peer, document, why })
    if (strikes >= malformedMax) link.close('malformed updates')
  }

  function ask(link: Link, document: Document): void {
    const vector = Buffer.from(document.vector()).toString('base64')
    link.send({ kind: 'state', document: document.name, vector })
  }

  return {
    hashes: (peer) =>
      Object.fromEntries(
        shared()
          .filter(({ name }) => core.sharesWith(peer, name))
          .map((document) => [document.name, document.hash()]),
      ),

    compare(link, hashesByName) {
      const different = shared().filter(
        (document) =>
          hashesByName[document.name] !== undefined &&
          hashesByName[document.name] !== document.hash() &&
          core.sharesWith(link.peer, document.name),
      )
      compared.add(link)
      for (const document of different) {
        asking.differs(link, document, hashesByName[document.name] ?? '')
      }
      return different.length === 0
    },

    async state(link, frame) {
      const document = core.document(frame.document)
      if (!document || !core.sharesWith(link.peer, frame.document)) return
      // What is not on disk yet could still be taken back: nobody may learn of it.
      await core.ledger.settled()
      const vector = new Uint8Array(Buffer.from(frame.vector, 'base64'))
      const difference = document.difference(vector)
      for (const part of framesOf(document.name, difference)) link.send(part)
    },

    async update(link, frame) {
      const document = core.document(frame.document)
      if (!document || !core.sharesWith(link.peer, frame.document)) {
        return core.counters.add('frames_refused')
      }
      const update = assemble(link, frame)
      if (!update) return
      const batch = await core.ledger.begin({ durable: false })
      let isWhole = true
      try {
        const { gap } = document.apply(batch, update, core.verifierFor(link.device))
        if (gap) ask(link, document)
        isWhole = !gap
      } catch (thrown) {
        refuse(link, document.name, thrown)
      }
      await batch.commit()
      if (isWhole) asking.answered(link, document)
    },

    isSynced: (link) => compared.has(link) && !asking.isOpen(link),

    ended(link) {
      piecesByLink.delete(link)
      asking.ended(link)
    },
  }
}
