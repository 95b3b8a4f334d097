import { z } from 'zod'
import { peerScope } from '../../state/messages.ts'
import { chosenStatus, type Peer, summaryMax } from '../../state/peers.ts'
import { describeAge } from '../channel.ts'
import { neutralLine } from '../neutral.ts'
import { showName } from '../title.ts'
import { defineTool, readsOnly, setsOnly } from '../tool.ts'

/** Who is here. */
export const listPeers = defineTool({
  name: 'list_peers',
  description:
    'Who you are in the mesh, and the other agent sessions you can message: name, status, directory, branch, what they work on.',
  annotations: readsOnly,
  alwaysLoad: true,
  input: z.strictObject({
    scope: peerScope
      .optional()
      .describe('mesh (default), or only this machine, directory or repository'),
    offline: z.boolean().optional().describe('also those that left; mail to them is kept'),
  }),
  async run({ mesh, clock }, { scope, offline }) {
    const { self, peers } = mesh.peers({
      ...(scope === undefined ? {} : { scope }),
      ...(offline === undefined ? {} : { offline }),
    })
    const lines = peers.map((peer) => `- ${describePeer(peer, clock.now())}`)
    const others = peers.length === 0 ? 'Nobody else is here.' : `Peers (${peers.length}):`
    return {
      text: [`You are ${self.name} (${self.id}).`, others, ...lines].join('\n'),
      structured: { self: neutralPeer(self), peers: peers.map(neutralPeer) },
    }
  },
})

/** Who am I. */
export const whoAmI = defineTool({
  name: 'whoami',
  description:
    'Your name, IDs and group, how messages reach you, what is unread, and whether the mesh is healthy.',
  annotations: readsOnly,
  input: z.strictObject({}),
  async run({ mesh }) {
    const { self, route, unread, dashboard, health, node, session } = mesh.whoami()
    const reached = {
      channel: 'messages are pushed to you through the channel',
      socket: "messages are pushed to you through the session's inbox",
      pull: 'messages wait for check_messages or wait_for_messages',
    }[route]
    return {
      text: [
        `You are ${self.name} (${self.id}), ${self.status}, in group ${self.group} on ${self.device}.`,
        `Route: ${reached}. Unread: ${unread}. Dashboard: ${dashboard ?? 'none'}. Health: ${health}.`,
      ].join('\n'),
      structured: { self: neutralPeer(self), route, unread, dashboard, health, node, session },
    }
  },
})

/** What others call me. */
export const setName = defineTool({
  name: 'set_name',
  description:
    'Takes the name by which others address you. Unique among the peers you can see; kept across restarts.',
  annotations: setsOnly,
  input: z.strictObject({
    name: z.string().min(1).max(64).describe('1-32 letters, digits, - or _'),
  }),
  async run({ mesh, environment }, { name }) {
    const answer = await mesh.setName(name)
    await showName(environment, answer.name)
    return { text: `You are now ${answer.name}.`, structured: { ...answer } }
  },
})

/** What I work on. */
export const setSummary = defineTool({
  name: 'set_summary',
  description: 'Says in a sentence or two what you work on; others see it in list_peers.',
  annotations: setsOnly,
  input: z.strictObject({ summary: z.string().max(summaryMax) }),
  async run({ mesh }, { summary }) {
    await mesh.setSummary(summary)
    return { text: 'Others see your summary now.', structured: { summary } }
  },
})

/** Whether I may be woken. */
export const setStatus = defineTool({
  name: 'set_status',
  description: 'busy or away: messages still arrive but do not wake you. online: they do.',
  annotations: setsOnly,
  input: z.strictObject({ status: chosenStatus }),
  async run({ mesh }, { status }) {
    await mesh.setStatus(status)
    return { text: `You are ${status}.`, structured: { status } }
  },
})

function describePeer(peer: Peer, nowMs: number): string {
  const facts = [
    peer.online ? peer.status : `offline, seen ${describeAge(nowMs - Date.parse(peer.last_seen))}`,
    ...(peer.online && peer.wakeable ? ['a message wakes it'] : []),
    ...(peer.branch ? [`branch ${neutralLine(peer.branch)}`] : []),
    ...(peer.cwd ? [neutralLine(peer.cwd)] : []),
    ...(peer.device ? [`on ${neutralLine(peer.device)}`] : []),
  ]
  const summary = neutralLine(peer.summary)
  return `${peer.name} (${peer.id}): ${facts.join(', ')}${summary ? `. Works on: ${summary}` : ''}`
}

/** A peer whose own words cannot pretend to be somebody else's. */
export function neutralPeer(peer: Peer): Peer {
  return {
    ...peer,
    cwd: neutralLine(peer.cwd),
    repo: peer.repo && neutralLine(peer.repo),
    branch: peer.branch && neutralLine(peer.branch),
    summary: neutralLine(peer.summary),
    device: neutralLine(peer.device),
  }
}
