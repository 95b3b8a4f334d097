import { MeshError } from '../state/errors.ts'
import { operatorKey } from '../state/operators.ts'
import type { Core } from './core.ts'
import { type Housekeeping, type HousekeepingDeps, tellDamage } from './housekeeping.ts'
import { createSettling } from './settling.ts'

/** Changes from others within this time are answered together. */
const gatherMs = 20

/**
 * Keeps house in the operator's seat. It says who it is in the directory, and nothing else: it has
 * no card, no place in a group and no name that anybody could take.
 */
export function createOperatorHousekeeping(
  core: Core,
  deps: Pick<
    HousekeepingDeps,
    'sessions' | 'presence' | 'exchange' | 'inbox' | 'whereabouts' | 'settings'
  >,
): Housekeeping {
  const { clock, directory } = core
  const { sessions, presence } = deps
  const settling = createSettling(core, deps.exchange)
  let isSettled = false
  let isLeaving = false
  let cancelTidy: (() => void) | undefined
  let cancelRemember = () => {}

  presence.changed.listen(() => {
    if (!isSettled || isLeaving) return
    cancelTidy ??= clock.after(gatherMs, () => {
      cancelTidy = undefined
      tidy().catch((thrown: unknown) => core.log.warn('tidying_failed', { thrown }))
    })
  })

  async function tidy(): Promise<void> {
    const others = presence.sessions().filter((session) => session !== sessions.current())
    if (others.length === 0) return
    const batch = await core.ledger.begin()
    if (isLeaving) return
    for (const other of others) sessions.meet(batch, other)
    presence.update({ session: sessions.current() })
    await batch.commit()
  }

  async function declare(): Promise<void> {
    const { host } = await deps.whereabouts()
    const batch = await core.ledger.begin()
    const { device, key } = core.signer
    const own = { key: operatorKey(device, core.peer), value: { host } }
    // The last declaration of a device counts: ours must be it.
    const isDeclared = core.operators().get(core.peer)?.host === host
    const known = { key: `device/${device}/${core.peer}`, value: { name: host, key } }
    directory.put(batch, [
      ...(isDeclared ? [] : [own]),
      ...(directory.get(known.key) ? [] : [known]),
    ])
    const [live = null] = presence.sessions()
    sessions.decide(batch, live)
    tellDamage(core, batch, deps)
    await batch.commit()
    presence.update({ session: sessions.current() })
  }

  return {
    async settleIn(pending) {
      await settling.wait(pending)
      await declare()
      isSettled = true
      await sessions.remember()
      cancelRemember = sessions.keepRemembering()
    },

    progressed: settling.progressed,
    unlinked() {},
    context: async () => ({ branch: null, files: [], cwd: '', summary: '' }),
    setName: async () => refuse('name'),
    setSummary: async () => refuse('summary'),
    setStatus: async () => refuse('status'),

    async goodbye() {
      isLeaving = true
      cancelTidy?.()
      cancelRemember()
      if (isSettled) await sessions.remember()
    },
  }
}

function refuse(what: string): never {
  throw new MeshError('BAD_INPUT', `The operator has no ${what} of its own choice.`, {
    hint: 'Only sessions set theirs.',
  })
}
