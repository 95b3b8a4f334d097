import type { Document } from '../state/document.ts'
import { type Directory, findGroup, groupOf, lobby, type Places } from '../state/groups.ts'
import type { PeerId } from '../state/ids.ts'
import { type Operator, operatorsOf } from '../state/operators.ts'

/** Where everybody is, by our view of the directory. */
export interface KnownPlaces extends Places {
  /** The operators of all devices, by peer. */
  operators(): ReadonlyMap<PeerId, Operator>
  readonly directory: Directory
}

/** What was read of the directory since it last changed. */
interface Memory {
  readonly hash: string
  readonly groups: Map<PeerId, string>
  readonly circles: Map<string, string>
  operators: ReadonlyMap<PeerId, Operator> | undefined
}

/** Reads the directory. Asked for every frame, so what was read is remembered until it reads differently. */
export function createPlaces(document: Document): KnownPlaces {
  let memory = forget('')

  function remembered(): Memory {
    const hash = document.hash()
    if (hash !== memory.hash) memory = forget(hash)
    return memory
  }

  function operators(): ReadonlyMap<PeerId, Operator> {
    const known = remembered()
    known.operators ??= operatorsOf(document.list)
    return known.operators
  }

  const directory: Directory = {
    list: document.list,
    isOperator: (peer) => operators().has(peer),
  }

  function placeOf(peer: PeerId): string {
    const { groups } = remembered()
    const group = groups.get(peer) ?? groupOf(peer, directory)
    groups.set(peer, group)
    return group
  }

  return {
    directory,
    operators,
    groupOf: placeOf,

    circleOf(peer) {
      const group = placeOf(peer)
      const { circles } = remembered()
      const circle = circles.get(group) ?? (findGroup(group, directory)?.isSealed ? group : lobby)
      circles.set(group, circle)
      return circle
    },
  }
}

function forget(hash: string): Memory {
  return { hash, groups: new Map(), circles: new Map(), operators: undefined }
}
