import { MeshError } from '../state/errors.ts'
import { lobby, membershipKey } from '../state/groups.ts'
import type { Batch } from '../state/ledger.ts'
import type { Context } from '../state/messages.ts'
import { type Card, type ChosenStatus, summaryMax } from '../state/peers.ts'
import type { Act } from './activity.ts'
import type { Autogroup } from './autogroup.ts'
import { pause } from './clock.ts'
import type { Core } from './core.ts'
import type { Stand } from './documents.ts'
import type { Exchange } from './exchange.ts'
import type { OwnInbox } from './inbox.ts'
import type { Link } from './link.ts'
import type { Names } from './names.ts'
import type { NodeDeps, NodeSettings } from './needs.ts'
import type { OwnCard } from './ownCard.ts'
import type { Peers } from './peers.ts'
import type { PresenceBoard } from './presence.ts'
import type { Sessions } from './sessions.ts'
import { createSettling } from './settling.ts'

/** Changes from others within this time are answered together. */
const gatherMs = 20
/** After a move the others are asked within this time what is there. */
const greetMs = 200
/** A peer that is back within this time never left. */
const absenceMs = 3_000

/** What keeping house needs. */
export interface HousekeepingDeps {
  readonly names: Names
  readonly peers: Peers
  readonly presence: PresenceBoard
  readonly sessions: Sessions
  readonly exchange: Exchange
  readonly inbox: OwnInbox
  readonly act: Act
  readonly card: OwnCard
  readonly autogroup: Pick<Autogroup, 'choose'>
  /** What a group is called. */
  readonly groupName: (group: string) => string
  readonly whereabouts: NodeDeps['whereabouts']
  readonly settings: NodeSettings
}

/** Writes what this peer says of itself, and answers what others' records mean for it. */
export interface Housekeeping {
  /** Waits for those who are there, then writes card, name and session. Resolves when they are on disk. */
  settleIn(pending: () => number): Promise<void>
  progressed(): void
  unlinked(link: Link, reason: string): void
  context(): Promise<Context>
  setName(name: string): Promise<{ readonly name: string }>
  setSummary(summary: string): Promise<void>
  setStatus(status: ChosenStatus): Promise<void>
  /** Writes that we left. */
  goodbye(): Promise<void>
}

/** Makes the housekeeping of a node. */
export function createHousekeeping(core: Core, deps: HousekeepingDeps): Housekeeping {
  const { clock, directory } = core
  const { names, presence, sessions, inbox, settings } = deps
  const { act, card: own } = deps
  let isSettled = false
  let isLeaving = false
  let cancelTidy: (() => void) | undefined
  let cancelRemember = () => {}
  /** Where we stood before we were moved, until that has been told. */
  let movedFrom: Stand | undefined
  /** Moves whose place we have not heard of yet. */
  let arrivals = 0
  const settling = createSettling(core, deps.exchange)

  core.changed.listen(tidySoon)
  core.moved.listen(({ from }) => {
    if (!isSettled) return
    movedFrom ??= from
    arrive().catch((thrown: unknown) => core.log.warn('arrival_failed', { thrown }))
  })

  /** Who comes to a place first hears what is there: its name, and the names of those who are in it. */
  async function arrive(): Promise<void> {
    arrivals += 1
    const own = arrivals
    await pause(clock, greetMs)
    await settling.wait(() => 0)
    if (own !== arrivals) return
    arrivals = 0
    tidySoon()
  }
  presence.changed.listen(tidySoon)

  function tidySoon(): void {
    settling.progressed()
    if (!isSettled || isLeaving || arrivals > 0) return
    cancelTidy ??= clock.after(gatherMs, () => {
      cancelTidy = undefined
      tidy().catch((thrown: unknown) => core.log.warn('tidying_failed', { thrown }))
    })
  }

  /** Evaluates what others' records and presence mean for us: one batch, nothing when all is well. */
  async function tidy(): Promise<void> {
    const others = presence.sessions().filter((session) => session !== sessions.current())
    const card = await own.fresh()
    const batch = await core.ledger.begin()
    if (isLeaving || arrivals > 0) return
    const former = names.of(core.peer)
    const renamed = names.settle(batch, wish())
    if (movedFrom) announceMove(batch, movedFrom)
    else if (renamed !== undefined) announceRename(batch, former, renamed)
    movedFrom = undefined
    for (const other of others) sessions.meet(batch, other)
    presence.update({ session: sessions.current() })
    own.put(batch, card)
    await batch.commit()
  }

  /** A chosen name goes along when we are moved; a number is given anew. */
  function wish(): string | undefined {
    return movedFrom && names.chosenAt(movedFrom.circle)
  }

  function announceMove(batch: Batch, { group }: Stand): void {
    const now = core.groupOf(core.peer)
    if (group === now) return
    const called = deps.groupName(now)
    act(batch, { action: 'moved', detail: `to ${called}` })
    const at = core.hybrid.next()
    const text = `You work in the group "${called}" now; your name there is "${names.of(core.peer)}". Only the human moves you elsewhere: mesh groups assign.`
    inbox.tell(batch, { id: `moved/${now}/${at}`, at, text, wakes: false })
  }

  function announceRename(batch: Batch, former: string, name: string): void {
    act(batch, { action: 'took', detail: `the name ${name}` })
    const at = core.hybrid.next()
    const was = former === core.peer ? 'The name you had' : `"${former}"`
    const text = `Your name is now "${name}". ${was} belongs to another peer.`
    inbox.tell(batch, { id: `name/${at}`, at, text, wakes: false })
  }

  function firstRecords(batch: Batch, card: Card): void {
    const { peer } = core
    const device = core.signer.device
    const membership = membershipKey(peer, peer)
    const first = [
      { key: `device/${device}/${peer}`, value: { name: card.host, key: core.signer.key } },
      { key: membership, value: { group: lobby, manual: false } },
    ]
    directory.put(
      batch,
      first.filter(({ key }) => !directory.get(key)),
    )
    const [live = null] = presence.sessions()
    sessions.decide(batch, live)
    presence.update({ session: sessions.current() })
    own.put(batch, card)
    names.settle(batch, settings.wish)
    act(batch, { action: 'joined', detail: `from ${card.cwd}` })
    firstLines(batch)
  }

  function firstLines(batch: Batch): void {
    const at = core.hybrid.next()
    const { inherited } = settings
    const group = core.groupOf(core.peer)
    if (group !== lobby) {
      const text = `You work in the group "${deps.groupName(group)}". Only the human moves you elsewhere: mesh groups assign.`
      inbox.tell(batch, { id: `moved/${group}/first`, at, text, wakes: false })
    }
    if (inherited) {
      const who = inherited.name === null ? 'another session' : `"${inherited.name}"`
      const text = `You took over the seat of ${who}: its name, unread mail and history are yours now.`
      inbox.tell(batch, { id: `seat/${inherited.at}`, at, text, wakes: false })
    }
    tellDamage(core, batch, deps)
  }

  return {
    async settleIn(pending) {
      await settling.wait(pending)
      await deps.autogroup.choose()
      const card = await own.fresh()
      const batch = await core.ledger.begin()
      firstRecords(batch, card)
      await batch.commit()
      isSettled = true
      tidySoon()
      await sessions.remember()
      cancelRemember = sessions.keepRemembering()
    },

    progressed: settling.progressed,

    unlinked(link, reason) {
      const hadSettled = presence.of(link.node)?.settled ?? false
      if (!hadSettled || isLeaving || reason === 'replaced') return
      // The operator's seat is never empty for long.
      if (core.isOperator(link.peer)) return
      const how = reason === 'left' ? 'left' : 'is gone (its process ended or the link broke)'
      clock.after(absenceMs, () => {
        if (isLeaving || deps.peers.isOnline(link.peer)) return
        tellGone(link, how).catch((thrown: unknown) => core.log.warn('notice_not_kept', { thrown }))
      })
    },

    async context() {
      const { branch, files, cwd } = await deps.whereabouts()
      return { branch, files, cwd, summary: own.summary() }
    },

    async setName(name) {
      const batch = await core.ledger.begin()
      const former = names.of(core.peer)
      const given = names.claim(batch, name)
      if (given !== former) act(batch, { action: 'took', detail: `the name ${given}` })
      await batch.commit()
      return { name: given }
    },

    async setSummary(summary) {
      if (summary.length > summaryMax) {
        throw new MeshError('BAD_INPUT', `The summary has ${summary.length} characters.`, {
          hint: `Say it in ${summaryMax}.`,
        })
      }
      const card = await own.fresh(summary)
      const batch = await core.ledger.begin()
      own.put(batch, card)
      act(batch, { action: 'works on', detail: summary || 'something else' })
      await batch.commit()
    },

    async setStatus(status) {
      const batch = await core.ledger.begin()
      act(batch, { action: 'is', detail: status })
      await batch.commit()
      presence.update({ status })
    },

    async goodbye() {
      isLeaving = true
      cancelTidy?.()
      cancelRemember()
      if (!isSettled) return
      const batch = await core.ledger.begin()
      own.leave(batch)
      act(batch, { action: 'left', detail: '' })
      await batch.commit()
      await sessions.remember()
    },
  }

  async function tellGone(link: Link, how: string): Promise<void> {
    const batch = await core.ledger.begin({ durable: false })
    const text = `${names.of(link.peer)} ${how}. Mail for it waits 30 days.`
    inbox.tell(batch, { id: `left/${link.node}`, at: core.hybrid.next(), text, wakes: false })
    await batch.commit()
  }
}

/** Tells whoever sits here that its store was damaged and had to be replaced. */
export function tellDamage(
  core: Core,
  batch: Batch,
  { inbox, settings: { setAside } }: Pick<HousekeepingDeps, 'inbox' | 'settings'>,
): void {
  if (setAside === undefined) return
  const at = core.hybrid.next()
  const text = `Your stored history was damaged. It was moved to ${setAside}; what other peers hold is coming back from them.`
  inbox.tell(batch, { id: `store/${at}`, at, text, wakes: false })
}
