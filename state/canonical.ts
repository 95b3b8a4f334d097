/** Deepest nesting of a value that is signed or hashed; deeper ones are refused. */
const depthMax = 12

/**
 * One text for one JSON value, whatever the order of its keys, so that a signature or a hash made
 * on one machine holds on every other. Throws RangeError on values that JSON cannot carry.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > depthMax) throw new RangeError('The value is nested too deeply.')
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return JSON.stringify(value)
  }
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item) => canonicalJson(item, depth + 1)).join(',')}]`
  }
  if (typeof value === 'object' && isPlain(value)) {
    // Every record is written so when it is read from disk: as few steps as there can be.
    let fields = ''
    for (const name of Object.keys(value).sort()) {
      const field: unknown = Reflect.get(value, name)
      if (field === undefined) continue
      fields += `${fields === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(field, depth + 1)}`
    }
    return `{${fields}}`
  }
  throw new RangeError('The value is not plain JSON.')
}

/** Whether an object holds its fields itself, as one out of JSON does. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
