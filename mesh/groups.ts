import { MeshError } from '../state/errors.ts'
import {
  autogroupKey,
  autogroupOf,
  findGroup,
  groupDocument,
  groupKey,
  groupsOf,
  groupTitle,
  lobby,
  membershipKey,
  titleKey,
  titleOf,
} from '../state/groups.ts'
import { idPrefixMin, type PeerId, toBase32 } from '../state/ids.ts'
import type { Act } from './activity.ts'
import type { Core } from './core.ts'
import type { Groups, GroupView } from './mesh.ts'
import type { Names } from './names.ts'
import type { Peers } from './peers.ts'

/** What grouping needs. */
export interface GroupsDeps {
  readonly peers: Peers
  readonly names: Names
  readonly act: Act
}

/** Makes the groups of a node. */
export function createGroups(core: Core, { peers, names, act }: GroupsDeps): Groups {
  const directory = { list: core.directory.list, isOperator: core.isOperator }

  function nameOf(group: string): string {
    if (group === lobby) return lobby
    const document = core.document(groupDocument(group))
    const title = document && titleOf({ list: document.list, isOperator: core.isOperator })
    const labelled = core.faces
      .list('card/')
      .find(({ by }) => core.groupOf(by) === group && peers.card(by)?.label !== undefined)
    return title ?? (labelled && peers.card(labelled.by)?.label) ?? group.slice(0, 8)
  }

  function view(id: string): GroupView {
    const found = findGroup(id, directory)
    const { self, peers: others } = peers.list({ offline: true })
    const members = [...(core.isOperator(core.peer) ? [] : [self]), ...others].filter(
      (peer) => core.groupOf(peer.id as PeerId) === id,
    )
    return {
      ...{ id, name: nameOf(id), sealed: found?.isSealed ?? false },
      automatic: found?.isAutomatic ?? false,
      members: members.map((peer) => ({ id: peer.id, name: peer.name, online: peer.online })),
    }
  }

  function known(): readonly string[] {
    const all = groupsOf(directory)
    const isKnown = ({ id, isSealed }: (typeof all)[number]) =>
      core.isOperator(core.peer) || !isSealed || id === core.groupOf(core.peer)
    return all.filter(isKnown).map(({ id }) => id)
  }

  function resolve(text: string): string {
    const wanted = text.trim().toLowerCase()
    const ids = known()
    const named = ids.filter((id) => id === wanted || nameOf(id).toLowerCase() === wanted)
    const begun = ids.filter((id) => wanted.length >= idPrefixMin && id.startsWith(wanted))
    const [found, ...others] = named.length > 0 ? named : begun
    if (found !== undefined && others.length === 0) return found
    const list = ids.map((id) => `${nameOf(id)} (${id})`).join(', ')
    const quoted = JSON.stringify(text.slice(0, 64))
    const what =
      found === undefined ? `There is no group ${quoted}.` : `${quoted} could mean several groups.`
    throw new MeshError('UNKNOWN_GROUP', what, { hint: `Known: ${list}.` })
  }

  function checkOperator(): void {
    if (core.isOperator(core.peer)) return
    throw new MeshError('REFUSED', 'Only the human changes groups.', {
      hint: 'Ask the operator: send_message to "operator". Humans use mesh groups.',
    })
  }

  function checkTitle(name: string): void {
    if (!groupTitle.safeParse(name).success || /^(?:lobby|automatic)$/i.test(name)) {
      throw new MeshError('BAD_INPUT', 'That is not a possible name of a group.', {
        hint: 'Use 1 to 64 letters, digits, spaces or ". _ / # + -"; not "lobby" or "automatic".',
      })
    }
    if (known().some((id) => nameOf(id).toLowerCase() === name.toLowerCase())) {
      throw new MeshError('NAME_TAKEN', `There is a group "${name}" already.`, {
        hint: 'Choose another name; see mesh groups.',
      })
    }
  }

  /** Writes into the directory, later than every word that it overrules. */
  async function rule(prefix: string, key: string, value: unknown): Promise<void> {
    const after = Math.max(0, ...core.directory.list(prefix).map(({ at }) => at))
    const batch = await core.ledger.begin()
    core.directory.put(batch, [{ key, value, after }])
    await batch.commit()
  }

  function ruleGroup(id: string, change: { sealed?: boolean; deleted?: boolean }): Promise<void> {
    const found = findGroup(id, directory)
    const value = {
      sealed: change.sealed ?? found?.isSealed ?? true,
      deleted: change.deleted ?? false,
      automatic: found?.isAutomatic ?? false,
    }
    return rule(`group/${id}/`, groupKey(id, core.peer), value)
  }

  /** Says it in the log of a group, for those who work there. */
  async function log(group: string, action: string, detail: string): Promise<void> {
    const batch = await core.ledger.begin()
    act(batch, { action, detail }, group)
    await batch.commit()
  }

  /** Waits until the document of a group that was just made is open. */
  function opened(group: string): Promise<void> {
    return new Promise((resolve) => {
      const isOpen = () => core.document(groupDocument(group)) !== undefined
      if (isOpen()) return resolve()
      const stop = core.opened.listen(() => {
        if (!isOpen()) return
        stop()
        resolve()
      })
    })
  }

  function changeable(text: string): string {
    const id = resolve(text)
    if (id !== lobby) return id
    throw new MeshError('REFUSED', 'The lobby stays as it is.', {
      hint: 'Make a group of its own.',
    })
  }

  return {
    nameOf,
    resolve,
    list: () => known().map(view),
    mode: () => autogroupOf(directory),

    async create(name) {
      checkOperator()
      checkTitle(name)
      const id = toBase32(core.clock.random(10))
      await ruleGroup(id, { sealed: true })
      await opened(id)
      const batch = await core.ledger.begin()
      core.document(groupDocument(id))?.put(batch, [{ key: titleKey(core.peer), value: name }])
      act(batch, { action: 'created', detail: `the group ${name}` }, id)
      await batch.commit()
      return view(id)
    },

    async assign(text, group) {
      checkOperator()
      const peer = peers.resolve(text)
      if (core.isOperator(peer)) {
        throw new MeshError('BAD_INPUT', 'The operator is in no group.', {
          hint: 'Name a session.',
        })
      }
      const id = group.toLowerCase() === 'automatic' ? null : resolve(group)
      const value = { group: id, manual: true }
      await rule(`membership/${peer}/`, membershipKey(peer, core.peer), value)
      const now = core.groupOf(peer)
      await log(now, 'assigned', `${names.of(peer)} to ${nameOf(now)}`)
      return view(now)
    },

    async remove(text) {
      checkOperator()
      const id = changeable(text)
      await log(id, 'deleted', `the group ${nameOf(id)}`)
      await ruleGroup(id, { deleted: true })
      return { ...view(id), members: [] }
    },

    async seal(text, isSealed) {
      checkOperator()
      const id = changeable(text)
      await ruleGroup(id, { sealed: isSealed })
      await log(id, isSealed ? 'sealed' : 'opened', `the group ${nameOf(id)}`)
      return view(id)
    },

    async setMode(mode) {
      checkOperator()
      await rule('setting/autogroup/', autogroupKey(core.peer), mode)
    },
  }
}
