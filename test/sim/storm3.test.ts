import { stormShard } from './stormShard.ts'

stormShard(431, 215)
