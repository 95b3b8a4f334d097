import { workShard } from './workShard.ts'

workShard(201, 200)
