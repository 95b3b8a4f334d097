import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order, Report } from './node.ts'

/** A node process of the bench. */
export interface BenchNode {
  readonly peer: string
  readonly reports: readonly Report[]
  order(order: Order): void
  /** Resolves with the first report, past or coming, that fits. */
  until<Kind extends Report['kind']>(
    kind: Kind,
    fits?: (report: Extract<Report, { kind: Kind }>) => boolean,
  ): Promise<Extract<Report, { kind: Kind }>>
  stop(): Promise<void>
}

/** Starts a node process; the same name in the same home gets the same seat. */
export async function startNode(home: string, name: string): Promise<BenchNode> {
  const child = fork(join(import.meta.dirname, 'node.ts'), [name], {
    cwd: home,
    env: { PATH: process.env['PATH'], MESH_HOME: join(home, 'state'), MESH_BRAKES: 'off' },
  })
  const reports: Report[] = []
  const listeners = new Set<() => void>()
  child.on('message', (report: Report) => {
    reports.push(report)
    for (const listener of [...listeners]) listener()
  })

  const node: Omit<BenchNode, 'peer'> = {
    reports,
    order: (order) => void child.send(order),
    until(kind, fits = () => true) {
      return new Promise((resolve) => {
        let next = 0
        function look(): void {
          for (; next < reports.length; next += 1) {
            const report = reports[next]
            if (!isKind(report, kind) || !fits(report)) continue
            listeners.delete(look)
            return resolve(report)
          }
        }
        listeners.add(look)
        look()
      })
    },
    async stop() {
      child.send({ kind: 'stop' } satisfies Order)
      await once(child, 'exit')
    },
  }
  const { peer } = await node.until('joined')
  return { ...node, peer }
}

function isKind<Kind extends Report['kind']>(
  report: Report | undefined,
  kind: Kind,
): report is Extract<Report, { kind: Kind }> {
  return report?.kind === kind
}
