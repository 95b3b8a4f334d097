import { createHash } from 'node:crypto'
import type { MeshWorld, Seat } from './meshWorld.ts'

/** Every mark begins so; nothing else in a world does. */
const sign = 'zq7x'
const markPattern = new RegExp(`${sign}[a-z0-9]{20}`, 'g')

/** Marks what is said in sealed groups, and watches where it gets. */
export interface Marks {
  /** A mark for something said in a group. */
  of(group: string): string
  /** A mark for the name of a group that is to be made: `known` says which it became. */
  forName(): { readonly mark: string; readonly known: (group: string) => void }
  /** From now on a peer may hear what is and was said in a group. */
  admit(seat: Seat, group: string): void
  /** From now on everybody may hear what a group is called. */
  open(group: string): void
  /** What reached sessions that never were in its group, and what they hold. */
  leaks(): readonly string[]
  /** How many marked texts were made, and how many times one reached a session. */
  counts(): { readonly made: number; readonly heard: number }
}

interface Marked {
  group: string | undefined
  readonly isName: boolean
}

/** Marks and watches from the beginning of a world. */
export function createMarks(world: MeshWorld): Marks {
  const markedByMark = new Map<string, Marked>()
  const admitted = new Map<Seat, Set<string>>()
  const opened = new Set<string>()
  const found = new Set<string>()
  /** What cannot be judged before it is known which group a name is of. */
  const open: { seat: Seat; marked: Marked; admitted: ReadonlySet<string> }[] = []
  const isSession = (seat: Seat) => world.seats.includes(seat)
  let heard = 0

  function make(marked: Marked): string {
    const hash = createHash('sha256').update(`${markedByMark.size} ${world.seats[0]?.peer}`)
    const mark = sign + hash.digest('hex').slice(0, 20)
    markedByMark.set(mark, marked)
    return mark
  }

  function meet(seat: Seat, text: string, where: string): void {
    for (const mark of text.match(markPattern) ?? []) {
      const marked = markedByMark.get(mark)
      const own = admitted.get(seat) ?? new Set()
      heard += 1
      if (!marked) found.add(`${seat.host} ${where} ${mark}, which nobody made`)
      else if (marked.group === undefined) open.push({ seat, marked, admitted: new Set(own) })
      else if (!isKnown(marked, own)) found.add(`${seat.host} ${where} ${nameOf(marked)}`)
    }
  }

  function isKnown({ group = '', isName }: Marked, own: ReadonlySet<string>): boolean {
    return own.has(group) || (isName && opened.has(group))
  }

  world.onFrame((seat, frame) => {
    if (!isSession(seat)) return
    if (frame.includes(sign)) meet(seat, frame, 'hears')
    const update = /"update":"([^"]*)"/.exec(frame)?.[1]
    if (update === undefined) return
    const text = Buffer.from(update, 'base64').toString('latin1')
    if (text.includes(sign)) meet(seat, text, 'is sent an update with')
  })

  return {
    of: (group) => make({ group, isName: false }),
    forName() {
      const marked: Marked = { group: undefined, isName: true }
      return {
        mark: make(marked),
        known(group) {
          marked.group = group
        },
      }
    },
    admit: (seat, group) => void admitted.set(seat, (admitted.get(seat) ?? new Set()).add(group)),
    open: (group) => void opened.add(group),
    counts: () => ({ made: markedByMark.size, heard }),
    leaks() {
      for (const { seat, marked, admitted: own } of open.splice(0)) {
        if (marked.group === undefined || isKnown(marked, own)) continue
        found.add(`${seat.host} hears what ${marked.group} is called`)
      }
      for (const seat of world.seats) {
        for (const [, value] of seat.disk.range('', '~')) {
          const text = Buffer.from(value).toString('latin1')
          if (text.includes(sign)) meet(seat, text, 'holds')
        }
      }
      return [...found]
    },
  }
}

function nameOf({ group, isName }: Marked): string {
  return isName ? `what ${group} is called` : `what was said in ${group}`
}
