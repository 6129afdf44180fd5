import type { SessionOptions, Store } from 'koa-session-service'
import type { Context } from 'koa'
import { CookieJar } from '../app/app'

/** The id that a record is planted under. */
export const PLANTED_ID = 'b1d5f0f0-planted'

const REQUEST = { rolling: false, ctx: {} as Context }
const LONG = 400 * 24 * 60 * 60 * 1000

/** The store behind the options, if there is one. */
function storeOf({ store, ContextStore }: SessionOptions): Store | undefined {
  if (ContextStore) return new ContextStore(REQUEST.ctx)
  return store as Store | undefined
}

/** Puts a record at rest as it is, and answers the cookies of a visitor whose session it is. The cookie is not signed. */
export async function plant(options: SessionOptions, record: object): Promise<CookieJar> {
  const jar = new CookieJar()
  jar.values.set(options.key ?? 'koa.sess', await rest(options, record as Record<string, unknown>))
  return jar
}

/** The record at rest under {@link PLANTED_ID}, past the store's own view of its life. */
export async function plantedRecord(options: SessionOptions): Promise<unknown> {
  return (await storeOf(options)?.get(PLANTED_ID, LONG, REQUEST)) ?? undefined
}

async function rest(options: SessionOptions, record: Record<string, unknown>): Promise<string> {
  const store = storeOf(options)
  if (!store) {
    if (options.codec) return options.codec.encode(record, options.key ?? 'koa.sess')
    return Buffer.from(JSON.stringify(record)).toString('base64')
  }
  await store.set(PLANTED_ID, record, LONG, { ...REQUEST, changed: true })
  return PLANTED_ID
}
