import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../mesh/clock.ts'
import { openHome } from '../../../mesh/home.ts'
import { createOnce } from '../../../mesh/privateFiles.ts'
import { MeshError } from '../../../state/errors.ts'
import { environmentOf } from '../environment.ts'

let root: string
let directory: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mesh-home-'))
  directory = join(root, 'state')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const open = (different = {}) => openHome(directory, environmentOf(different), systemClock)

async function refusal(different = {}): Promise<MeshError> {
  const thrown = await open(different).catch((error: unknown) => error)
  if (!(thrown instanceof MeshError)) throw new Error(`not refused: ${thrown}`)
  return thrown
}

describe('the home of a device', () => {
  it('is made at the first start and stays the same', async () => {
    const first = await open()
    const second = await open()
    expect(second.signer.key).toBe(first.signer.key)
    expect(second.keyring.mesh).toBe(first.keyring.mesh)
    expect(first.keyring.epoch).toBe(1)
    expect(first.keyring.key(1)).toHaveLength(32)
    expect(first.keyring.key(2)).toBeUndefined()
    expect((await readdir(directory)).sort()).toEqual(['device.key', 'keys', 'run'])
  })

  it('is one, however many sessions make it at once', async () => {
    const homes = await Promise.all(Array.from({ length: 30 }, () => open()))
    expect(new Set(homes.map(({ signer }) => signer.key)).size).toBe(1)
    expect(new Set(homes.map(({ keyring }) => keyring.mesh)).size).toBe(1)
    const keys = homes.map(({ keyring }) => Buffer.from(keyring.key(1) ?? []).toString('hex'))
    expect(new Set(keys).size).toBe(1)
    expect(await readdir(join(directory, 'keys'))).toEqual(['1'])
  })

  it('holds the keys of all epochs, and dials with the newest', async () => {
    const { keyring } = await open()
    const key = Buffer.alloc(32, 7).toString('base64url')
    await createOnce(join(directory, 'keys', '10'), JSON.stringify({ mesh: keyring.mesh, key }))
    const later = (await open()).keyring
    expect(later.epoch).toBe(10)
    expect(later.key(10)).toEqual(new Uint8Array(32).fill(7))
    expect(later.key(1)).toEqual(keyring.key(1))
  })

  it.each([
    ['', 0o755, 'chmod 700'],
    ['device.key', 0o644, 'chmod 600'],
    ['keys', 0o770, 'chmod 700'],
    ['keys/1', 0o640, 'chmod 600'],
    ['run', 0o701, 'chmod 700'],
  ])('is refused when others may use "%s", with the repair named', async (path, mode, repair) => {
    await open()
    await chmod(join(directory, path), mode)
    const thrown = await refusal()
    expect(thrown.code).toBe('HOME_UNSAFE')
    expect(thrown.hint).toContain(repair)
    expect(thrown.hint).toContain(join(directory, path))
    await expect(open({ platform: 'win32' })).resolves.toBeDefined()
  })

  it('is refused when it is a link, or belongs to somebody else', async () => {
    await mkdir(join(root, 'real'), { mode: 0o700 })
    await symlink(join(root, 'real'), directory)
    expect((await refusal()).message).toContain('symbolic link')
    await rm(directory)
    await open()
    const thrown = await refusal({ userId: (process.getuid?.() ?? 0) + 1 })
    expect(thrown.message).toContain('another user')
  })

  it.each(['', 'rubbish', '{}', '{"seed":"c2hvcnQ"}'])(
    'is refused when its key is damaged: %j, and keeps the file as it is',
    async (text) => {
      await open()
      await writeFile(join(directory, 'device.key'), text)
      const thrown = await refusal()
      expect(thrown.code).toBe('HOME_UNSAFE')
      expect(thrown.message).toContain('device.key')
    },
  )

  it('is refused with a way out when it cannot be made', async () => {
    await writeFile(join(root, 'file'), '')
    directory = join(root, 'file', 'state')
    expect((await refusal()).hint).toContain('MESH_HOME')
  })
})
