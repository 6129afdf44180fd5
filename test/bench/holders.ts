import { MemoryStore as FastifyStore } from '@fastify/session'
import { MemoryStore as ExpressStore } from 'express-session'
import { MemoryStore } from 'koa-session-service'
import { LRUCache } from 'lru-cache'

/** Keeps a session of which the JSON text is given. */
export type Keep = (id: string, text: string) => unknown

export const FLAT_MAP = 'Map of id to text'

const ONE_DAY = 86_400_000
const nothing = (): void => undefined

/** Whatever can hold so many sessions in memory. */
export const HOLDERS: Record<string, (count: number) => Keep> = {
  [FLAT_MAP]() {
    const texts = new Map<string, string>()
    // An id as `randomUUID` makes it is a tree of pieces: this makes it one text.
    return (id, text) => texts.set(Buffer.from(id).toString('latin1'), text)
  },
  'Map of id to text, ids as they come'() {
    const texts = new Map<string, string>()
    return (id, text) => texts.set(id, text)
  },
  MemoryStore(count) {
    const store = new MemoryStore({ max: count })
    return (id, text) => store.set(id, JSON.parse(text), ONE_DAY)
  },
  'lru-cache'(count) {
    const cache = new LRUCache<string, string>({ max: count, ttl: ONE_DAY })
    return (id, text) => cache.set(id, text)
  },
  "express-session's MemoryStore"() {
    const store = new ExpressStore()
    return (id, text) => store.set(id, JSON.parse(text))
  },
  "@fastify/session's MemoryStore"() {
    const store = new FastifyStore()
    return (id, text) => store.set(id, JSON.parse(text), nothing)
  },
}
