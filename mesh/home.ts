import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { MeshError } from '../state/errors.ts'
import { toBase32 } from '../state/ids.ts'
import { createSigner, type Signer } from '../state/signatures.ts'
import type { Clock } from './clock.ts'
import { doorSecret } from './doorProof.ts'
import type { Environment } from './environment.ts'
import type { Keyring } from './keyring.ts'
import { checkPrivate, createOnce, hasCode, makeDirectory } from './privateFiles.ts'

/** The state directory of a device: what makes it this device, and where its nodes meet. */
export interface Home {
  readonly directory: string
  readonly signer: Signer
  readonly keyring: Keyring
  /** 32 bytes by which a process of this device knows the door of its lead. */
  readonly doorSecret: Uint8Array
  /** Where the nodes of this device say that they run. */
  readonly runDirectory: string
}

/** Bytes of an Ed25519 seed and of a mesh key. */
const keyBytes = 32
const base64Key = z
  .string()
  .transform((text) => new Uint8Array(Buffer.from(text, 'base64url')))
  .refine((bytes) => bytes.length === keyBytes)
const deviceFile = z.object({ seed: base64Key })
const keyFile = z.object({ mesh: z.string().min(8).max(64), key: base64Key })

/**
 * Opens the state directory and makes what is missing in it. However many processes do this at
 * once, all get the same keys. Fails with HOME_UNSAFE when others could read or change it, and
 * when a key in it is damaged: a key is never silently replaced.
 */
export async function openHome(
  directory: string,
  environment: Environment,
  clock: Clock,
): Promise<Home> {
  const runDirectory = join(directory, 'run')
  const keysDirectory = join(directory, 'keys')
  for (const path of [directory, runDirectory, keysDirectory]) {
    await makeDirectory(path)
    await checkPrivate(path, environment)
  }
  const random = () => Buffer.from(clock.random(keyBytes)).toString('base64url')
  const devicePath = join(directory, 'device.key')
  await createIfMissing(devicePath, () => ({ seed: random() }))
  const device = await readKey(devicePath, deviceFile, environment)
  if ((await epochsIn(keysDirectory)).length === 0) {
    const mesh = toBase32(clock.random(16))
    await createIfMissing(join(keysDirectory, '1'), () => ({ mesh, key: random() }))
  }
  return {
    directory,
    runDirectory,
    signer: createSigner(device.seed),
    doorSecret: doorSecret(device.seed),
    keyring: await readKeyring(keysDirectory, environment),
  }
}

async function createIfMissing(path: string, make: () => object): Promise<void> {
  try {
    await readFile(path)
  } catch (thrown) {
    if (!hasCode(thrown, 'ENOENT')) throw unreadable(path, thrown)
    await createOnce(path, `${JSON.stringify(make())}\n`).catch((cause: unknown) => {
      throw unreadable(path, cause)
    })
  }
}

async function readKeyring(directory: string, environment: Environment): Promise<Keyring> {
  const epochs = await epochsIn(directory)
  const keysByEpoch = new Map<number, Uint8Array>()
  let mesh = ''
  for (const epoch of epochs) {
    const found = await readKey(join(directory, String(epoch)), keyFile, environment)
    keysByEpoch.set(epoch, found.key)
    mesh = found.mesh
  }
  return { mesh, epoch: epochs.at(-1) ?? 0, key: (epoch) => keysByEpoch.get(epoch) }
}

/** The epochs whose keys are here, oldest first; temporary files are none. */
async function epochsIn(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names
    .filter((name) => /^[1-9]\d{0,8}$/.test(name))
    .map(Number)
    .sort((left, right) => left - right)
}

async function readKey<Parsed>(
  path: string,
  schema: z.ZodType<Parsed>,
  environment: Environment,
): Promise<Parsed> {
  await checkPrivate(path, environment)
  const parsed = schema.safeParse(parseJson(await readFile(path, 'utf8')))
  if (parsed.success) return parsed.data
  throw new MeshError('HOME_UNSAFE', `The key in ${path} is damaged.`, {
    hint: 'Restore the file from a backup, or move the whole directory away to begin anew.',
  })
}

function unreadable(path: string, cause: unknown): MeshError {
  return new MeshError('HOME_UNSAFE', `${path} cannot be read or made.`, {
    hint: 'Run `mesh doctor`, or set MESH_HOME to a directory of your own.',
    cause,
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
