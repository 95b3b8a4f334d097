/** Items worked on together at most, so that the first of them does not wait long. */
const itemsMax = 256

/** Hands items over in groups; resolves when the item's group is done, rejects when the group failed. */
export type Gathering<Item> = (item: Item) => Promise<void>

/**
 * Works on what arrives: at once when idle, and on all that came meanwhile when the last work is
 * done, so that many small items cost as little as one large one. Groups never overlap.
 */
export function createGathering<Item>(
  work: (items: readonly Item[]) => Promise<void>,
): Gathering<Item> {
  const waiting: { readonly item: Item; resolve(): void; reject(thrown: unknown): void }[] = []
  let isWorking = false

  async function drain(): Promise<void> {
    isWorking = true
    // What arrives within the same tick belongs to the first group.
    await Promise.resolve()
    while (waiting.length > 0) {
      const group = waiting.splice(0, itemsMax)
      try {
        await work(group.map(({ item }) => item))
        for (const { resolve } of group) resolve()
      } catch (thrown) {
        for (const { reject } of group) reject(thrown)
      }
    }
    isWorking = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isWorking) void drain()
    })
}
