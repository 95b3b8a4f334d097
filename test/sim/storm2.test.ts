import { stormShard } from './stormShard.ts'

stormShard(216, 215)
