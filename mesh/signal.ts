/** Something that others want to hear of. A listener that throws does not keep the next from hearing. */
export interface Signal<Event> {
  emit(event: Event): void
  /** Calls back for every event until the answer is called. */
  listen(listener: (event: Event) => void): () => void
}

/** Makes a signal. What a listener throws is collected and thrown after all have heard. */
export function createSignal<Event>(): Signal<Event> {
  const listeners = new Set<(event: Event) => void>()
  return {
    emit(event) {
      const failures: unknown[] = []
      for (const listener of [...listeners]) {
        try {
          listener(event)
        } catch (thrown) {
          failures.push(thrown)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
