import { z } from 'zod'
import { MeshError } from './errors.ts'

/** Most items of a list, and the longest of them in characters. */
const listMax = { items: 200, characters: 4_096 } as const
/** Most fields that an entry carries. */
const fieldsMax = 24

const text = z.string().trim().min(1).max(65_536)
const list = z.array(z.string().trim().min(1).max(listMax.characters)).max(listMax.items)

/** What a message of each type has to say. */
const requiredByType = {
  question: { question: text, expected_format: text },
  decision: { decision: text, rationale: text },
  context_share: { summary: text },
  review_request: { file_path: text, description: text },
  handoff: {
    work_completed: text,
    remaining_work: text,
    files_modified: list,
    decisions_made: list,
  },
} as const

/** What a message of any type may say beside that. */
const optionalFields = {
  context: text,
  rejected: list,
  files: list,
  constraints: list,
  current_task: text,
  acceptance_criteria: text,
  blockers: list,
} as const

/** The types of structured messages. */
export const structuredType = z.enum([
  'question',
  'decision',
  'context_share',
  'review_request',
  'handoff',
])
/** One of the types. */
export type StructuredType = z.infer<typeof structuredType>

const allFields = {
  ...requiredByType.question,
  ...requiredByType.decision,
  ...requiredByType.context_share,
  ...requiredByType.review_request,
  ...requiredByType.handoff,
  ...optionalFields,
}

/** A type and its fields, all of which may be absent; `createStructured` says what is missing. */
export const structuredInput = z.strictObject({
  type: structuredType,
  ...z.object(allFields).partial().shape,
})

/** The fields of a structured message, beside the text that was made of them. */
export interface Structured extends Readonly<Record<string, string | readonly string[]>> {
  readonly type: StructuredType
}

/**
 * Fields as an entry carries them. Whatever stands there is kept, since the entry's signature covers
 * it; `readStructured` says whether it is a structured message.
 */
export const carriedFields = z
  .record(
    z.string().max(64),
    z.union([
      z.string().max(65_536),
      z.array(z.string().max(listMax.characters)).max(listMax.items),
    ]),
  )
  .refine((fields) => Object.keys(fields).length <= fieldsMax)

const titles: Readonly<Record<StructuredType, string>> = {
  question: 'Question',
  decision: 'Decision',
  context_share: 'Context',
  review_request: 'Review request',
  handoff: 'Handoff',
}

/** What stands before a field. For one that is not here the title of the message speaks. */
const labels: ReadonlyMap<string, string> = new Map([
  ['expected_format', 'Expected format'],
  ['rationale', 'Rationale'],
  ['description', 'Description'],
  ['work_completed', 'Completed'],
  ['remaining_work', 'Remaining'],
  ['files_modified', 'Files modified'],
  ['decisions_made', 'Decisions made'],
  ['context', 'Context'],
  ['rejected', 'Rejected'],
  ['files', 'Files'],
  ['constraints', 'Constraints'],
  ['current_task', 'Current task'],
  ['acceptance_criteria', 'Acceptance criteria'],
  ['blockers', 'Blockers'],
])

/** Checks what was given. Fails with BAD_INPUT naming each field that is missing or of another type. */
export function createStructured(given: z.output<typeof structuredInput>): Structured {
  const { type } = given
  const required = Object.keys(requiredByType[type])
  const present = Object.entries(given).filter(([, value]) => value !== undefined)
  const names = new Set(present.map(([name]) => name))
  const missing = required.filter((name) => !names.has(name))
  if (missing.length > 0) {
    throw new MeshError('BAD_INPUT', `A ${type} needs ${missing.join(', ')}.`, {
      hint: `Call send_structured again with ${missing.length === 1 ? 'it' : 'them'}.`,
    })
  }
  const allowed = new Set(['type', ...required, ...Object.keys(optionalFields)])
  const foreign = [...names].filter((name) => !allowed.has(name))
  if (foreign.length > 0) {
    throw new MeshError('BAD_INPUT', `A ${type} has no ${foreign.join(', ')}.`, {
      hint: 'Say it in context, or choose the type that has it.',
    })
  }
  return { ...Object.fromEntries(present), type }
}

/** Reads the fields of an entry; undefined when they are not those of a structured message. */
export function readStructured(carried: unknown): Structured | undefined {
  const parsed = structuredInput.safeParse(carried)
  if (!parsed.success) return undefined
  try {
    return createStructured(parsed.data)
  } catch {
    return undefined
  }
}

/** The message as its recipient reads it, in Markdown. */
export function writeStructured(message: Structured): string {
  const { type } = message
  const names = [...Object.keys(requiredByType[type]), ...Object.keys(optionalFields)]
  const lines = names.flatMap((name) => {
    const value = message[name]
    return value === undefined ? [] : [writeField(labels.get(name) ?? titles[type], value)]
  })
  const [first] = names
  const isTitled = first !== undefined && !labels.has(first)
  return (isTitled ? lines : [`**${titles[type]}**`, ...lines]).join('\n')
}

function writeField(label: string, value: string | readonly string[]): string {
  if (typeof value === 'string') return `**${label}:** ${value}`
  const [only, ...more] = value
  if (only === undefined) return `**${label}:** none`
  return more.length === 0
    ? `**${label}:** ${only}`
    : [`**${label}:**`, ...value.map((item) => `- ${item}`)].join('\n')
}
