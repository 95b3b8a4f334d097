import { stormShard } from './stormShard.ts'

stormShard(646, 215)
