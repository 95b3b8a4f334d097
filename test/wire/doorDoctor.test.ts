import { beforeEach, describe, expect, it } from 'vitest'
import { checkDashboard, type DashboardFacts } from '../../cli/checks/dashboard.ts'
import { freePorts, hold, openDoor, secret } from './doors.ts'

const signal = new AbortController().signal
let port: number

beforeEach(async () => {
  port = await freePorts()
})

function check(given: Partial<DashboardFacts> = {}) {
  const environment = { platform: 'linux' as const }
  return checkDashboard({ port, secret, served: undefined, environment, ...given }, signal)
}

describe('what the doctor says of the port of the dashboard', () => {
  it('is that all is well when it is ours, free, any or none', async () => {
    expect(await check()).toMatchObject({ level: 'ok', text: `Port ${port} is free.` })
    expect(await check({ port: 'off' })).toMatchObject({ level: 'ok' })
    expect(await check({ port: 0 })).toMatchObject({ level: 'ok' })
    await openDoor({ port })
    const text = `The lead of this device serves at http://127.0.0.1:${port}.`
    expect(await check()).toMatchObject({ level: 'ok', text })
  })

  it('is that another lead has it, and where ours is meanwhile', async () => {
    await openDoor({ port, secret: new Uint8Array(32) })
    const ours = await openDoor({ port })
    const finding = await check({ served: ours.url() ?? undefined })
    expect(finding).toMatchObject({ level: 'warn' })
    expect(finding.text).toContain('held by the lead of another user')
    expect(finding.text).toContain(`the lead of this device serves at http://127.0.0.1:${port + 1}`)
    expect(finding.fix).toContain('MESH_PORT')
    expect(await check({ secret: undefined })).toMatchObject({ level: 'warn' })
  })

  it.each(['127.0.0.1', '::1'])('is how to find what holds it on %s', async (host) => {
    const release = await hold(port, host)
    const asked = check()
    const finding = await asked
    expect(finding.text).toBe(
      `Port ${port} is held by something else; the lead of this device takes the next free one.`,
    )
    expect(finding.fix).toContain(`lsof -nP -i TCP:${port}`)
    const windows = await check({ environment: { platform: 'win32' } })
    expect(windows.fix).toContain(`findstr :${port}`)
    await release()
    expect(await check()).toMatchObject({ level: 'ok' })
  })
})
