import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, pause } from './clock.ts'

/** Where a door is asked for its proof. */
export const proofPath = '/.well-known/mesh'
/** What a door may be asked to prove: 16 to 48 random bytes in base64url. */
export const challengeForm = /^[A-Za-z0-9_-]{22,64}$/

/** Random bytes of a challenge of ours. */
const challengeBytes = 32
/** A door that has not answered within this time is none. */
const answerMs = 2_000
/** No answer of a door of ours is longer. */
const answerBytesMax = 1_024
const proofForm = /^[A-Za-z0-9_-]{43}$/

/**
 * Who holds a port: a door of this device, the door of another device or OS user, something else,
 * or nobody.
 */
export type DoorHolder = 'ours' | 'another' | 'foreign' | 'closed'

/** What every process of a device derives from its seed, and nobody else: 32 bytes. */
export function doorSecret(seed: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', seed, '', 'mesh door v1', 32))
}

/**
 * Proves that whoever listens on `port` holds the secret: 43 characters of base64url. The port is
 * part of it, so that a stranger who passes a challenge on to our door gets a proof that fails.
 */
export function proveDoor(secret: Uint8Array, port: number, challenge: string): string {
  return createHmac('sha256', secret)
    .update(`mesh door v1|${port}|${challenge}`)
    .digest('base64url')
}

/** What checking a door needs. */
export interface DoorCheck {
  readonly clock: Clock
  readonly secret: Uint8Array
}

/**
 * Asks whoever listens at `url` (`http://127.0.0.1:7899`) to prove that it is our door. Answers
 * within 2 s and after at most 1 KiB, whatever it meets; never rejects.
 */
export async function checkDoor(
  { clock, secret }: DoorCheck,
  url: string,
  signal: AbortSignal,
): Promise<DoorHolder> {
  const port = Number(new URL(url).port || 80)
  const challenge = Buffer.from(clock.random(challengeBytes)).toString('base64url')
  const answer = await ask(new URL(`${proofPath}?challenge=${challenge}`, url), clock, signal)
  if (answer.kind !== 'said') return answer.kind
  const proof = proofIn(answer.text)
  if (proof === undefined) return 'foreign'
  const expected = Buffer.from(proveDoor(secret, port, challenge))
  return timingSafeEqual(Buffer.from(proof), expected) ? 'ours' : 'another'
}

type Said =
  | { readonly kind: 'closed' | 'foreign' }
  | { readonly kind: 'said'; readonly text: string }

/** Fetches a little text. Whoever takes the connection and then says nothing is foreign. */
async function ask(url: URL, clock: Clock, outer: AbortSignal): Promise<Said> {
  const ending = new AbortController()
  const signal = AbortSignal.any([outer, ending.signal])
  let isTaken = false
  void pause(clock, answerMs, signal).then(() => ending.abort())
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      // No agent: nothing of it stays open.
      const request = get(url, { agent: false, signal, maxHeaderSize: 8_192 }, resolve)
      request.on('error', reject)
      request.once('socket', (socket: Socket) => socket.once('connect', () => (isTaken = true)))
    })
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of response) {
      bytes += chunk.length
      if (bytes > answerBytesMax) return { kind: 'foreign' }
      chunks.push(chunk)
    }
    return { kind: 'said', text: Buffer.concat(chunks).toString() }
  } catch {
    return { kind: isTaken ? 'foreign' : 'closed' }
  } finally {
    ending.abort()
  }
}

function proofIn(text: string): string | undefined {
  try {
    const { proof } = JSON.parse(text)
    return typeof proof === 'string' && proofForm.test(proof) ? proof : undefined
  } catch {
    return undefined
  }
}
