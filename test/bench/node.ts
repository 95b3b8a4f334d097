import { environmentOf } from '../../mesh/environment.ts'
import { openMesh } from '../../mesh/open.ts'

/** What the bench tells a node process. */
export type Order =
  | { readonly kind: 'send'; readonly to: string; readonly count: number; readonly window: number }
  | { readonly kind: 'stop' }

/** What a node process tells the bench. `at` is milliseconds since 1970, with a fraction. */
export type Report =
  | { readonly kind: 'joined'; readonly peer: string }
  | { readonly kind: 'linked'; readonly at: number }
  | { readonly kind: 'received'; readonly count: number; readonly at: number }
  | { readonly kind: 'sent'; readonly count: number }

/** Messages after which what was received is marked as seen, as a reader would. */
const readEvery = 250

const mesh = await openMesh(environmentOf(process), {
  version: '0.0.0',
  projectDirectory: process.cwd(),
  session: String(process.argv[2]),
  writeLog: (line) => void process.stderr.write(line),
  leave: () => process.exit(0),
})
let received = 0
let unread: string[] = []

function tell(report: Report): void {
  process.send?.(report)
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

mesh.watch(({ kind }) => {
  if (kind === 'joined') tell({ kind: 'linked', at: now() })
})
mesh.inbox.onArrival((message) => {
  received += 1
  unread.push(message.id)
  tell({ kind: 'received', count: received, at: now() })
  if (unread.length < readEvery) return
  void mesh.inbox.markSeen(unread)
  unread = []
})

async function send({ to, count, window }: Extract<Order, { kind: 'send' }>): Promise<void> {
  let next = 0
  async function sendSome(): Promise<void> {
    while (next < count) {
      next += 1
      await mesh.send({ to, message: `message ${next} of ${count}: ${'x'.repeat(200)}` })
    }
  }
  await Promise.all(Array.from({ length: window }, sendSome))
  tell({ kind: 'sent', count })
}

process.on('message', (order: Order) => {
  if (order.kind === 'send') void send(order)
  else void mesh.stop('the bench is over').then(() => process.exit(0))
})
await mesh.start()
tell({ kind: 'joined', peer: mesh.peer })
