import { stormShard } from './stormShard.ts'

stormShard(261, 130)
