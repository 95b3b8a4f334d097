import { workShard } from './workShard.ts'

workShard(401, 200)
