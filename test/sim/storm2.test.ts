import { stormShard } from './stormShard.ts'

stormShard(131, 130)
