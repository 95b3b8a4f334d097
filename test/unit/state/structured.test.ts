import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../state/canonical.ts'
import { MeshError } from '../../../state/errors.ts'
import { directScope, isGenuine, entry as readEntry, signEntry } from '../../../state/feeds.ts'
import type { ObjectId } from '../../../state/ids.ts'
import {
  carriedFields,
  createStructured,
  readStructured,
  structuredInput,
  structuredType,
  writeStructured,
} from '../../../state/structured.ts'
import { person, verify } from './people.ts'

const complete = {
  question: { question: 'Which port?', expected_format: 'a number' },
  decision: { decision: 'Port 80', rationale: 'It is free.' },
  context_share: { summary: 'The parser is done.' },
  review_request: { file_path: 'src/a.ts', description: 'Look at the loop.' },
  handoff: {
    work_completed: 'The parser',
    remaining_work: 'The printer',
    files_modified: ['a.ts', 'b.ts'],
    decisions_made: [],
  },
} as const

const create = (given: object) => createStructured(structuredInput.parse(given))

function refusalOf(given: object): string {
  try {
    create(given)
  } catch (thrown) {
    return thrown instanceof MeshError ? `${thrown.code} ${thrown.message}` : 'another error'
  }
  return 'nothing was refused'
}

describe('a structured message', () => {
  it.each(structuredType.options)(
    '%s is refused without any one of its fields, which is named',
    (type) => {
      expect(create({ type, ...complete[type] })).toEqual({ type, ...complete[type] })
      for (const name of Object.keys(complete[type])) {
        const { [name]: _left, ...rest }: Record<string, unknown> = complete[type]
        expect(refusalOf({ type, ...rest })).toBe(`BAD_INPUT A ${type} needs ${name}.`)
      }
      const names = Object.keys(complete[type]).join(', ')
      expect(refusalOf({ type })).toBe(`BAD_INPUT A ${type} needs ${names}.`)
    },
  )

  it('has no fields of another type', () => {
    expect(refusalOf({ type: 'question', ...complete.question, rationale: 'x' })).toBe(
      'BAD_INPUT A question has no rationale.',
    )
  })

  it.each(['from', 'from_id', 'context_snapshot', 'kind', '__proto__x'])('has no %s', (name) => {
    const given = { type: 'context_share', ...complete.context_share, [name]: 'operator' }
    expect(structuredInput.safeParse(given).success).toBe(false)
  })

  it.each([
    ['a text where a list belongs', { files_modified: 'a.ts' }],
    ['a list where a text belongs', { work_completed: ['x'] }],
    ['an empty text', { remaining_work: '  ' }],
    ['too many items', { files_modified: Array(201).fill('x') }],
  ])('takes no %s', (_name, changed) => {
    const given = { type: 'handoff', ...complete.handoff, ...changed }
    expect(structuredInput.safeParse(given).success).toBe(false)
  })

  it('reads well', () => {
    expect(
      writeStructured(create({ type: 'question', ...complete.question, context: 'We test.' })),
    ).toBe('**Question:** Which port?\n**Expected format:** a number\n**Context:** We test.')
    expect(
      writeStructured(create({ type: 'decision', ...complete.decision, rejected: ['81', '82'] })),
    ).toBe('**Decision:** Port 80\n**Rationale:** It is free.\n**Rejected:**\n- 81\n- 82')
    expect(
      writeStructured(
        create({ type: 'context_share', ...complete.context_share, files: ['a.ts'] }),
      ),
    ).toBe('**Context:** The parser is done.\n**Files:** a.ts')
    expect(writeStructured(create({ type: 'review_request', ...complete.review_request }))).toBe(
      '**Review request:** src/a.ts\n**Description:** Look at the loop.',
    )
    expect(
      writeStructured(create({ type: 'handoff', ...complete.handoff, blockers: ['none'] })),
    ).toBe(
      '**Handoff**\n**Completed:** The parser\n**Remaining:** The printer\n' +
        '**Files modified:**\n- a.ts\n- b.ts\n**Decisions made:** none\n**Blockers:** none',
    )
  })
})

describe('fields in an entry', () => {
  const [ann, bob] = [person(1), person(2)]

  function entryWith(fields: unknown) {
    const draft = {
      scope: directScope(ann.peer, bob.peer),
      id: ann.node as unknown as ObjectId,
      group: 'lobby',
      kind: 'message' as const,
      to: [bob.peer],
      body: { text: 'said', hops: 0, fields: carriedFields.parse(fields) },
    }
    return signEntry(draft, { peer: ann.peer, node: ann.node, seq: 1, at: 1 }, ann.signer)
  }

  it('are signed with it, and are still the same on the other side', () => {
    const sent = entryWith({ type: 'handoff', ...complete.handoff })
    const received = readEntry.parse(JSON.parse(JSON.stringify(sent)))
    expect(isGenuine(received, verify)).toBe(true)
    expect(received.body).toEqual(sent.body)
    const changed = { ...received, body: { ...received.body, fields: { type: 'question' } } }
    expect(isGenuine(readEntry.parse(changed), verify)).toBe(false)
  })

  it('of a kind that is not known here are carried, and not read', () => {
    const received = readEntry.parse(
      JSON.parse(JSON.stringify(entryWith({ type: 'song', verse: 'la' }))),
    )
    expect(isGenuine(received, verify)).toBe(true)
    expect(readStructured({ type: 'song', verse: 'la' })).toBeUndefined()
    expect(canonicalJson(received.body)).toContain('"verse":"la"')
  })

  it.each([
    ['an object in a field', { a: {} }],
    ['a number', { a: 1 }],
    ['too many fields', Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`f${n}`, 'x']))],
    ['a list that is too long', { a: Array(201).fill('x') }],
  ])('are not %s', (_name, fields) => {
    expect(carriedFields.safeParse(fields).success).toBe(false)
  })

  it('are read only when complete', () => {
    expect(readStructured({ type: 'question', ...complete.question })).toMatchObject(
      complete.question,
    )
    expect(readStructured({ type: 'question', question: 'Which?' })).toBeUndefined()
    expect(readStructured(undefined)).toBeUndefined()
  })
})
