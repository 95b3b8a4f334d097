import { duration } from './durations.ts'
import { type ReportFacts, type Section, said, sectionsOf } from './reportSections.ts'

/** What happened in a group, in Markdown of at most 16,000 characters. Says what it leaves out. */
export function writeReport(facts: ReportFacts): string {
  return [head(facts), ...sectionsOf(facts).map(writeSection)].join('\n\n')
}

function head({ group, sinceMs, nowMs, log }: ReportFacts): string {
  const from = new Date(sinceMs).toISOString()
  const to = new Date(nowMs).toISOString()
  const cut = log.isWhole ? '' : ' Older messages and activity were too many to count.'
  return `# Session report: ${said(group)}\n\nFrom ${from} to ${to}, ${duration(nowMs - sinceMs)}.${cut}`
}

function writeSection({ title, lines, most, more }: Section): string {
  const kept: string[] = []
  let length = 0
  for (const line of lines) {
    length += line.length + 3
    if (length > most) break
    kept.push(`- ${line}`)
  }
  const rest = lines.length - kept.length
  if (lines.length === 0) kept.push('None.')
  if (rest > 0) kept.push(`- … and ${rest} more: see ${more}`)
  return `## ${title}\n\n${kept.join('\n')}`
}
