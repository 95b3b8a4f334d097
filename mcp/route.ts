import { type ReadAncestors, readAncestors } from '../mesh/ancestors.ts'
import type { Environment } from '../mesh/environment.ts'
import type { Route } from '../mesh/mesh.ts'

/** Ancestors looked at: a shell or a launcher may stand between the client and us. */
const ancestorsMax = 4
/** Names under which this server is registered, by us or by hand. */
const ownNames = /^(?:claude-peers-mesh|claude-peers|mesh)$/

/** Routes to the model of this session, best first; the last is always `pull`. */
export async function findRoutes(
  environment: Environment,
  forced: Route | undefined,
  read: ReadAncestors = readAncestors,
): Promise<readonly Route[]> {
  const hasSocket = Boolean(environment.variables['CLAUDE_CODE_MESSAGING_SOCKET'])
  if (forced === 'socket' && !hasSocket) return ['pull']
  if (forced !== undefined) return [forced]
  const ancestors = await read(environment, ancestorsMax)
  const isChannel = ancestors.some(({ commandLine }) => loadsChannel(commandLine))
  return [
    ...(isChannel ? ['channel' as const] : []),
    ...(hasSocket ? ['socket' as const] : []),
    'pull',
  ]
}

/** Whether a command line loads this server as a channel. */
export function loadsChannel(commandLine: readonly string[]): boolean {
  let isFlag = false
  for (const word of commandLine) {
    const [name = '', inline] = word.split('=', 2)
    if (word.startsWith('-')) isFlag = /^--(dangerously-load-development-)?channels$/.test(name)
    if (isFlag && (inline ?? word).split(/[\s,]+/).some(isOurs)) return true
  }
  return false
}

/** `server:<name>`, or `plugin:<name>@<marketplace>`. */
function isOurs(word: string): boolean {
  const [, name = ''] = /^(?:server|plugin):([^@:]+)/.exec(word) ?? []
  return ownNames.test(name)
}
