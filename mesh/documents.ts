import type { Document } from '../state/document.ts'
import { groupDocument, lobby } from '../state/groups.ts'
import type { KnownPlaces } from './places.ts'
import { createSignal, type Signal } from './signal.ts'

/** Where a peer stands: the group it works in, and the one in whose document its card and name are. */
export interface Stand {
  readonly group: string
  readonly circle: string
}

/** What opening documents needs. */
export interface DocumentsDeps {
  readonly directory: Document
  readonly places: Pick<KnownPlaces, 'directory'>
  /** Where this peer should stand, by the directory. */
  readonly wanted: () => Stand
  /** The archive holds the documents of all groups. */
  readonly holdsAll: boolean
  /** Makes a document that has not been read yet. */
  readonly make: (name: string) => Document
  /** Brings what we wrote in a document that was just read to the newest form. */
  readonly migrate: (document: Document) => Promise<unknown>
  readonly failed: (thrown: unknown) => void
}

/** The open documents of a node. They follow the directory: who is moved works elsewhere from then on. */
export interface Documents {
  /** What has been read from disk; undefined while it has not. */
  get(name: string): Document | undefined
  all(): readonly Document[]
  /** Where we stand: changes only when the documents of the new place are open. */
  stand(): Stand
  /** We stand elsewhere now. */
  readonly moved: Signal<{ readonly from: Stand; readonly to: Stand }>
  /** One more document is open. */
  readonly opened: Signal<Document>
  /** Reads the directory, then what it says that we need. */
  load(): Promise<void>
  /** The directory reads differently. */
  follow(): void
}

/** Makes the documents of a node; nothing is read before `load`. */
export function createDocuments(deps: DocumentsDeps): Documents {
  const { directory, places, wanted, make } = deps
  const open = new Map<string, Document>([[directory.name, directory]])
  const moved: Documents['moved'] = createSignal()
  const opened: Documents['opened'] = createSignal()
  let stand: Stand = { group: lobby, circle: lobby }
  let isLoaded = false
  let isSettling = false
  let isStale = false

  async function openGroup(group: string): Promise<void> {
    const name = groupDocument(group)
    if (open.has(name)) return
    const document = make(name)
    await document.reload()
    await deps.migrate(document)
    open.set(name, document)
    opened.emit(document)
  }

  /** The groups whose documents we need, ours first. */
  function needed({ group, circle }: Stand): Set<string> {
    if (!deps.holdsAll) return new Set([group, circle])
    const known = places.directory.list('group/').map(({ key }) => key.split('/')[1] ?? lobby)
    return new Set([group, circle, lobby, ...known])
  }

  /** Opens what is needed, again until the directory has not changed meanwhile. */
  async function settle(): Promise<void> {
    for (isStale = true; isStale; ) {
      isStale = false
      const to = wanted()
      for (const group of needed(to)) await openGroup(group)
      const from = stand
      if (from.group === to.group && from.circle === to.circle) continue
      stand = to
      moved.emit({ from, to })
    }
  }

  return {
    moved,
    opened,
    get: (name) => open.get(name),
    all: () => [...open.values()],
    stand: () => stand,

    async load() {
      await directory.reload()
      await deps.migrate(directory)
      await settle()
      isLoaded = true
    },

    follow() {
      isStale = true
      if (!isLoaded || isSettling) return
      isSettling = true
      settle()
        .catch(deps.failed)
        .finally(() => {
          isSettling = false
        })
    },
  }
}
