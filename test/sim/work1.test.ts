import { workShard } from './workShard.ts'

workShard(1, 200)
