import { lobby } from '../state/groups.ts'
import type { Batch } from '../state/ledger.ts'
import { type Card, card } from '../state/peers.ts'
import type { Core } from './core.ts'
import type { NodeDeps } from './needs.ts'

/** What this peer publishes of itself among those who see it. */
export interface OwnCard {
  /** The card as it should be now. */
  fresh(summary?: string): Promise<Card>
  /** Puts it into the batch, unless it stands there already. */
  put(batch: Batch, wanted: Card): void
  /** Notes that we left. */
  leave(batch: Batch): void
  summary(): string
}

/** Makes the card of a node. `labelOf` names our group for those outside who may know it. */
export function createOwnCard(
  core: Core,
  whereabouts: NodeDeps['whereabouts'],
  labelOf: () => string | undefined,
): OwnCard {
  const key = `card/${core.peer}`
  /** The last card, wherever it stands: who is moved out of the lobby takes its summary along. */
  let last: Card | undefined

  // What was said within a sealed group stays there.
  core.moved.listen(({ from, to }) => {
    if (from.circle !== to.circle && from.circle !== lobby) last = undefined
  })

  function present(): Card | undefined {
    return card.safeParse(core.faces.get(key)?.value).data
  }

  return {
    async fresh(summary) {
      const { cwd, host, repo, remote, branch } = await whereabouts()
      const label = labelOf()
      last = present() ?? last
      return {
        ...{ cwd, host, repo, remote, branch, left: null },
        summary: summary ?? last?.summary ?? '',
        ...(label === undefined ? {} : { label }),
      }
    },

    put(batch, wanted) {
      last = wanted
      if (JSON.stringify(sorted(present())) === JSON.stringify(sorted(wanted))) return
      core.faces.put(batch, [{ key, value: wanted }])
    },

    leave(batch) {
      const here = present()
      if (here) core.faces.put(batch, [{ key, value: { ...here, left: core.hybrid.next() } }])
    },

    summary: () => present()?.summary ?? last?.summary ?? '',
  }
}

function sorted(item: Card | undefined) {
  return Object.entries(item ?? {}).sort(([left], [right]) => (left < right ? -1 : 1))
}
