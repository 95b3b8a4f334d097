import type { Core } from './core.ts'
import type { Link } from './link.ts'
import { createSignal } from './signal.ts'

/** What a node sees of the others of its device. */
export interface Neighbours {
  /** Whether the node in the operator's seat of this device is linked. */
  seesOperator(): boolean
  /** How many nodes of this device are older. */
  older(): number
  /** Calls back when the link to the node in the operator's seat has ended. */
  onOperatorGone(listener: () => void): void
  /** A link has ended. */
  unlinked(link: Link): void
}

/** Makes the view of a node on its device, over its present links. */
export function createNeighbours(core: Core, links: () => readonly Link[]): Neighbours {
  const operatorGone = createSignal<void>()

  function isOurs(link: Link): boolean {
    return link.device === core.signer.device
  }

  function isOurOperator(link: Link): boolean {
    return isOurs(link) && core.isOperator(link.peer)
  }

  return {
    seesOperator: () => links().some(isOurOperator),
    older: () =>
      links().filter((link) => isOurs(link) && !core.isOperator(link.peer) && link.node < core.node)
        .length,
    onOperatorGone: (listener) => void operatorGone.listen(listener),
    unlinked(link) {
      if (isOurOperator(link)) operatorGone.emit()
    },
  }
}
