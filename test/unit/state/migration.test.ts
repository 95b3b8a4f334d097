import { describe, expect, it } from 'vitest'
import { type MigrationStep, migrate } from '../../../state/migration.ts'
import { person } from './people.ts'
import { exchange, openReplica, readingOf } from './replica.ts'

const [ada, bob] = [person(1), person(2)]

/** Version 2 says `title` where version 1 said `name`. */
const rename: MigrationStep = (key, value) => {
  const isOld = typeof value === 'object' && value !== null && 'name' in value
  return key.startsWith('task/') && isOld ? { title: value.name } : value
}
/** Version 3 adds a priority. */
const prioritise: MigrationStep = (key, value) => {
  const isOld = typeof value === 'object' && value !== null && !('priority' in value)
  return key.startsWith('task/') && isOld ? { ...value, priority: 'normal' } : value
}

describe('a document in an older form', () => {
  it('is brought to the newest by each writer for its own records, which keep their times', async () => {
    const [one, other] = [await openReplica(ada), await openReplica(bob)]
    await one.put(`task/1/${ada.peer}`, { name: 'first' })
    await one.put(`card/${ada.peer}`, { name: 'ada' })
    await other.put(`task/2/${bob.peer}`, { name: 'second' })
    await exchange(one, other)
    const before = one.document.get(`task/1/${ada.peer}`)
    const steps = [rename, prioritise]
    expect(await migrate(one.document, { ...one, peer: ada.peer, steps })).toBe(1)
    await exchange(one, other)
    for (const { document } of [one, other]) {
      expect(document.get(`task/1/${ada.peer}`)).toMatchObject({
        value: { title: 'first', priority: 'normal' },
        at: before?.at,
      })
      expect(document.get(`task/2/${bob.peer}`)?.value).toEqual({ name: 'second' })
      expect(document.get(`card/${ada.peer}`)?.value).toEqual({ name: 'ada' })
      expect(document.get(`format/${ada.peer}`)?.value).toEqual({ version: 3 })
    }
    expect(one.document.hash()).toBe(other.document.hash())
  })

  it('is migrated once, from where it stood, and survives a restart', async () => {
    const first = await openReplica(ada)
    await first.put(`task/1/${ada.peer}`, { name: 'first' })
    await migrate(first.document, { ...first, peer: ada.peer, steps: [rename] })
    const again = await openReplica(ada, { disk: first.disk })
    const deps = { ...again, peer: ada.peer }
    expect(await migrate(again.document, { ...deps, steps: [rename] })).toBe(0)
    expect(await migrate(again.document, { ...deps, steps: [rename, prioritise] })).toBe(1)
    expect(readingOf(again)).toMatchObject({
      [`task/1/${ada.peer}`]: { title: 'first', priority: 'normal' },
    })
  })

  it('of a later release is left as it is, and one without a step is not written to', async () => {
    const replica = await openReplica(ada)
    const deps = { ...replica, peer: ada.peer }
    expect(await migrate(replica.document, { ...deps, steps: [] })).toBe(0)
    expect(readingOf(replica)).toEqual({})
    await replica.put(`format/${ada.peer}`, { version: 9 })
    await replica.put(`task/1/${ada.peer}`, { name: 'first' })
    expect(await migrate(replica.document, { ...deps, steps: [rename] })).toBe(0)
    expect(replica.document.get(`task/1/${ada.peer}`)?.value).toEqual({ name: 'first' })
  })
})
