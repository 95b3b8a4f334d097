import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type Clock, every, pause } from '../../mesh/clock.ts'

/** A clock, and a way to let its time pass. */
export interface ClockRig {
  readonly clock: Clock
  /** Lets at least so much time pass. */
  run(ms: number): Promise<void>
}

/** Timers of an operating system may be early by less than their own resolution. */
const earlyMs = 1
const daysMs = 24 * 60 * 60 * 1_000

/** The promises of a `Clock`, whatever its time is made of. */
export function clockContract(name: string, create: () => ClockRig): void {
  describe(`the clock contract, ${name}`, () => {
    let clock: Clock
    let run: ClockRig['run']

    beforeEach(() => {
      ;({ clock, run } = create())
    })

    it('calls back once, and not before its time', async () => {
      const startMs = clock.elapsed()
      const calls: number[] = []
      clock.after(20, () => calls.push(clock.elapsed() - startMs))
      await run(5)
      expect(calls).toEqual([])
      await run(60)
      expect(calls).toHaveLength(1)
      expect(calls[0]).toBeGreaterThanOrEqual(20 - earlyMs)
    })

    it.each([0, -5])('after %s ms means soon, but never within the call', async (ms) => {
      const call = vi.fn()
      clock.after(ms, call)
      expect(call).not.toHaveBeenCalled()
      await run(20)
      expect(call).toHaveBeenCalledTimes(1)
    })

    it('what is due first comes first, and what is due together in the order it was asked', async () => {
      const order: string[] = []
      clock.after(30, () => order.push('late'))
      for (const name of ['one', 'two', 'three']) clock.after(5, () => order.push(name))
      await run(60)
      expect(order).toEqual(['one', 'two', 'three', 'late'])
    })

    it('what was cancelled never comes, however often and whenever that is said', async () => {
      const call = vi.fn()
      const cancel = clock.after(5, call)
      cancel()
      cancel()
      const cancelDone = clock.after(5, call)
      await run(30)
      cancelDone()
      cancel()
      await run(10)
      expect(call).toHaveBeenCalledTimes(1)
    })

    it('a callback can still cancel what is due at the same moment', async () => {
      const call = vi.fn()
      let cancelOther = () => {}
      clock.after(5, () => cancelOther())
      cancelOther = clock.after(5, call)
      await run(30)
      expect(call).not.toHaveBeenCalled()
    })

    it('a callback can ask for the next, and cancel itself', async () => {
      const call = vi.fn()
      const cancel = clock.after(2, () => {
        cancel()
        clock.after(2, call)
      })
      await run(40)
      expect(call).toHaveBeenCalledTimes(1)
    })

    it.each([25, 400])('a wait of %s days does not end today', async (days) => {
      const call = vi.fn()
      const cancel = clock.after(days * daysMs, call)
      await run(30)
      expect(call).not.toHaveBeenCalled()
      cancel()
    })

    it('elapsed time never goes back, and the wall clock goes along', async () => {
      const [nowMs, startMs] = [clock.now(), clock.elapsed()]
      let lastMs = startMs
      for (let round = 0; round < 10; round += 1) {
        await run(2)
        expect(clock.elapsed()).toBeGreaterThan(lastMs)
        lastMs = clock.elapsed()
      }
      const passedMs = clock.elapsed() - startMs
      expect(passedMs).toBeGreaterThanOrEqual(20 - earlyMs)
      expect(Math.abs(clock.now() - nowMs - passedMs)).toBeLessThan(50)
      expect(nowMs).toBeGreaterThan(Date.UTC(2020, 0))
    })

    it('random bytes are as many as asked, spread over all values, and never the same again', () => {
      expect([0, 1, 10, 48].map((count) => clock.random(count).length)).toEqual([0, 1, 10, 48])
      const texts = Array.from({ length: 200 }, () => clock.random(10).toString())
      expect(new Set(texts).size).toBe(200)
      expect(new Set(clock.random(20_000)).size).toBe(256)
    })

    it('random bytes belong to who asked for them', () => {
      const first = clock.random(8)
      const copy = first.slice()
      clock.random(8).fill(0)
      expect(first).toEqual(copy)
      expect(first.buffer.byteLength).toBe(8)
    })

    it('every so often means again and again, until it is stopped from without or within', async () => {
      let calls = 0
      const stop = every(clock, 4, () => {
        calls += 1
      })
      const stopAtOnce = every(clock, 4, () => {
        calls += 100
        stopAtOnce()
      })
      await run(60)
      expect(calls % 100).toBeGreaterThanOrEqual(2)
      expect(Math.floor(calls / 100)).toBe(1)
      stop()
      stop()
      const atStop = calls
      await run(20)
      expect(calls).toBe(atStop)
    })

    it('a pause ends after its time, at the abort, or at once when that came before', async () => {
      const ended: string[] = []
      const stop = new AbortController()
      void pause(clock, 10).then(() => ended.push('time'))
      void pause(clock, 10 * daysMs, stop.signal).then(() => ended.push('abort'))
      void pause(clock, 10 * daysMs, AbortSignal.abort()).then(() => ended.push('before'))
      await run(1)
      expect(ended).toEqual(['before'])
      await run(40)
      expect(ended).toEqual(['before', 'time'])
      stop.abort()
      await run(1)
      expect(ended).toEqual(['before', 'time', 'abort'])
    })
  })
}
