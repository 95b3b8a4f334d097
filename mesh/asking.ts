import type { Document } from '../state/document.ts'
import type { Clock } from './clock.ts'
import type { Link } from './link.ts'

/** Links that are asked for one document at once. */
const askedMax = 2
/** A link that has not answered within this time holds up nobody else. */
const patienceMs = 2_000

/** What asking needs. */
export interface AskingDeps {
  readonly clock: Clock
  /** Asks a link for what we lack of a document. */
  readonly ask: (link: Link, document: Document) => void
}

/**
 * Asks for what others have of documents. A newcomer that meets a hundred nodes is offered the same
 * by all of them: two are asked, and of the others only those that have more even then.
 */
export interface Asking {
  /** A link has something else than we have, by its hash. */
  differs(link: Link, document: Document, hash: string): void
  /** A link has sent what we lacked, and it has been taken in. */
  answered(link: Link, document: Document): void
  /** Whether anything that a link has is still to be asked for, or on its way. */
  isOpen(link: Link): boolean
  ended(link: Link): void
}

interface Queue {
  readonly document: Document
  /** Asked and not answered yet, each with what ends the patience for it. */
  readonly asked: Map<Link, () => void>
  /** To be asked, with the hash of what they have. */
  readonly waiting: Map<Link, string>
}

/** Makes the asking of a node. */
export function createAsking({ clock, ask }: AskingDeps): Asking {
  const queues = new Map<string, Queue>()

  function queueOf(document: Document): Queue {
    const known = queues.get(document.name)
    const queue = known ?? { document, asked: new Map(), waiting: new Map() }
    queues.set(document.name, queue)
    return queue
  }

  function goOn(queue: Queue): void {
    const { document, asked, waiting } = queue
    for (const [link, hash] of waiting) {
      // By now somebody else may have brought it.
      if (hash === document.hash()) waiting.delete(link)
      else if (asked.size < askedMax && !asked.has(link)) {
        waiting.delete(link)
        const cancel = clock.after(patienceMs, () => done(queue, link))
        asked.set(link, cancel)
        ask(link, document)
      }
    }
  }

  function done(queue: Queue, link: Link): void {
    queue.asked.get(link)?.()
    queue.asked.delete(link)
    goOn(queue)
  }

  return {
    differs(link, document, hash) {
      const queue = queueOf(document)
      queue.waiting.set(link, hash)
      goOn(queue)
    },

    answered: (link, document) => done(queueOf(document), link),

    isOpen: (link) =>
      [...queues.values()].some(({ asked, waiting }) => asked.has(link) || waiting.has(link)),

    ended(link) {
      for (const queue of queues.values()) {
        queue.waiting.delete(link)
        if (queue.asked.has(link)) done(queue, link)
      }
    },
  }
}
