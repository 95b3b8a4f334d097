import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../mesh/clock.ts'
import { shakeHands } from '../../mesh/hello.ts'
import { openHome } from '../../mesh/home.ts'
import { silentLog } from '../../mesh/log.ts'
import type { Wire } from '../../mesh/network.ts'
import { readRendezvous } from '../../mesh/rendezvous.ts'
import { createWebSocketNetwork } from '../../mesh/websocket.ts'
import { createPeerId, type NodeId, uuidV7 } from '../../state/ids.ts'
import { createSigner, createVerifier } from '../../state/signatures.ts'
import { until } from '../sessions.ts'
import { environmentOf } from '../unit/environment.ts'
import { createDesk, enterAll, type Speaker } from './cliSpeakers.ts'

const names = async (speaker: Speaker) => {
  const { data } = await speaker.call('list_peers')
  return data.peers.map(({ name }) => name).sort()
}

/** A node of another device that holds the mesh key and writes down every byte it is sent. */
async function eavesdrop(directory: string) {
  const home = await openHome(directory, environmentOf(), systemClock)
  const signer = createSigner(systemClock.random(32))
  const network = createWebSocketNetwork({
    ...{ keyring: () => home.keyring, clock: systemClock, log: silentLog },
  })
  const heard: string[] = []
  const wires: Wire[] = []
  for (const { host, port } of await readRendezvous(home.runDirectory)) {
    const wire = await network.dial({ host, port }, new AbortController().signal)
    const peer = createPeerId(signer.device, systemClock.random(5))
    const node = uuidV7(systemClock.now(), systemClock.random(10)) as NodeId
    const self = { mesh: home.keyring.mesh, node, peer, role: 'node' as const, host: 'x', port: 0 }
    const { open } = await shakeHands(wire, self, {
      ...{ clock: systemClock, signer, verify: createVerifier() },
    })
    open({ frame: (text) => void heard.push(text), closed() {} })
    wires.push(wire)
  }
  onTestFinished(() => {
    for (const wire of wires) wire.close('done')
  })
  return {
    text: () => heard.join('\n'),
    count: () => heard.length,
    /** Asks for everything that it could know the name of. */
    ask(group: string) {
      const document = `group:${group}@1`
      const scope = `group:${group}`
      for (const wire of wires) {
        const feeds = { documents: { [document]: 'x' }, feeds: 'x', answer: true }
        wire.send(JSON.stringify({ kind: 'compare', ...feeds }))
        wire.send(JSON.stringify({ kind: 'state', document, vector: 'AA==' }))
        wire.send(JSON.stringify({ kind: 'heads', scopes: { [scope]: {} } }))
      }
    },
  }
}

describe('a sealed group', () => {
  it('holds its members together and hides them from everybody else', async () => {
    const desk = createDesk()
    const [ann, bob, cleo] = await enterAll(desk, 'ann', 'bob', 'cleo')
    if (!ann || !bob || !cleo) throw new Error('three have entered')
    expect((await desk.run(['groups', 'create', 'api'])).code).toBe(0)
    expect((await desk.run(['groups', 'assign', 'ann', 'api'])).code).toBe(0)
    expect((await desk.run(['groups', 'assign', 'bob', 'api'])).code).toBe(0)
    await until(async () => String(await names(ann)) === 'bob' && String(await names(cleo)) === '')
    expect((await cleo.call('send_message', { to: 'ann', message: 'hello' })).text).toContain(
      'No peer is called "ann"',
    )
    const sent = await ann.call('send_message', { to: 'bob', message: 'among us' })
    expect(sent.text).toContain('delivered')
    const told = await ann.call('check_messages')
    expect(told.text).toContain('You work in the group "api" now; your name there is "ann"')
    const listed = await desk.run(['groups'])
    expect(listed.out).toMatch(/api\s+sealed\s+\w{8}\s+ann, bob/)
    expect((await desk.run(['groups', 'delete', 'api'])).code).toBe(0)
    await until(async () => String(await names(cleo)) === 'ann,bob')
  })

  it('sends no byte of itself to a node outside it', async () => {
    const desk = createDesk()
    const [ann, bob] = await enterAll(desk, 'ann', 'bob')
    if (!ann || !bob) throw new Error('two have entered')
    const made = await desk.runJson(['groups', 'create', 'hush-7f3a91'])
    const { group } = made as { group: { id: string } }
    await desk.run(['groups', 'assign', 'ann', 'hush-7f3a91'])
    await desk.run(['groups', 'assign', 'bob', 'hush-7f3a91'])
    await until(async () => String(await names(ann)) === 'bob')
    // What was said before, in the lobby, everybody may know.
    await ann.call('set_name', { name: 'veil-5c2e88' })
    const listener = await eavesdrop(desk.home)
    listener.ask(group.id)
    await bob.call('set_name', { name: 'mask-41d07b' })
    await ann.call('set_summary', { summary: 'marker-summary-93be' })
    await ann.call('set_status', { status: 'busy' })
    await ann.call('broadcast_message', { scope: 'mesh', message: 'marker-broadcast-93be' })
    await bob.call('send_message', { to: 'veil-5c2e88', message: 'marker-direct-93be' })
    await until(async () => (await ann.call('check_messages')).text.includes('marker-direct-93be'))
    listener.ask(group.id)
    const before = listener.count()
    listener.ask('lobby')
    await until(() => listener.count() > before)
    const text = listener.text()
    // It did hear: the directory is everybody's.
    expect(text).toContain('"kind":"compare"')
    for (const secret of ['marker-', 'hush-7f3a91', 'veil-5c2e88', 'mask-41d07b']) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(2, -4))
    }
    expect(text).not.toContain(`group:${group.id}`)
    const updates = text
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind === 'update')
    for (const { update } of updates) {
      expect(Buffer.from(update, 'base64').toString('latin1')).not.toContain('marker-')
      expect(Buffer.from(update, 'base64').toString('latin1')).not.toContain('hush-')
    }
    // Presence of somebody unseen is not told either.
    expect(text.match(/"status":"busy"/)).toBeNull()
  })
})

describe('a branch', () => {
  it('makes an open group of its own, which the human can end', async () => {
    const desk = createDesk()
    const repository = join(desk.home, 'repository')
    mkdirSync(repository)
    const git = (...words: string[]) =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...words], {
        cwd: repository,
        stdio: 'pipe',
      })
    git('init', '-q', '-b', 'main')
    writeFileSync(join(repository, 'a'), 'a')
    git('add', '.')
    git('commit', '-qm', 'first')
    const variables = { CLAUDE_PROJECT_DIR: repository }
    const one = await desk.enter('main-one', variables)
    git('checkout', '-qb', 'feature/parser')
    const two = await desk.enter('branch-two', variables)
    const three = await desk.enter('branch-three', variables)
    const first = await two.call('check_messages')
    expect(first.text).toContain('You work in the group "branch/feature/parser"')
    const seen = await until(async () => {
      const { data } = await three.call('list_peers')
      return data.peers.length === 2 && data.peers
    })
    // The names of open groups are those of the lobby, and its peers are seen from there.
    expect(seen.map(({ name }) => name).sort()).toEqual(['branch-two', 'main-one'])
    // The first session follows the branch that was checked out under it.
    await until(async () => {
      const { data } = await one.call('whoami')
      return data.self.group === 'branch/feature/parser'
    })
    expect((await desk.run(['config', 'autogroup', 'off'])).code).toBe(0)
    await until(async () => {
      await three.call('check_messages')
      const { data } = await three.call('whoami')
      return data.self.group === 'lobby'
    })
  })
})
