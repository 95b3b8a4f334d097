import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSession, untilPeers } from '../sessions.ts'
import { type Figure, median, ms } from './figures.ts'

const links = 8
/** How long nothing is asked of the nodes. */
const quietMs = 30_000
const starts = 15

/** From the start of the process to its answer of `initialize`, one at a time. */
export async function measureStart(scratch: string): Promise<Figure> {
  const times: number[] = []
  for (let round = 0; round < starts; round += 1) {
    const since = performance.now()
    const session = await startSession({ home: join(scratch, 'home'), directory: scratch })
    times.push(performance.now() - since)
    await session.close()
  }
  return {
    what: 'spawn -> `initialize` answered',
    measured: `median of ${starts}: ${ms(median(times))}`,
    target: '<= 400 ms',
    isMet: median(times) <= 400,
  }
}

/** Memory and processor time of nodes that are linked and have nothing to do. */
export async function measureIdle(scratch: string): Promise<Figure | Figure[]> {
  if (process.platform !== 'linux') return []
  const sessions = []
  for (let index = 0; index <= links; index += 1) {
    sessions.push(
      await startSession({
        home: join(scratch, 'home'),
        directory: scratch,
        name: `idle-${index}`,
      }),
    )
  }
  for (const session of sessions) await untilPeers(session, links)
  // The first seconds still belong to the start: announcements, compilation, collection.
  await new Promise((done) => setTimeout(done, 12_000))
  const before = sessions.map(({ pid }) => processorMs(pid))
  await new Promise((done) => setTimeout(done, quietMs))
  const shares = sessions.map(
    ({ pid }, index) => ((processorMs(pid) - (before[index] ?? 0)) / quietMs) * 100,
  )
  const megabytes = sessions.map(({ pid }) => residentMegabytes(pid))
  for (const session of sessions) await session.close()
  const [memory, processor] = [median(megabytes), median(shares)]
  return {
    what: `idle node with ${links} links`,
    measured: `median of ${links + 1}: ${memory.toFixed(0)} MB RSS, ${processor.toFixed(2)} % CPU over ${quietMs / 1_000} s`,
    target: '<= 90 MB, <= 0.5 %',
    isMet: memory <= 90 && processor <= 0.5,
  }
}

/** Processor time of a process so far, by the ticks that Linux counts. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticks = Number(fields[11]) + Number(fields[12])
  return (ticks / Number(execFileSync('getconf', ['CLK_TCK']))) * 1_000
}

function residentMegabytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1_024
}
