import { describe, expect, it } from 'vitest'
import { directScope, groupScope } from '../../../state/feeds.ts'
import {
  directoryName,
  groupDocument,
  groupNamed,
  groupOf,
  isShared,
  lobby,
  membershipKey,
} from '../../../state/groups.ts'
import type { Rec } from '../../../state/records.ts'
import { orders, type Person, person } from './people.ts'

const [ada, bob, eve] = [person(1), person(2), person(3)]

function word(by: Person, value: unknown, at: number): Rec {
  const key = membershipKey(ada.peer, by.peer)
  return { key, value, by: by.peer, node: by.node, at, device: by.signer.key }
}

const automatic = (by: Person, group: string, at: number) => word(by, { group, manual: false }, at)
const manual = (by: Person, group: string, at: number) => word(by, { group, manual: true }, at)

/** The group of Ada by these records, read in any order. */
function groupBy(...records: readonly Rec[]): string {
  const [group = '', ...others] = orders(records).map((order) =>
    groupOf(ada.peer, (prefix) => order.filter(({ key }) => key.startsWith(prefix))),
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
    expect(groupBy(automatic(ada, 'red', 1), automatic(bob, 'blue', 2))).toBe('blue')
    expect(groupBy(manual(bob, 'red', 3), manual(eve, 'blue', 2))).toBe('red')
  })

  it('a manual word beats an automatic one, even a later one', () => {
    expect(groupBy(automatic(ada, 'red', 9), manual(bob, 'blue', 1))).toBe('blue')
  })

  it('of two words of one moment all choose the same', () => {
    const group = groupBy(manual(ada, 'red', 1), manual(bob, 'blue', 1), manual(eve, 'green', 1))
    expect(['red', 'blue', 'green']).toContain(group)
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
      isShared(name, [one.peer, other.peer], (peer) => groups.get(peer) ?? lobby)
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
})
