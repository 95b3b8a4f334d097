/** One line of the table: what was measured, what came out, and what must be reached. */
export interface Figure {
  readonly what: string
  readonly measured: string
  readonly target: string
  readonly isMet: boolean
}

/** The value below which that part of the samples lies. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** The middle of the samples. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** Milliseconds for people. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`
}

/** The figures as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, measured, target, isMet }) =>
      `| ${what} | ${measured} | ${target} | ${isMet ? 'yes' : 'no'} |`,
  )
  return ['| what | measured | target | met |', '|---|---|---|---|', ...rows].join('\n')
}
