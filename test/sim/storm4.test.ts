import { stormShard } from './stormShard.ts'

stormShard(391, 130)
