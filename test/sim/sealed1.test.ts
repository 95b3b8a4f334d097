import { sealedShard } from './sealedShard.ts'

sealedShard(1, 200)
