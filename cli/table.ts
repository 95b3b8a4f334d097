import { type Print, plain } from './print.ts'
import { displayWidth, fill, shorten } from './width.ts'

/** A column is never made narrower than this. */
const columnMin = 8
const gap = '  '

/** One column. Cells are neutralised here; `paint` is given each as it will stand. */
export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  /** May be shortened when the terminal is too narrow. */
  readonly flexible?: boolean
  readonly paint?: (text: string, row: number) => string
}

/** Prints a table, its columns aligned by what is seen; those without any content are left out. */
export function printTable(print: Print, all: readonly Column[]): void {
  const columns = all
    .map((column) => ({ ...column, cells: column.cells.map(plain) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''))
  const widths = fitted(columns, print.columns - gap.length)
  const rows = Math.max(0, ...columns.map(({ cells }) => cells.length))
  const titles = columns.map(({ title }, index) => fill(title, widths[index] ?? 0))
  print.line(print.style.dim(gap + titles.join(gap).trimEnd()))
  for (let row = 0; row < rows; row += 1) {
    const cells = columns.map(({ cells, paint = (text) => text }, index) => {
      const width = widths[index] ?? 0
      const cell = shorten(cells[row] ?? '', width)
      const isLast = index === columns.length - 1
      return paint(cell, row) + (isLast ? '' : fill(cell, width).slice(cell.length))
    })
    print.line((gap + cells.join(gap)).trimEnd())
  }
}

/** Prints names and what they stand for, one pair a line. */
export function printPairs(print: Print, pairs: readonly (readonly [string, string])[]): void {
  const width = Math.max(...pairs.map(([name]) => displayWidth(name)))
  for (const [name, value] of pairs) {
    print.line(`${gap}${print.style.dim(fill(name, width))}${gap}${value}`)
  }
}

/** The width of each column: what it needs, and less for the widest flexible ones when that is too much. */
function fitted(columns: readonly Column[], most: number): number[] {
  const widths = columns.map(({ title, cells }) =>
    Math.max(...[title, ...cells].map((text) => displayWidth(text))),
  )
  const total = () => widths.reduce((sum, width) => sum + width + gap.length, -gap.length)
  while (total() > most) {
    const widest = columns.reduce((best, { flexible }, index) => {
      const isWider = (widths[index] ?? 0) > (widths[best] ?? columnMin)
      return flexible && isWider ? index : best
    }, -1)
    if (widest < 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}
