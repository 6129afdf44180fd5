import { createHash } from 'node:crypto'
import Koa from 'koa'
import { SessionService, type Store } from 'koa-session-service'
import { ask } from './exchange'
import { payload } from './payload'

/** How many sessions each owner has. */
export const PER_OWNER = 10
export const LIFE = 20 * 86_400_000
/** How much longer than its life a store is told to keep a record. */
export const GRACE = 10_000
/** The length of a session's data as JSON. */
const BYTES = 150
const START = Date.now()
/** Owners from this one on have sessions that have expired. */
export const EXPIRED = 80_000_000
/** The owner of the sessions that are written by the store itself, and copied. */
const SAMPLE = 99_999_999

interface Visitor {
  user?: string
}

/** A session that a store has written, and that others are copies of. */
export interface Sample {
  key: string
  account: string
  end: number
}

/** As long as a UUID, and as random; the same for each run. */
export function keyOf(session: number): string {
  const hash = createHash('md5').update(String(session)).digest('hex')
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-${hash.slice(12, 16)}-${hash.slice(16, 20)}-${hash.slice(20)}`
}

/** Random too: owners who come one after the other are not beside each other in an index. */
export function accountOf(owner: number): string {
  return `user-${createHash('md5').update(`owner ${owner}`).digest('hex').slice(0, 12)}`
}

/** When a session ends: all over the second half of a life from now, or long ago. */
export function endOf(session: number): number {
  const part = (session * 0.6180339887) % 1
  const isOver = session >= EXPIRED * PER_OWNER
  return Math.round(START + (isOver ? -0.1 - 0.4 * part : 0.5 + 0.5 * part) * LIFE)
}

/**
 * The sessions of owners, in the order in which they are written: each owner comes ten times, with all the others in between, as
 * sign-ins would. So the sessions of an owner are at ten places of a table.
 */
export function* sessionsOf(owners: readonly number[]): Generator<{ session: number; owner: number }> {
  for (let each = 0; each < PER_OWNER; each++) {
    for (const owner of owners) yield { session: owner * PER_OWNER + each, owner }
  }
}

/** Numbers from one to another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** An application on a store, with what it does for an account. */
export class Service {
  readonly sessions: SessionService<Visitor>
  readonly #handle: ReturnType<Koa['callback']>

  constructor(store: Store, maxPerOwner?: number) {
    const app = new Koa()
    app.keys = ['a long random secret']
    const owner = ({ user }: Visitor): string | undefined => user
    this.sessions = new SessionService<Visitor>(app, { store, maxAge: LIFE, owner, maxPerOwner })
    const data = dataOf('')
    app.use(this.sessions.middleware())
    app.use(async (ctx) => {
      await this.sessions.update((session) => void Object.assign(session, data, { user: ctx.path.slice(1) }), ctx)
      ctx.body = this.sessions.id(ctx)
    })
    this.#handle = app.callback()
  }

  /** Signs a new visitor in; returns the key of the session. */
  async signIn(account: string): Promise<string> {
    const { body } = await ask(this.#handle, `/${account}`)
    if (!/^[\w-]{36}$/.test(body)) throw new Error(`A sign-in was answered ${body}.`)
    return body
  }
}

function dataOf(account: string): Visitor {
  return { ...payload(BYTES - accountOf(0).length + 'alice'.length), user: account }
}

/** Ten sessions that the store itself has written, through the whole library; returns the last of them. */
export async function writeSamples(store: any): Promise<Sample> {
  const [service, account] = [new Service(store), accountOf(SAMPLE)]
  let key = ''
  for (let each = 0; each < PER_OWNER; each++) key = await service.signIn(account)
  const { record } = await store.read(key)
  return { key, account, end: record._expire }
}

/** A session of express-session, which has neither owners nor what a record of ours says of itself. */
export function foreignSession(account: string, end: number): object {
  const cookie = { originalMaxAge: LIFE, expires: new Date(end).toISOString(), httpOnly: true, path: '/' }
  return { cookie, ...dataOf(account) }
}

/** As long as the ids of express-session. */
export function foreignKeyOf(session: number): string {
  return keyOf(session).replaceAll('-', '')
}

/** Makes copies of a text of the sample: with another key, account and end, of the same lengths. */
export function copierOf(text: string, sample: Sample): (session: number, owner: number) => string {
  const pieces = text.split(new RegExp(`(${sample.key}|${sample.account}|${sample.end})`))
  if (!pieces.includes(sample.account)) throw new Error(`${text} is not of the sample's owner.`)
  return (session, owner) => {
    const account = accountOf(owner)
    let copy = ''
    for (const piece of pieces) {
      if (piece === sample.account) copy += account
      else if (piece === sample.key) copy += keyOf(session)
      else copy += piece === String(sample.end) ? String(endOf(session)) : piece
    }
    return copy
  }
}
