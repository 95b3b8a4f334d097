import { sealedShard } from './sealedShard.ts'

sealedShard(201, 200)
