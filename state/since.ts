import { MeshError } from './errors.ts'

/** What a report looks back on when nobody says so and no beginning is known. */
const usualMs = 24 * 3_600_000
/** Furthest that it looks back: entries are kept for 30 days, and the newest longer. */
const sinceMaxMs = 3_650 * 24 * 3_600_000

/**
 * The moment from which a report tells, in milliseconds since 1970: an ISO 8601 time, or how long ago
 * (`90m`, `2h`, `3d`). Without one, `beginMs`, else 24 hours ago. Fails with BAD_INPUT.
 */
export function sinceOf(
  text: string | undefined,
  { nowMs, beginMs }: { readonly nowMs: number; readonly beginMs: number },
): number {
  if (text === undefined) return beginMs > 0 && beginMs <= nowMs ? beginMs : nowMs - usualMs
  const ago = /^(\d{1,9})\s*(m|min|h|d)$/.exec(text.trim())
  const units: Readonly<Record<string, number>> = { m: 60_000, min: 60_000, h: 3_600_000 }
  const ms = ago
    ? nowMs - Number(ago[1]) * (units[ago[2] ?? ''] ?? 86_400_000)
    : /^\d{4}-\d{2}-\d{2}/.test(text.trim())
      ? Date.parse(text.trim())
      : Number.NaN
  if (!Number.isNaN(ms) && ms <= nowMs) return Math.max(ms, nowMs - sinceMaxMs)
  throw new MeshError(
    'BAD_INPUT',
    `since is no time in the past: ${JSON.stringify(text.slice(0, 40))}.`,
    {
      hint: 'Use 90m, 2h, 3d, or an ISO 8601 time such as 2026-01-31T09:00:00Z.',
    },
  )
}
