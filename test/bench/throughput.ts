import type { Figure } from './figures.ts'
import { startNode } from './nodes.ts'

const count = 12_000
const warmUp = 2_000
/** Messages on their way at once. */
const window = 512

/** Durable messages of one pair: on the sender's disk, then on the recipient's, in its inbox. */
export async function measureThroughput(scratch: string): Promise<Figure> {
  const [ann, bob] = [await startNode(scratch, 'ann'), await startNode(scratch, 'bob')]
  await ann.until('linked')
  ann.order({ kind: 'send', to: bob.peer, count: warmUp, window })
  await bob.until('received', (report) => report.count >= warmUp)
  const since = performance.now()
  ann.order({ kind: 'send', to: bob.peer, count, window })
  await bob.until('received', (report) => report.count >= warmUp + count)
  const perSecond = (count / (performance.now() - since)) * 1_000
  await Promise.all([ann.stop(), bob.stop()])
  return {
    what: `durable messages per second, one pair, brakes off, ${window} under way`,
    measured: `${Math.round(perSecond).toLocaleString('en')} / s`,
    target: '>= 3,000 / s',
    isMet: perSecond >= 3_000,
  }
}
