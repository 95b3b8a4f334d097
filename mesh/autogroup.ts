import { createHmac } from 'node:crypto'
import { findGroup, groupKey, lobby, membershipKey, titleKey, titleOf } from '../state/groups.ts'
import { toBase32 } from '../state/ids.ts'
import { every } from './clock.ts'
import type { Core } from './core.ts'
import type { Groups } from './mesh.ts'
import type { NodeDeps } from './needs.ts'
import type { Branch } from './project.ts'

/** How often it is looked whether another branch is checked out. */
const lookMs = 5_000
/** Longest name that a branch gives its group. */
const titleMax = 64

/** What grouping by branch needs. */
export interface AutogroupDeps {
  readonly mesh: string
  readonly groups: Pick<Groups, 'mode'>
  readonly whereabouts: NodeDeps['whereabouts']
  /** Mail that is not read yet belongs to the group in which it arrived. */
  readonly unread: () => number
}

/** Puts this peer into the group of its branch, as far as no human has said otherwise. */
export interface Autogroup {
  /** Chooses before anything is published. Resolves when we stand there. */
  choose(): Promise<void>
  /** Follows the branch and the setting from now on. */
  begin(): void
  stop(): void
}

/** Makes the grouping of a node. */
export function createAutogroup(core: Core, deps: AutogroupDeps): Autogroup {
  const { clock, directory, peer } = core
  const ownKey = membershipKey(peer, peer)
  let cancel = () => {}
  let isStopped = false
  let isLooking = false

  function wanted({ repository, name, isDefault }: Branch): string {
    const mode = deps.groups.mode()
    if (mode === 'off' || (mode === 'feature' && isDefault)) return lobby
    const text = `${repository}\n${name}`
    return toBase32(createHmac('sha256', deps.mesh).update(text).digest()).slice(0, 20)
  }

  function current(): unknown {
    const value = directory.get(ownKey)?.value
    return typeof value === 'object' && value !== null && 'group' in value ? value.group : undefined
  }

  /** Says where we want to be. The automatic group is there as soon as somebody says so. */
  async function say(group: string): Promise<void> {
    const known = { list: directory.list, isOperator: core.isOperator }
    const isThere = findGroup(group, known) !== undefined
    const made = {
      key: groupKey(group, peer),
      value: { sealed: false, deleted: false, automatic: true },
    }
    const own = { key: ownKey, value: { group, manual: false } }
    const batch = await core.ledger.begin()
    directory.put(batch, [...(isThere ? [] : [made]), own])
    await batch.commit()
  }

  /** Gives the group its name, unless it has one. */
  async function name(group: string, branch: Branch): Promise<void> {
    const words = { list: core.group.list, isOperator: core.isOperator }
    if (group !== core.groupOf(peer) || group === lobby || titleOf(words) !== undefined) return
    const title = `branch/${branch.name.replace(/[^\p{L}\p{N} ._/#+-]/gu, '-')}`
      .slice(0, titleMax)
      .replace(/[^\p{L}\p{N}]+$/u, '')
    const batch = await core.ledger.begin()
    core.group.put(batch, [{ key: titleKey(peer), value: title }])
    await batch.commit()
  }

  async function look(isFirst: boolean): Promise<void> {
    const { head } = await deps.whereabouts()
    // On no branch at all one stays where one is.
    if (!head) return
    const group = wanted(head)
    if (current() === group || (current() === undefined && group === lobby)) {
      return name(group, head)
    }
    if (!isFirst && deps.unread() > 0) return
    const moved = new Promise<void>((resolve) => {
      const stop = core.moved.listen(() => {
        stop()
        resolve()
      })
      clock.after(lookMs, resolve)
    })
    const before = core.groupOf(peer)
    await say(group)
    // A human may have said otherwise: then nothing moves.
    if (isFirst && core.wantsToMove()) await moved
    if (core.groupOf(peer) !== before) await name(group, head)
  }

  function lookAgain(): void {
    if (isLooking || isStopped) return
    isLooking = true
    look(false)
      .catch((thrown: unknown) => core.log.warn('group_not_chosen', { thrown }))
      .finally(() => {
        isLooking = false
      })
  }

  return {
    choose: () => look(true),
    begin() {
      cancel = every(clock, lookMs, lookAgain)
      core.moved.listen(lookAgain)
    },
    stop() {
      isStopped = true
      cancel()
    },
  }
}
