/** Bytes by ASCII key, in the order of the keys. */
export interface SortedMap {
  get(key: string): Uint8Array | undefined
  set(key: string, value: Uint8Array): void
  delete(key: string): void
  /** A fresh list of all pairs from `from` (inclusive) to `to` (exclusive). */
  range(from: string, to: string): [key: string, value: Uint8Array][]
  clone(): SortedMap
}

/** Makes a map with these pairs. */
export function createSortedMap(pairs: Iterable<readonly [string, Uint8Array]> = []): SortedMap {
  const valuesByKey = new Map<string, Uint8Array>(pairs)
  /** Sorted only when somebody asks for a range after a new key came. */
  let keys: string[] | undefined

  /** The first place whose key is not before the given one. */
  function place(sorted: readonly string[], key: string): number {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    get: (key) => valuesByKey.get(key),
    set(key, value) {
      if (!valuesByKey.has(key)) keys = undefined
      valuesByKey.set(key, value)
    },
    delete(key) {
      if (valuesByKey.delete(key)) keys = undefined
    },
    range(from, to) {
      keys ??= [...valuesByKey.keys()].sort()
      return keys.slice(place(keys, from), place(keys, to)).flatMap((key) => {
        const value = valuesByKey.get(key)
        return value ? [[key, value]] : []
      })
    },
    clone: () => createSortedMap(valuesByKey),
  }
}
