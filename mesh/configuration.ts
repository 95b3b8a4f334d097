import { type FSWatcher, watch } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { MeshError } from '../state/errors.ts'
import { type Clock, every } from './clock.ts'
import type { Log } from './log.ts'
import { hasCode, replaceFile } from './privateFiles.ts'
import { createSignal, type Signal } from './signal.ts'

/** How often the file is looked at where the system does not tell of changes. */
const lookMs = 1_000
/** Changes of the directory within this time are looked at together. */
const gatherMs = 20
/** Characters of a file that somebody may have written by hand. */
const charactersMax = 65_536

/** When nodes accept links from other machines: always, never, or once the mesh has a second device. */
export const lanModes = ['auto', 'on', 'off'] as const
/** One of the modes. */
export type LanMode = (typeof lanModes)[number]

const configuration = z.object({ lan: z.enum(lanModes).default('auto') })
/** What a user sets for all sessions of a device, beside the environment of each. */
export type Configuration = z.infer<typeof configuration>

/** What holds where nobody has set anything. */
const usual: Configuration = configuration.parse({})

/** The file, as its readers see it. */
export interface ConfigurationWatch {
  current(): Configuration
  /** Tells that something reads differently now. */
  readonly changed: Signal<void>
  /** Resolves when the file has been read. */
  start(): Promise<void>
  stop(): void
}

/** Where the settings of a device are. */
export function configurationPath(directory: string): string {
  return join(directory, 'settings.json')
}

/** Reads the settings of a device. Fails with BAD_INPUT, naming the file, when it is damaged. */
export async function readConfiguration(directory: string): Promise<Configuration> {
  return parse(directory, await readWhole(directory))
}

/** Changes some settings and leaves all else in the file as it is. Only commands of a person do. */
export async function writeConfiguration(
  directory: string,
  patch: Partial<Configuration>,
): Promise<void> {
  const whole = await readWhole(directory)
  parse(directory, whole)
  const text = JSON.stringify({ ...whole, ...patch }, null, 2)
  await replaceFile(configurationPath(directory), `${text}\n`)
}

/**
 * Follows the settings of a device for one node. A damaged file changes nothing: what held before
 * goes on, at the start what holds where nobody has set anything.
 */
export function watchConfiguration(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  directory: string,
): ConfigurationWatch {
  const changed: ConfigurationWatch['changed'] = createSignal()
  let current = usual
  let seen = ''
  let watcher: FSWatcher | undefined
  let isStarted = false
  let cancelLook = () => {}
  let cancelGather: (() => void) | undefined
  let looking: Promise<void> = Promise.resolve()

  function lookSoon(): void {
    cancelGather ??= clock.after(gatherMs, () => {
      cancelGather = undefined
      void lookNext()
    })
  }

  /** One after the other, so that an older reading does not come after a newer one. */
  function lookNext(): Promise<void> {
    looking = looking.then(look)
    return looking
  }

  async function look(): Promise<void> {
    const now = await stampOf(configurationPath(directory))
    if (!isStarted || now === seen) return
    seen = now
    try {
      const read = await readConfiguration(directory)
      const isSame = JSON.stringify(read) === JSON.stringify(current)
      current = read
      if (!isSame && isStarted) changed.emit()
    } catch (thrown) {
      log.warn('settings_damaged', { thrown })
    }
  }

  /** Where the system has no more watches to give, looking from time to time does. */
  function watchDirectory(): void {
    try {
      watcher = watch(directory, { persistent: false }, lookSoon)
      watcher.on('error', (thrown) => {
        log.info('settings_not_watched', { thrown })
        watcher?.close()
      })
    } catch (thrown) {
      log.info('settings_not_watched', { thrown })
    }
  }

  return {
    current: () => current,
    changed,

    async start() {
      if (isStarted) return looking
      isStarted = true
      watchDirectory()
      cancelLook = every(clock, lookMs, () => void lookNext())
      await lookNext()
    },

    stop() {
      isStarted = false
      watcher?.close()
      cancelLook()
      cancelGather?.()
    },
  }
}

/** What is in the file, understood or not; nothing when there is none. */
async function readWhole(directory: string): Promise<object> {
  const path = configurationPath(directory)
  try {
    const text = await readFile(path, 'utf8')
    if (text.length > charactersMax) throw new RangeError('it is too long')
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    throw new TypeError('it holds no JSON object')
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return {}
    throw damaged(path, thrown instanceof Error ? thrown.message : 'it cannot be read', thrown)
  }
}

function parse(directory: string, whole: object): Configuration {
  const parsed = configuration.safeParse(whole)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const why = `${issue?.path.join('.')}: ${issue?.message}`
  throw damaged(configurationPath(directory), why, parsed.error)
}

function damaged(path: string, why: string, cause: unknown): MeshError {
  return new MeshError('BAD_INPUT', `The settings in ${path} are damaged: ${why}.`, {
    hint: 'Correct the file, or remove it to have the usual settings.',
    cause,
  })
}

/** Changes whenever the file is replaced or written; empty while there is none. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : ''
}
