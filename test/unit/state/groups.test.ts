import { describe, expect, it } from 'vitest'
import { directScope, groupScope } from '../../../state/feeds.ts'
import {
  type AutogroupMode,
  autogroupKey,
  autogroupOf,
  type Directory,
  directoryName,
  findGroup,
  groupDocument,
  groupKey,
  groupNamed,
  groupOf,
  groupsOf,
  isShared,
  lobby,
  membershipKey,
  titleKey,
  titleOf,
} from '../../../state/groups.ts'
import type { PeerId } from '../../../state/ids.ts'
import type { Rec } from '../../../state/records.ts'
import { orders, type Person, person } from './people.ts'

const [ada, bob, eve] = [person(1), person(2), person(3)]

function word(by: Person, value: unknown, at: number): Rec {
  const key = membershipKey(ada.peer, by.peer)
  return { key, value, by: by.peer, node: by.node, at, device: by.signer.key }
}

const automatic = (by: Person, group: string, at: number) => word(by, { group, manual: false }, at)
const manual = (by: Person, group: string, at: number) => word(by, { group, manual: true }, at)

/** That group is there. */
const made = (group: string): Rec => ({
  ...{ key: groupKey(group, bob.peer), by: bob.peer, node: bob.node, at: 1 },
  value: { sealed: true, deleted: false, automatic: false },
  device: bob.signer.key,
})

/** Bob and Eve are operators. */
const isOperator = (peer: PeerId) => peer === bob.peer || peer === eve.peer

function directoryOf(records: readonly Rec[]): Directory {
  return { isOperator, list: (prefix) => records.filter(({ key }) => key.startsWith(prefix)) }
}

/** The group of Ada by these records, read in any order. */
function groupBy(...records: readonly Rec[]): string {
  const groups = ['red', 'blue', 'green'].map(made)
  const [group = '', ...others] = orders(records).map((order) =>
    groupOf(ada.peer, directoryOf([...groups, ...order])),
  )
  for (const other of others) expect(other).toBe(group)
  return group
}

describe('groups', () => {
  it('a peer of which nobody has said anything is in the lobby', () => {
    expect(groupBy()).toBe(lobby)
    const ofBob = { ...manual(bob, 'red', 1), key: membershipKey(bob.peer, bob.peer) }
    expect(groupBy(ofBob)).toBe(lobby)
  })

  it('the later word counts', () => {
    expect(groupBy(automatic(ada, 'red', 1))).toBe('red')
    expect(groupBy(manual(bob, 'red', 3), manual(eve, 'blue', 2))).toBe('red')
  })

  it('a manual word beats an automatic one, even a later one', () => {
    expect(groupBy(automatic(ada, 'red', 9), manual(bob, 'blue', 1))).toBe('blue')
  })

  it('of two words of one moment all choose the same', () => {
    const group = groupBy(manual(bob, 'blue', 1), manual(eve, 'green', 1))
    expect(['blue', 'green']).toContain(group)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'red'],
    ['no flag', { group: 'red' }],
    ['a group of another form', { group: '__proto__', manual: true }],
    ['a path', { group: '../red', manual: true }],
    ['an empty group', { group: '', manual: true }],
    ['a group of endless length', { group: 'x'.repeat(41), manual: true }],
    ['a group with a line end', { group: 'red\n', manual: true }],
  ])('%s is no word', (_name, value) => {
    expect(groupBy(automatic(ada, 'blue', 1), word(bob, value, 2))).toBe('blue')
  })

  it('a document and a scope name their group, and nothing else does', () => {
    expect(groupNamed(groupDocument('red'))).toBe('red')
    expect(groupNamed(groupScope('red'))).toBe('red')
    const others = [directoryName, directScope(ada.peer, bob.peer), '', 'group:', 'group:@1']
    for (const name of [...others, 'group:red@2', 'xgroup:red', 'group:red/', 'group:Red']) {
      expect(groupNamed(name)).toBeUndefined()
    }
  })

  it('a group is shared by its members, a pair by itself, the directory by all', () => {
    const groups = new Map([
      [ada.peer, 'red'],
      [bob.peer, 'red'],
    ])
    const isSharedBy = (name: string, one: Person, other: Person) =>
      isShared(name, [one.peer, other.peer], {
        groupOf: (peer) => groups.get(peer) ?? lobby,
        circleOf: (peer) => groups.get(peer) ?? lobby,
      })
    for (const name of [groupDocument('red'), groupScope('red')]) {
      expect(isSharedBy(name, ada, bob)).toBe(true)
      expect(isSharedBy(name, ada, eve)).toBe(false)
      expect(isSharedBy(name, eve, ada)).toBe(false)
    }
    expect(isSharedBy(groupScope(lobby), ada, bob)).toBe(false)
    expect(isSharedBy(directScope(ada.peer, bob.peer), bob, ada)).toBe(true)
    expect(isSharedBy(directScope(ada.peer, bob.peer), ada, eve)).toBe(false)
    expect(isSharedBy(directoryName, ada, eve)).toBe(true)
    expect(isSharedBy('anything', ada, bob)).toBe(false)
  })

  it('only an operator moves somebody else, and a peer chooses for itself alone', () => {
    expect(groupBy(manual(ada, 'red', 9))).toBe(lobby)
    expect(groupBy(automatic(bob, 'red', 9))).toBe(lobby)
    expect(groupBy(automatic(ada, 'red', 1), manual(ada, 'blue', 9))).toBe('red')
  })

  it('an operator hands the choice back', () => {
    const back = word(eve, { group: null, manual: true }, 5)
    expect(groupBy(automatic(ada, 'red', 1), manual(bob, 'blue', 4), back)).toBe('red')
    expect(groupBy(automatic(ada, 'red', 1), manual(bob, 'blue', 6), back)).toBe('blue')
  })

  it('who is in a group that is no more is in the lobby', () => {
    expect(groupBy(manual(bob, 'purple', 1))).toBe(lobby)
    const deleted = {
      ...made('red'),
      at: 2,
      value: { sealed: true, deleted: true, automatic: false },
    }
    expect(groupBy(manual(eve, 'red', 9), deleted)).toBe(lobby)
  })

  it('anybody may make an open group for a branch, and only an operator a sealed one', () => {
    const says = (by: Person, value: object, at = 1): Rec => ({
      ...{ ...made('red'), key: groupKey('red', by.peer), by: by.peer, value, at },
      device: by.signer.key,
    })
    const branch = { sealed: false, deleted: false, automatic: true }
    const found = (...records: Rec[]) => findGroup('red', directoryOf(records))
    expect(found(says(ada, branch))).toEqual({ id: 'red', isSealed: false, isAutomatic: true })
    expect(found(says(ada, { ...branch, sealed: true }))?.isSealed).toBe(false)
    expect(found(says(ada, { ...branch, automatic: false }))).toBeUndefined()
    expect(found(says(ada, branch, 9), says(bob, { ...branch, sealed: true }))?.isSealed).toBe(true)
    expect(found(says(ada, branch, 9), says(bob, { ...branch, deleted: true }))).toBeUndefined()
    expect(groupsOf(directoryOf([says(ada, branch)])).map(({ id }) => id)).toEqual([lobby, 'red'])
  })

  it('a group is called what an operator said last, else what somebody said first', () => {
    const says = (by: Person, value: unknown, at: number): Rec => ({
      ...{ ...made('red'), key: titleKey(by.peer), by: by.peer, value, at },
    })
    const title = (...records: Rec[]) => titleOf(directoryOf(records))
    expect(title()).toBeUndefined()
    expect(title(says(ada, 'branch/b', 2), says(person(4), 'branch/a', 1))).toBe('branch/a')
    expect(title(says(ada, 'branch/b', 9), says(bob, 'Red', 1), says(eve, 'Crimson', 2))).toBe(
      'Crimson',
    )
    expect(title(says(bob, 'no\nlines', 1))).toBeUndefined()
  })

  it('grouping by branch follows the last word of an operator', () => {
    const says = (by: Person, value: AutogroupMode, at: number): Rec => ({
      ...{ ...made('red'), key: autogroupKey(by.peer), by: by.peer, value, at },
    })
    const mode = (...records: Rec[]) => autogroupOf(directoryOf(records))
    expect(mode()).toBe('feature')
    expect(mode(says(ada, 'off', 9))).toBe('feature')
    expect(mode(says(bob, 'off', 1), says(eve, 'always', 2))).toBe('always')
  })
})
