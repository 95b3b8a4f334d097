import { build } from 'vite'
import { buildIsStale } from './stale.ts'

/** Before the tests of real processes: they run the bundle, so it must be of these sources. */
export async function setup(): Promise<void> {
  if (buildIsStale()) await build({ logLevel: 'error' })
}
