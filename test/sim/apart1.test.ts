import { apartShard } from './apartShard.ts'

apartShard(1, 80)
