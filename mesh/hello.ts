import { canonicalJson } from '../state/canonical.ts'
import { MeshError } from '../state/errors.ts'
import { deviceOf, ownsPeer, type Signer, type Verify } from '../state/signatures.ts'
import type { Clock } from './clock.ts'
import { type Hello, parseHello, protocolVersions } from './frames.ts'
import { helloBytesMax, type Wire } from './network.ts'

/** Both hellos must be there within this time. */
const helloMs = 3_000

/** What an end says of itself, before it is signed. */
export type Introduction = Omit<Hello, 'kind' | 'protocol' | 'key' | 'sig'>

/** What shaking hands needs. */
export interface HelloDeps {
  readonly clock: Clock
  readonly signer: Signer
  readonly verify: Verify
}

/** A wire whose both ends have introduced themselves; frames that follow wait until it is opened. */
export interface Acquaintance {
  readonly hello: Hello
  /** Hands over what arrives from now on, beginning with what arrived meanwhile. */
  open(events: { frame(text: string): void; closed(reason: string): void }): void
}

/**
 * Exchanges hellos over a fresh wire. Rejects with MeshError REFUSED or UNREACHABLE, and closes
 * the wire with the reason, when the other end does not say a valid one in time.
 */
export function shakeHands(
  wire: Wire,
  introduction: Introduction,
  deps: HelloDeps,
): Promise<Acquaintance> {
  return new Promise((resolve, reject) => {
    const waiting: string[] = []
    let events: Parameters<Acquaintance['open']>[0] | undefined
    let closedReason: string | undefined
    let isDone = false
    // A busy process looks at its timers before it looks at what has arrived meanwhile.
    let cancel = deps.clock.after(helloMs, () => {
      cancel = deps.clock.after(1, () => refuse('no hello in time'))
    })

    function refuse(reason: string): void {
      isDone = true
      cancel()
      wire.close(reason)
      reject(new MeshError('REFUSED', `The link was refused: ${reason}.`))
    }

    function open(next: NonNullable<typeof events>): void {
      events = next
      for (const text of waiting.splice(0)) next.frame(text)
      if (closedReason !== undefined) next.closed(closedReason)
    }

    wire.open({
      frame(text) {
        if (events) return events.frame(text)
        if (isDone) return void waiting.push(text)
        const checked = checkHello(text, wire, { ...deps, introduction })
        if (typeof checked === 'string') return refuse(checked)
        isDone = true
        cancel()
        resolve({ hello: checked, open })
      },
      closed(reason) {
        cancel()
        closedReason = reason
        events?.closed(reason)
        if (!isDone)
          reject(
            new MeshError('UNREACHABLE', 'The link ended before the hello.', { cause: reason }),
          )
      },
    })
    wire.send(JSON.stringify(signHello(wire, introduction, deps.signer)))
  })
}

/** The hello of one end of a wire. */
export function signHello(wire: Wire, introduction: Introduction, signer: Signer): Hello {
  const unsigned = {
    kind: 'hello' as const,
    protocol: [...protocolVersions] as [number, number],
    ...introduction,
    key: signer.key,
  }
  return { ...unsigned, sig: signer.sign(signedText(unsigned, wire.binding, wire.side)) }
}

/**
 * Checks a first frame. A hello of another connection (replay) or of our own (reflection) fails,
 * because the signature covers this connection's exporter and which end speaks.
 */
function checkHello(
  text: string,
  wire: Wire,
  own: HelloDeps & { readonly introduction: Introduction },
): Hello | string {
  if (wire.isOutdated) return 'old mesh key'
  if (Buffer.byteLength(text) > helloBytesMax) return 'hello too long'
  const parsed = parseHello(text)
  if (!parsed) return 'not a hello'
  const speaker = wire.side === 'dialled' ? 'accepted' : 'dialled'
  const [oldest, newest] = parsed.protocol
  if (oldest > protocolVersions[1] || newest < protocolVersions[0]) return 'no common version'
  if (parsed.mesh !== own.introduction.mesh) return 'another mesh'
  if (!own.verify(parsed.key, signedText(parsed, wire.binding, speaker), parsed.sig)) {
    return 'hello not signed for this link'
  }
  if (parsed.node === own.introduction.node) return 'own node'
  if (!ownsPeer(deviceOf(parsed.key), parsed.peer)) return 'peer of another device'
  const isOwnDevice = parsed.key === own.signer.key
  const isControl = parsed.role === 'control' || own.introduction.role === 'control'
  if (isControl && !(wire.loopback && isOwnDevice)) return 'control only from this device'
  return parsed
}

function signedText(unsigned: Omit<Hello, 'sig'>, binding: Uint8Array, side: Wire['side']): string {
  const { protocol, mesh, node, peer, role, host, port, key } = unsigned
  const place = [Buffer.from(binding).toString('base64url'), side]
  return canonicalJson(['hello', ...place, protocol, mesh, node, peer, role, host, port, key])
}
