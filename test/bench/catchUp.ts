import { type Figure, median, ms } from './figures.ts'
import { startNode } from './nodes.ts'

const entries = 100_000
const behind = 100
const rounds = 7
const window = 512

/** A scope of 100,000 entries; its reader comes back and lacks the last hundred. */
export async function measureCatchUp(scratch: string): Promise<Figure> {
  const ann = await startNode(scratch, 'ann')
  let bob = await startNode(scratch, 'bob')
  await ann.until('linked')
  ann.order({ kind: 'send', to: bob.peer, count: entries, window })
  await bob.until('received', (report) => report.count >= entries)
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    await bob.stop()
    const sent = ann.reports.filter(({ kind }) => kind === 'sent').length
    ann.order({ kind: 'send', to: bob.peer, count: behind, window })
    await ann.until('sent', () => ann.reports.filter(({ kind }) => kind === 'sent').length > sent)
    bob = await startNode(scratch, 'bob')
    const { at } = await bob.until('received', (report) => report.count >= behind)
    times.push(at - (await bob.until('linked')).at)
  }
  await Promise.all([ann.stop(), bob.stop()])
  return {
    what: '100k entries in one scope, peer 100 behind: link up -> all 100 on disk and in the inbox',
    measured: `median of ${rounds}: ${ms(median(times))}`,
    target: '<= 50 ms',
    isMet: median(times) <= 50,
  }
}
