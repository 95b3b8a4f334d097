import { apartShard } from './apartShard.ts'

apartShard(81, 80)
