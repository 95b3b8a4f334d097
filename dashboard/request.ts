import { challengeForm, proofPath, proveDoor } from '../mesh/doorProof.ts'

/** What somebody asks of the door, as far as an answer depends on it. Every text is a stranger's. */
export interface Request {
  readonly method: string
  /** The target as it was sent. */
  readonly target: string
  readonly hosts: readonly string[]
  readonly origins: readonly string[]
  /** It brings a body, or wants to speak another protocol. */
  readonly wantsMore: boolean
}

/** What the door says to it. */
export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** The door that is asked. */
export interface Asked {
  readonly port: number
  readonly secret: Uint8Array
}

/** Longest target of a request, in characters. */
const targetMax = 2_048

/**
 * Answers a request.
 *
 * 1. Anybody may learn that something healthy is here, and nothing else.
 * 2. For the rest, the request must be meant for this machine: a name that a foreign site has
 *    pointed at it (DNS rebinding) is refused, and so is every page of another origin.
 * 3. No word of the request comes back in the answer.
 */
export function answerTo(request: Request, door: Asked): Answer {
  const { method, target } = request
  const isRead = method === 'GET' || method === 'HEAD'
  const [path, ...queries] = target.split('?')
  if (target.length > targetMax) return refusal(414, 'The address is too long.')
  if (path === '/health' && isRead && !request.wantsMore)
    return { status: 200, body: { status: 'ok' } }
  const names = namesOf(door.port)
  const [host = ''] = request.hosts
  if (request.hosts.length !== 1 || !names.includes(host.toLowerCase())) {
    return refusal(421, `This door answers only to http://${names[0]}.`)
  }
  if (request.origins.some((origin) => origin !== `http://${host.toLowerCase()}`)) {
    return refusal(403, 'Pages of other origins have no access.')
  }
  if (!isRead) {
    return { ...refusal(405, 'Only GET and HEAD are understood.'), headers: { allow: 'GET, HEAD' } }
  }
  if (request.wantsMore) return refusal(400, 'Neither bodies nor other protocols are taken.')
  if (path === proofPath) return prove(queries.join('?'), door)
  return refusal(404, 'There is nothing at this address.')
}

function prove(query: string, { port, secret }: Asked): Answer {
  const [, challenge = ''] = query.split('challenge=', 2)
  const isAsked = query === `challenge=${challenge}` && challengeForm.test(challenge)
  if (!isAsked) return refusal(400, 'Ask with ?challenge= and 22 to 64 characters of base64url.')
  return { status: 200, body: { proof: proveDoor(secret, port, challenge) } }
}

/** How a request may name the door. */
function namesOf(port: number): string[] {
  const hosts = ['127.0.0.1', 'localhost', '[::1]']
  // Of the scheme's own port, clients leave the number out.
  return hosts.flatMap((host) => [`${host}:${port}`, ...(port === 80 ? [host] : [])])
}

/** Says no, and why. */
export function refusal(status: number, error: string): Answer {
  return { status, body: { error } }
}
