import { MeshError } from '../state/errors.ts'
import { groupScope } from '../state/feeds.ts'
import { lobby, membershipKey } from '../state/groups.ts'
import type { Batch } from '../state/ledger.ts'
import type { Context } from '../state/messages.ts'
import { type Card, type ChosenStatus, summaryMax } from '../state/peers.ts'
import { every } from './clock.ts'
import type { Core } from './core.ts'
import type { Delivery } from './delivery.ts'
import type { Exchange } from './exchange.ts'
import type { OwnInbox } from './inbox.ts'
import type { Link } from './link.ts'
import type { Names } from './names.ts'
import type { NodeDeps, NodeSettings } from './needs.ts'
import type { Peers } from './peers.ts'
import type { PresenceBoard } from './presence.ts'
import type { Sessions } from './sessions.ts'
import { createSettling } from './settling.ts'

/** Changes from others within this time are answered together. */
const gatherMs = 20
/** A peer that is back within this time never left. */
const absenceMs = 3_000
/** How often the device is reminded which session is alive. */
const rememberMs = 60_000

/** What keeping house needs. */
export interface HousekeepingDeps {
  readonly names: Names
  readonly peers: Peers
  readonly presence: PresenceBoard
  readonly sessions: Sessions
  readonly delivery: Delivery
  readonly exchange: Exchange
  readonly inbox: OwnInbox
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
  const { clock, group, directory } = core
  const { names, presence, sessions, delivery, inbox, settings } = deps
  const cardKey = `card/${core.peer}`
  let isSettled = false
  let isLeaving = false
  let cancelTidy: (() => void) | undefined
  let cancelRemember = () => {}
  const settling = createSettling(core, deps.exchange)

  core.changed.listen(tidySoon)
  presence.changed.listen(tidySoon)

  function tidySoon(): void {
    settling.progressed()
    if (!isSettled || isLeaving) return
    cancelTidy ??= clock.after(gatherMs, () => {
      cancelTidy = undefined
      tidy().catch((thrown: unknown) => core.log.warn('tidying_failed', { thrown }))
    })
  }

  /** Evaluates what others' records and presence mean for us: one batch, nothing when all is well. */
  async function tidy(): Promise<void> {
    const others = presence.sessions().filter((session) => session !== sessions.current())
    const card = await freshCard()
    const batch = await core.ledger.begin()
    if (isLeaving) return
    const former = names.of(core.peer)
    const renamed = names.settle(batch)
    if (renamed !== undefined) announceRename(batch, former, renamed)
    for (const other of others) sessions.meet(batch, other)
    const own = sessions.current()
    presence.update({ session: own })
    if (isDifferent(card)) group.put(batch, [{ key: cardKey, value: card }])
    await batch.commit()
  }

  function announceRename(batch: Batch, former: string, name: string): void {
    act(batch, 'renamed', `is now ${name}`)
    const at = core.hybrid.next()
    const was = former === core.peer ? 'The name you had' : `"${former}"`
    const text = `Your name is now "${name}". ${was} belongs to another peer.`
    inbox.tell(batch, { id: `name/${at}`, at, text, wakes: false })
  }

  async function freshCard(summary?: string): Promise<Card> {
    const { cwd, host, repo, remote, branch } = await deps.whereabouts()
    const before = deps.peers.card(core.peer)
    return {
      cwd,
      host,
      repo,
      remote,
      branch,
      summary: summary ?? before?.summary ?? '',
      left: null,
    }
  }

  function isDifferent(wanted: Card): boolean {
    return JSON.stringify(deps.peers.card(core.peer)) !== JSON.stringify(wanted)
  }

  /** Says in the group's log what we did; travels once it is on disk. */
  function act(batch: Batch, action: string, detail: string): void {
    const ours = core.groupOf(core.peer)
    const item = core.feeds.append(batch, {
      scope: groupScope(ours),
      id: core.createId(),
      group: ours,
      kind: 'activity',
      to: [],
      body: { action, detail },
    })
    batch.add([], () => delivery.send(item))
  }

  function firstRecords(batch: Batch, card: Card): void {
    const { peer } = core
    const device = core.signer.device
    const membership = membershipKey(peer, peer)
    const own = [
      { key: `device/${device}/${peer}`, value: { name: card.host, key: core.signer.key } },
      { key: membership, value: { group: lobby, manual: false } },
    ]
    directory.put(
      batch,
      own.filter(({ key }) => !directory.get(key)),
    )
    const [live = null] = presence.sessions()
    sessions.decide(batch, live)
    presence.update({ session: sessions.current() })
    group.put(batch, [{ key: cardKey, value: card }])
    names.settle(batch, settings.wish)
    act(batch, 'joined', `works in ${card.cwd}`)
    firstLines(batch)
  }

  function firstLines(batch: Batch): void {
    const at = core.hybrid.next()
    const { inherited, setAside } = settings
    if (inherited) {
      const who = inherited.name === null ? 'another session' : `"${inherited.name}"`
      const text = `You took over the seat of ${who}: its name, unread mail and history are yours now.`
      inbox.tell(batch, { id: `seat/${inherited.at}`, at, text, wakes: false })
    }
    if (setAside) {
      const text = `Your stored history was damaged. It was moved to ${setAside}; what other peers hold is coming back from them.`
      inbox.tell(batch, { id: `store/${at}`, at, text, wakes: false })
    }
  }

  return {
    async settleIn(pending) {
      await settling.wait(pending)
      const card = await freshCard()
      const batch = await core.ledger.begin()
      firstRecords(batch, card)
      await batch.commit()
      isSettled = true
      tidySoon()
      await sessions.remember()
      cancelRemember = every(clock, rememberMs, () => {
        sessions
          .remember()
          .catch((thrown: unknown) => core.log.warn('session_not_kept', { thrown }))
      })
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
      return { branch, files, cwd, summary: deps.peers.card(core.peer)?.summary ?? '' }
    },

    async setName(name) {
      const batch = await core.ledger.begin()
      const former = names.of(core.peer)
      const given = names.claim(batch, name)
      if (given !== former) act(batch, 'renamed', `is now ${given}`)
      await batch.commit()
      return { name: given }
    },

    async setSummary(summary) {
      if (summary.length > summaryMax) {
        throw new MeshError('BAD_INPUT', `The summary has ${summary.length} characters.`, {
          hint: `Say it in ${summaryMax}.`,
        })
      }
      const card = await freshCard(summary)
      const batch = await core.ledger.begin()
      group.put(batch, [{ key: cardKey, value: card }])
      act(batch, 'summary', summary)
      await batch.commit()
    },

    async setStatus(status) {
      const batch = await core.ledger.begin()
      act(batch, 'status', status)
      await batch.commit()
      presence.update({ status })
    },

    async goodbye() {
      isLeaving = true
      cancelTidy?.()
      cancelRemember()
      if (!isSettled) return
      const card = deps.peers.card(core.peer)
      const batch = await core.ledger.begin()
      if (card) group.put(batch, [{ key: cardKey, value: { ...card, left: core.hybrid.next() } }])
      act(batch, 'left', '')
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
