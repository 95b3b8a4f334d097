import type { Socket } from 'node:net'

/** Connections of one doorway. */
export const visitorsMax = 256

/** Who is inside: everybody who has connected, and whether he is being answered. */
export interface Visitors {
  /** Somebody has connected. */
  enter(socket: Socket): void
  /** He asks something; what this returns is to be called once he has his answer. */
  asks(socket: Socket): () => void
  /** Ends all connections at once. */
  showOut(): void
}

/**
 * Keeps the connections of a doorway few. When one too many comes, the oldest makes room that asks
 * nothing just now: whoever only holds connections keeps nobody else out.
 */
export function createVisitors(): Visitors {
  const questionsBySocket = new Map<Socket, number>()

  function oldestIdle(): Socket | undefined {
    for (const [socket, questions] of questionsBySocket) if (questions === 0) return socket
    return undefined
  }

  function count(socket: Socket, change: number): void {
    const before = questionsBySocket.get(socket)
    if (before !== undefined) questionsBySocket.set(socket, before + change)
  }

  return {
    enter(socket) {
      if (questionsBySocket.size >= visitorsMax) {
        const leaving = oldestIdle() ?? socket
        leaving.destroy()
        questionsBySocket.delete(leaving)
        if (leaving === socket) return
      }
      questionsBySocket.set(socket, 0)
      socket.once('close', () => questionsBySocket.delete(socket))
    },

    asks(socket) {
      count(socket, 1)
      return () => count(socket, -1)
    },

    showOut() {
      for (const socket of questionsBySocket.keys()) socket.destroy()
    },
  }
}
