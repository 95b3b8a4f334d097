import { z } from 'zod'

/** What all nodes of all meshes announce themselves as. */
export const serviceType = 'claude-mesh'
/** The DNS name of that type: what is asked for. */
export const serviceName = `_${serviceType}._tcp.local`

/** What a packet says about one node. Anybody on the link may have written it. */
export type Sighting =
  | {
      readonly kind: 'here'
      readonly instance: string
      readonly port: number
      readonly tag: string
    }
  | { readonly kind: 'goodbye'; readonly instance: string }

/** Records that are looked at in one packet. */
const recordsMax = 512

const name = z
  .string()
  .max(255)
  .transform((text) => text.toLowerCase())
const record = z.discriminatedUnion('type', [
  z.object({ type: z.literal('PTR'), name, ttl: z.number(), data: name }),
  z.object({
    type: z.literal('SRV'),
    name,
    data: z.object({ port: z.number().int().min(1).max(65_535) }),
  }),
  z.object({ type: z.literal('TXT'), name, data: z.array(z.instanceof(Uint8Array)).max(32) }),
])
const response = z.object({ answers: z.array(z.unknown()), additionals: z.array(z.unknown()) })

/** Reads the nodes out of a decoded DNS response; what is not about nodes, or not whole, is passed over. */
export function sightingsIn(packet: unknown): Sighting[] {
  const parsed = response.safeParse(packet)
  if (!parsed.success) return []
  const instances = new Map<string, number>()
  const ports = new Map<string, number>()
  const tags = new Map<string, string>()
  const all = [...parsed.data.answers, ...parsed.data.additionals].slice(0, recordsMax)
  for (const each of all) {
    const { data: found } = record.safeParse(each)
    if (found?.type === 'PTR' && found.name === serviceName) instances.set(found.data, found.ttl)
    if (found?.type === 'SRV') ports.set(found.name, found.data.port)
    if (found?.type === 'TXT') tags.set(found.name, tagIn(found.data))
  }
  return [...instances].flatMap(([instance, ttl]): Sighting[] => {
    if (ttl === 0) return [{ kind: 'goodbye', instance }]
    const port = ports.get(instance)
    const tag = tags.get(instance)
    return port !== undefined && tag ? [{ kind: 'here', instance, port, tag }] : []
  })
}

/** The value of `t` among the strings of a TXT record, RFC 6763 section 6. */
function tagIn(strings: readonly Uint8Array[]): string {
  const texts = strings.map((bytes) => Buffer.from(bytes).toString('latin1'))
  return texts.find((text) => text.startsWith('t='))?.slice(2) ?? ''
}
