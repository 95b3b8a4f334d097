import type { Link } from '../../../mesh/link.ts'
import { createSignal } from '../../../mesh/signal.ts'
import type { DeviceId, NodeId } from '../../../state/ids.ts'
import { createPeerId } from '../../../state/ids.ts'

/** A node ID that sorts by its letter. */
export function nodeId(letter: string): NodeId {
  return `0${letter.repeat(25)}` as NodeId
}

/** A link as a test describes it, with what was done to it. */
export interface ToldLink extends Link {
  readonly sent: Parameters<Link['send']>[0][]
  readonly closed: string[]
}

/** What a test wants of a link; the rest is usual. */
export interface LinkWishes {
  readonly node: NodeId
  readonly side?: Link['side']
  readonly remote?: Link['remote']
  readonly loopback?: boolean
  /** Where the other end says that it listens. */
  readonly port?: number
  readonly isAlive?: boolean
  /** More waits for it than it takes. */
  readonly isSlow?: () => boolean
}

/** Makes a link without a wire. */
export function createToldLink(wishes: LinkWishes): ToldLink {
  const { node, side = 'accepted', loopback = false, port = 0, isAlive = true } = wishes
  const { remote = { host: '10.0.0.2', port: 50_000 }, isSlow = () => false } = wishes
  const peer = createPeerId('0abcdefg' as DeviceId, new Uint8Array(5))
  const sent: ToldLink['sent'] = []
  const closed: string[] = []
  return {
    ...{ node, peer, device: '0abcdefg' as DeviceId, side, remote, loopback, sent, closed },
    hello: {
      ...{ kind: 'hello', protocol: [1, 1], mesh: 'mesh', node, peer, role: 'node' },
      ...{ host: '', port, key: '', sig: '' },
    },
    sinceMs: 0,
    bufferedBytes: 0,
    traffic: { bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0 },
    roundTripMs: undefined,
    dropped: createSignal(),
    send: (frame) => void sent.push(frame),
    sendLive(frame) {
      if (!isSlow()) sent.push(frame)
      return !isSlow()
    },
    probe: async () => isAlive,
    close: (reason) => void closed.push(reason),
  }
}
