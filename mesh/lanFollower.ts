import type { Rec } from '../state/records.ts'
import type { ConfigurationWatch, LanMode } from './configuration.ts'
import type { Core } from './core.ts'
import type { Links } from './links.ts'
import type { LanStatus } from './mesh.ts'

/** From this many devices on, a mesh needs the LAN. */
const devicesMin = 2

/** Puts a node on the LAN and takes it off, as the settings say and the mesh needs. */
export interface LanFollower {
  status(): LanStatus
  /** Resolves when the node is where it belongs. */
  start(): Promise<void>
  stop(): void
}

/** Makes the follower of a node; without settings it stays off the LAN. */
export function createLanFollower(
  core: Core,
  links: Pick<Links, 'setLan' | 'lan'>,
  configuration: ConfigurationWatch | undefined,
): LanFollower {
  let isStarted = false
  let isOn = false

  const mode = (): LanMode => configuration?.current().lan ?? 'off'

  function isWanted(): boolean {
    if (mode() !== 'auto') return mode() === 'on'
    return countDevices(core.directory.list) >= devicesMin
  }

  async function evaluate(): Promise<void> {
    if (!isStarted || isWanted() === isOn) return
    isOn = !isOn
    await links.setLan(isOn)
  }

  core.changed.listen(({ document }) => {
    if (document === core.directory) void evaluate()
  })
  configuration?.changed.listen(() => void evaluate())

  return {
    status() {
      const { address, problem } = links.lan()
      return {
        mode: mode(),
        on: isOn,
        address: address ? `${address.host}:${address.port}` : null,
        ...(problem === undefined ? {} : { problem }),
      }
    },

    async start() {
      await configuration?.start()
      isStarted = true
      await evaluate()
    },

    stop() {
      isStarted = false
      configuration?.stop()
    },
  }
}

/** How many devices have ever said that they belong to this mesh. */
function countDevices(list: (prefix: string) => readonly Rec[]): number {
  return new Set(list('device/').map(({ device }) => device)).size
}
