import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Clock, systemClock } from '../../../mesh/clock.ts'
import {
  type ConfigurationWatch,
  configurationPath,
  readConfiguration,
  watchConfiguration,
  writeConfiguration,
} from '../../../mesh/configuration.ts'
import type { Log } from '../../../mesh/log.ts'
import { silentLog } from '../../../mesh/log.ts'

let directory: string
let watching: ConfigurationWatch | undefined

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mesh-settings-'))
})
afterEach(async () => {
  watching?.stop()
  await rm(directory, { recursive: true, force: true })
})

const put = (text: string) => writeFile(configurationPath(directory), text)

/** What does not hold JSON with settings in it. */
const damage = ['', '{', 'null', '[]', '"on"', '{"lan":"perhaps"}', '{"lan":true}', ' '.repeat(1e5)]

async function start(
  log: Log = silentLog,
  clock: Clock = systemClock,
): Promise<ConfigurationWatch> {
  watching = watchConfiguration({ clock, log }, directory)
  await watching.start()
  return watching
}

const becomes = (lan: string) =>
  vi.waitFor(() => expect(watching?.current().lan).toBe(lan), { timeout: 10_000, interval: 5 })

describe('the settings of a device', () => {
  it('are the usual ones where there are none', async () => {
    expect(await readConfiguration(directory)).toEqual({ lan: 'auto' })
    await put('{"later":1}')
    expect(await readConfiguration(directory)).toEqual({ lan: 'auto' })
    expect(await readdir(directory)).toEqual(['settings.json'])
  })

  it('that are written are read, and what is not understood stays', async () => {
    await put('{"lan":"auto","later":{"than":"this"}}')
    await writeConfiguration(directory, { lan: 'on' })
    expect(await readConfiguration(directory)).toEqual({ lan: 'on' })
    const text = await readFile(configurationPath(directory), 'utf8')
    expect(JSON.parse(text)).toEqual({ lan: 'on', later: { than: 'this' } })
    expect((await stat(configurationPath(directory))).mode & 0o077).toBe(0)
    expect(await readdir(directory)).toEqual(['settings.json'])
  })

  it.each(damage)('that are damaged are named and not overwritten: %s', async (text) => {
    await put(text)
    const refusal = { code: 'BAD_INPUT', message: expect.stringContaining('settings.json') }
    await expect(readConfiguration(directory)).rejects.toMatchObject(refusal)
    await expect(writeConfiguration(directory, { lan: 'on' })).rejects.toMatchObject(refusal)
    expect(await readFile(configurationPath(directory), 'utf8')).toBe(text)
  })
})

describe('a node', () => {
  it('knows of each change soon, and of nothing else', async () => {
    await start()
    let changes = 0
    watching?.changed.listen(() => {
      changes += 1
    })
    for (const lan of ['on', 'off', 'on', 'auto'] as const) {
      await writeConfiguration(directory, { lan })
      await becomes(lan)
    }
    await writeFile(join(directory, 'else'), '')
    await writeConfiguration(directory, { lan: 'off' })
    await becomes('off')
    await rm(configurationPath(directory))
    await becomes('auto')
    expect(changes).toBe(6)
  })

  it('knows of it where the system tells nothing, by looking from time to time', async () => {
    const looks: { readonly ms: number; readonly look: () => void }[] = []
    const after: Clock['after'] = (ms, look) => {
      looks.push({ ms, look })
      return () => {}
    }
    await start(silentLog, { ...systemClock, after })
    const [first] = looks
    expect(first?.ms).toBeLessThanOrEqual(1_000)
    let changes = 0
    watching?.changed.listen(() => {
      changes += 1
    })
    await writeConfiguration(directory, { lan: 'auto' })
    first?.look()
    await watching?.start()
    await writeConfiguration(directory, { lan: 'on' })
    first?.look()
    await watching?.start()
    expect([watching?.current().lan, changes]).toEqual(['on', 1])
  })

  it.each(damage)('goes on as before when they are damaged, and says so: %s', async (text) => {
    const warned = vi.fn()
    await put(text)
    await start({ ...silentLog, warn: warned })
    expect(watching?.current().lan).toBe('auto')
    expect(warned).toHaveBeenCalledTimes(1)
    await rm(configurationPath(directory))
    await writeConfiguration(directory, { lan: 'on' })
    await becomes('on')
    await put(text)
    // A look may fall between emptying the file and writing it.
    const soon = { timeout: 10_000 }
    await vi.waitFor(() => expect(warned.mock.calls.length).toBeGreaterThan(1), soon)
    expect(watching?.current().lan).toBe('on')
  })

  it('hears nothing any more once it has stopped', async () => {
    await start()
    watching?.stop()
    watching?.stop()
    await writeConfiguration(directory, { lan: 'on' })
    const other = await start()
    expect(other.current().lan).toBe('on')
  })
})
