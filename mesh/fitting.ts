import { utf8Bytes } from '../state/messages.ts'

/** JSON of the items of one answer, in UTF-8 bytes: it has to fit into a frame of 1 MiB. */
const answerBytesMax = 900_000

/** As many of the first as fit into one answer, at least one: a single item always does. */
export function fitting<Item>(items: readonly Item[], bytesMax = answerBytesMax): Item[] {
  let bytes = 0
  const end = items.findIndex((item, index) => {
    bytes += utf8Bytes(JSON.stringify(item))
    return index > 0 && bytes > bytesMax
  })
  return items.slice(0, end < 0 ? items.length : end)
}
