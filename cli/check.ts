import { toMeshError } from '../state/errors.ts'

/** What one check found, and the one step that mends it. */
export interface Finding {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly text: string
  readonly fix?: string
}

/** All is well. */
export function ok(name: string, text: string): Finding {
  return { name, level: 'ok', text }
}

/** Something to know about; the mesh works all the same. */
export function warn(name: string, text: string, fix: string): Finding {
  return { name, level: 'warn', text, fix }
}

/** Something that keeps the mesh from working. */
export function fail(name: string, text: string, fix: string): Finding {
  return { name, level: 'fail', text, fix }
}

/** What a refusal tells, as a finding. */
export function failedWith(name: string, thrown: unknown): Finding {
  const { message, hint } = toMeshError(thrown)
  return { name, level: 'fail', text: message, ...(hint === undefined ? {} : { fix: hint }) }
}
