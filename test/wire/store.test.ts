import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLevelStore } from '../../state/levelStore.ts'
import { prefixRange, putJson, type Store, sortable } from '../../state/store.ts'

let root: string
let directory: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mesh-store-'))
  directory = join(root, 'db')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const recordsMax = 6_000
const value = 'x'.repeat(1_000)

/** Writes records so that some are in a table and some in the log, each in a commit of its own. */
async function fill(): Promise<void> {
  const { store } = await openLevelStore(directory)
  const commits = []
  for (let number = 1; number <= recordsMax; number += 1) {
    const writes = [putJson(`f/s/p/n/${sortable(number)}`, value), putJson('fh/s/p/n', number)]
    commits.push(store.commit(writes, { durable: false }))
    if (number % 10 === 0) await Promise.all(commits.splice(0))
  }
  await store.close()
}

async function count(store: Store): Promise<number> {
  return (await store.range(prefixRange('f/'))).length
}

function fileNamed(pattern: RegExp): string {
  const name = readdirSync(directory).find((found) => pattern.test(found))
  if (name === undefined) throw new Error(`no file is named like ${pattern}`)
  return join(directory, name)
}

function flipByte(path: string, part: number): void {
  const bytes = readFileSync(path)
  const place = Math.floor(bytes.length * part)
  bytes[place] = (bytes[place] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
}

describe('a damaged store', () => {
  const damages: [name: string, damage: () => void][] = [
    ['a flipped byte in the middle of its log', () => flipByte(fileNamed(/\.log$/), 0.5)],
    ['a table that is gone', () => rmSync(fileNamed(/\.ldb$/))],
    ['a manifest that is gone', () => rmSync(fileNamed(/^MANIFEST/))],
    ['a flipped byte in its manifest', () => flipByte(fileNamed(/^MANIFEST/), 0.5)],
    ['an empty CURRENT', () => truncateSync(fileNamed(/^CURRENT$/))],
    ['rubbish in place of a manifest', () => writeFileSync(fileNamed(/^MANIFEST/), value)],
  ]

  it.each(damages)('with %s is set aside whole, and never half believed', async (_name, damage) => {
    await fill()
    damage()
    const before = readdirSync(directory).length
    const { store, setAside } = await openLevelStore(directory)
    const found = await count(store)
    await store.commit([putJson('works', true)])
    await store.close()
    expect(setAside).toBe(`${directory}.damaged-1`)
    expect([0, recordsMax]).toContain(found)
    expect(readdirSync(`${directory}.damaged-1`).length).toBeGreaterThanOrEqual(before)
  })

  it('that was mended stays mended, and a second damage is set aside beside the first', async () => {
    await fill()
    rmSync(fileNamed(/^MANIFEST/))
    const mended = await openLevelStore(directory)
    expect(await count(mended.store)).toBe(recordsMax)
    await mended.store.close()
    const again = await openLevelStore(directory)
    expect(again.setAside).toBeUndefined()
    await again.store.close()
    rmSync(fileNamed(/^MANIFEST/))
    const twice = await openLevelStore(directory)
    expect(twice.setAside).toBe(`${directory}.damaged-2`)
    await twice.store.close()
  })

  it('is not one that somebody else holds', async () => {
    const { store } = await openLevelStore(directory)
    await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    expect(readdirSync(root)).toEqual(['db'])
    await store.close()
  })

  it('is not one whose last write was torn off by a power cut', async () => {
    await fill()
    const log = fileNamed(/\.log$/)
    truncateSync(log, statSync(log).size - 500)
    const { store, setAside } = await openLevelStore(directory)
    expect(setAside).toBeUndefined()
    expect(await count(store)).toBeGreaterThan(recordsMax - 20)
    await store.close()
  })
})

/** Runs a script of ours in a process of its own; its lines and how it ended. */
async function runScript(script: string, wrap: (command: string[]) => string[]) {
  const path = join(root, 'script.mts')
  writeFileSync(path, script)
  const tsx = pathToFileURL(join(process.cwd(), 'node_modules', 'tsx', 'dist', 'loader.mjs')).href
  const [command = '', ...rest] = wrap([process.execPath, '--import', tsx, path])
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const [code, signal] = await once(child, 'close')
  return { lines, code, signal }
}

const storePath = JSON.stringify(join(process.cwd(), 'state', 'levelStore.ts'))

describe('a process that is killed', () => {
  it('has on disk whatever it was told is there', async () => {
    const script = `
      import { openLevelStore } from ${storePath}
      const { store } = await openLevelStore(${JSON.stringify(directory)})
      for (let number = 0; ; number += 1) {
        const put = { kind: 'put', key: 'k/' + number, value: new Uint8Array(300) } as const
        await store.commit([put], { durable: number % 2 === 0 })
        console.log(number)
        if (number === 500) process.kill(process.pid, 'SIGKILL')
      }`
    const { lines, signal } = await runScript(script, (command) => command)
    expect(signal).toBe('SIGKILL')
    const { store, setAside } = await openLevelStore(directory)
    expect(setAside).toBeUndefined()
    for (const line of lines) expect(await store.get(`k/${line}`)).toBeDefined()
    expect(lines.length).toBeGreaterThanOrEqual(500)
    await store.close()
  })
})

/** A file system of 24 MB that exists for one command alone. */
function onSmallDisk(command: string[]): string[] {
  const mount = `mount -t tmpfs -o size=24m none ${JSON.stringify(root)}/disk && exec "$0" "$@"`
  return [
    'unshare',
    '-Urm',
    'sh',
    '-c',
    `mkdir -p ${JSON.stringify(root)}/disk && ${mount}`,
    ...command,
  ]
}
const canMount = spawnSync('unshare', ['-Urm', 'true']).status === 0

describe('a full disk', () => {
  it.skipIf(!canMount)(
    'refuses, keeps every word it gave, and goes on when there is room, without a restart',
    async () => {
      const script = `
        import { randomBytes } from 'node:crypto'
        import { rmSync, statfsSync, writeFileSync } from 'node:fs'
        import { openLevelStore } from ${storePath}
        const disk = ${JSON.stringify(join(root, 'disk'))}
        const kept: string[] = []
        let failures = 0
        let { store } = await openLevelStore(disk + '/db')
        async function write(from: number, to: number) {
          for (let number = from; number < to; number += 1) {
            const put = { kind: 'put', key: 'k/' + number, value: randomBytes(700) } as const
            try {
              await store.commit([put])
              kept.push(put.key)
            } catch (thrown) {
              failures += 1
              console.log(JSON.stringify({ code: (thrown as { code?: string }).code }))
              if (failures % 3 === 0) return
            }
          }
        }
        for (let round = 0; round < 3; round += 1) {
          const { bavail, bsize } = statfsSync(disk)
          writeFileSync(disk + '/ballast', Buffer.alloc(bavail * bsize - 1_500_000))
          await write(round * 10_000, round * 10_000 + 9_000)
          for (const key of kept) if (!(await store.get(key))) console.log('lost while open ' + key)
          rmSync(disk + '/ballast')
          await write(round * 10_000 + 9_000, round * 10_000 + 9_200)
        }
        await store.close()
        const opened = await openLevelStore(disk + '/db')
        for (const key of kept) if (!(await opened.store.get(key))) console.log('lost ' + key)
        const phantoms = (await opened.store.range({ from: 'k/', to: 'k/~' })).length - kept.length
        await opened.store.close()
        console.log(JSON.stringify({ kept: kept.length, failures, phantoms, setAside: opened.setAside }))`
      const { lines, code } = await runScript(script, onSmallDisk)
      const last = JSON.parse(lines.at(-1) ?? '')
      expect(lines.filter((line) => line.includes('lost'))).toEqual([])
      expect(lines.slice(0, 3)).toEqual(Array(3).fill('{"code":"STORE_FAILED"}'))
      expect(last).toMatchObject({ failures: 9, phantoms: 0 })
      expect(last.setAside).toBeUndefined()
      expect(last.kept).toBeGreaterThan(600)
      expect(code).toBe(0)
    },
  )
})
