import { expect, onTestFinished } from 'vitest'
import { until } from '../sessions.ts'
import { createPlace, type LanSession, type Place } from './sites.ts'

/** How long whole nodes may take to come to what is promised, on a busy machine. */
const patienceMs = 45_000

/** A place that is gone after the test. */
export async function openPlace(machines: number): Promise<Place> {
  const place = await createPlace(machines)
  onTestFinished(place.stop)
  return place
}

/** Waits until what is asked for is as expected; fails with the difference. */
export async function becomes<Value>(
  look: () => Promise<Value>,
  expected: NoInfer<Value>,
  capMs = patienceMs,
): Promise<void> {
  let last: Value | undefined
  try {
    await until(async () => {
      last = await look()
      return JSON.stringify(last) === JSON.stringify(expected)
    }, capMs)
  } catch {
    expect(last).toEqual(expected)
  }
}

/** Waits until all of these agree on who is there: they, each by a name of its own, and nobody else. */
export async function allSeeAll(
  sessions: readonly LanSession[],
  capMs = patienceMs,
): Promise<void> {
  async function seenBy(session: LanSession): Promise<string> {
    const { self, peers } = await session.call('list_peers')
    return [self, ...peers]
      .map(({ id, name }) => `${name} ${id.slice(0, 4)}`)
      .sort()
      .join(', ')
  }
  let views: string[] = []
  async function look(): Promise<boolean> {
    views = await Promise.all(sessions.map(seenBy))
    const names = views[0]?.split(', ').map((who) => who.split(' ')[0]) ?? []
    return new Set(views).size === 1 && new Set(names).size === sessions.length
  }
  await until(look, capMs).catch(() => expect(views).toEqual('one view of all'))
}

/** Waits until a session has read all of these, and proves that it got each of them once. */
export async function hasHeard(session: LanSession, said: readonly string[]): Promise<void> {
  await becomes(async () => [...(await session.read())].sort(), [...said].sort())
  // The next call is what proves that the answer before it was seen.
  await session.name()
}

/** From each of these to each on another machine: one message, which arrives. */
export async function allReachAll(sessions: readonly LanSession[], topic: string): Promise<void> {
  const names = await Promise.all(sessions.map((session) => session.name()))
  const said = new Map<LanSession, string[]>()
  for (const [from, session] of sessions.entries()) {
    for (const [to, other] of sessions.entries()) {
      if (session.site === other.site) continue
      const text = `${topic}: ${names[from]} to ${names[to]}`
      await session.say(names[to] ?? '', text)
      said.set(other, [...(said.get(other) ?? []), text])
    }
  }
  await Promise.all(
    sessions.map((session) =>
      until(async () => {
        const heard = await session.read()
        return (said.get(session) ?? []).every((text) => heard.includes(text))
      }, patienceMs),
    ),
  )
}
