import { stormShard } from './stormShard.ts'

stormShard(1, 215)
