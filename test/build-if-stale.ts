import { build } from 'vite'
import { buildIsStale } from './stale.ts'

if (buildIsStale()) await build({ logLevel: 'error' })
