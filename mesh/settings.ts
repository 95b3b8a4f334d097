import { posix, win32 } from 'node:path'
import { z } from 'zod'
import { MeshError } from '../state/errors.ts'
import type { Environment } from './environment.ts'
import type { LogLevel } from './log.ts'
import type { Route } from './mesh.ts'
import type { Address } from './network.ts'

/** A way of finding peers. */
export type DiscoverySource = 'rendezvous' | 'mdns' | 'static'

/** What a user may set through the environment. */
export interface Settings {
  /** The state directory: absolute. */
  readonly home: string
  /** Where the dashboard listens; 0 takes any free port. */
  readonly port: number | 'off'
  /** The name that this session would like. */
  readonly name?: string
  readonly peers: readonly Address[]
  /** Ports for links, tried in order; empty means any. */
  readonly linkPorts: readonly number[]
  /** Forces how messages reach the model. */
  readonly delivery?: Route
  readonly discovery: ReadonlySet<DiscoverySource>
  readonly brakes: boolean
  readonly logLevel: LogLevel
}

/** Most ports that a range may name. */
const portsMax = 1_000

const portNumber = z.coerce.number().int().min(0).max(65_535)
const address = z.string().transform((text, context): Address => {
  const match = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match?.[1] && port > 0 && port < 65_536) return { host: match[1], port }
  context.addIssue({ code: 'custom', message: `"${text}" is not host:port` })
  return z.NEVER
})
const portRange = z.string().transform((text, context): number[] => {
  const [first, last = first] = text.split('-').map((part) => portNumber.safeParse(part).data)
  if (first !== undefined && last !== undefined && first <= last && last - first < portsMax) {
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  }
  context.addIssue({ code: 'custom', message: `"${text}" is neither a port nor a range of ports` })
  return z.NEVER
})

const variables = z.object({
  MESH_HOME: z.string().optional(),
  MESH_PORT: z
    .union([z.literal('off'), portNumber], { error: 'use a port number from 0 to 65535, or off' })
    .default(7_899),
  MESH_NAME: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'use 1 to 32 letters, digits, "-" or "_"')
    .optional(),
  MESH_PEERS: listOf(address).default([]),
  MESH_LINK_PORTS: listOf(portRange).default([]),
  MESH_DELIVERY: z.enum(['channel', 'socket', 'pull']).optional(),
  MESH_DISCOVERY: listOf(z.enum(['rendezvous', 'mdns', 'static'])).default([
    'rendezvous',
    'mdns',
    'static',
  ]),
  MESH_BRAKES: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('warn'),
})

/** Reads the settings. Fails with BAD_INPUT, naming the variable, when one is not understood. */
export function readSettings(environment: Environment): Settings {
  const given = Object.fromEntries(
    Object.entries(environment.variables).filter(([, value]) => value !== ''),
  )
  const parsed = variables.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const name = String(issue?.path[0])
    throw new MeshError('BAD_INPUT', `${name} is not understood: ${issue?.message ?? ''}.`, {
      hint: `Correct or remove ${name} in the environment of this session.`,
    })
  }
  const found = parsed.data
  return {
    home: homeOf(environment, found.MESH_HOME),
    port: found.MESH_PORT,
    ...(found.MESH_NAME === undefined ? {} : { name: found.MESH_NAME }),
    peers: found.MESH_PEERS,
    linkPorts: found.MESH_LINK_PORTS.flat(),
    ...(found.MESH_DELIVERY === undefined ? {} : { delivery: found.MESH_DELIVERY }),
    discovery: new Set(found.MESH_DISCOVERY),
    brakes: found.MESH_BRAKES === 'on',
    logLevel: found.LOG_LEVEL,
  }
}

/** The state directory: what the user says, else where the platform keeps state. */
function homeOf({ variables, ...rest }: Environment, wanted: string | undefined): string {
  const path = rest.platform === 'win32' ? win32 : posix
  const name = 'claude-peers-mesh'
  if (wanted !== undefined) return path.resolve(rest.workingDirectory, wanted)
  if (rest.platform === 'win32') {
    const local = variables['LOCALAPPDATA'] || path.join(rest.homeDirectory, 'AppData', 'Local')
    return path.join(local, name)
  }
  // The XDG base directory specification has a relative path ignored.
  const xdg = variables['XDG_STATE_HOME'] ?? ''
  const base = path.isAbsolute(xdg) ? xdg : path.join(rest.homeDirectory, '.local', 'state')
  return path.join(base, name)
}

function listOf<Item extends z.ZodType<unknown, string>>(item: Item) {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item))
}
