import Koa from 'koa'
import session, { type Store } from 'koa-session-service'
import { ask, drive, type Handler } from './exchange'
import { payload } from './payload'

/** What a visitor's requests do once the session is there. */
export type Verb = 'read' | 'write'

export const VERBS: readonly Verb[] = ['read', 'write']

/** An app, and visitors who come one at a time: a single session would be fought for otherwise. */
export class GrowthApp {
  readonly #cookies: Buffer[] = []
  readonly #handler: Handler
  #verb: Verb | 'fill' = 'fill'

  constructor(store: Store | undefined, bytes: number) {
    const data = payload(bytes)
    let count = data.count as number
    const app = new Koa()
    app.keys = ['a long random secret']
    app.use(session({ store }, app)).use((ctx) => {
      if (this.#verb === 'fill') Object.assign(ctx.session, data)
      if (this.#verb === 'write') Object.assign(ctx.session, { count: ++count })
      ctx.body = String(Object(ctx.session).user)
    })
    this.#handler = app.callback()
  }

  /** Lets visitors in until there are so many, each with a session. */
  async welcome(visitors: number): Promise<void> {
    this.#verb = 'fill'
    while (this.#cookies.length < visitors) {
      const { cookie, body } = await ask(this.#handler, '/')
      if (body !== 'alice') throw new Error(`A new visitor was answered ${body}.`)
      this.#cookies.push(Buffer.from(cookie))
    }
  }

  /** The processor's microseconds of a request, over so many milliseconds of them. */
  async time(verb: Verb, ms: number): Promise<number> {
    this.#verb = verb
    return (await drive(this.#handler, this.#cookies, { ms, inFlight: 1 })).cpu
  }
}

const bare = new Koa().use((ctx) => void (ctx.body = 'alice')).callback()

/** The processor's microseconds of a request that has no session. */
export async function timeBare(ms: number): Promise<number> {
  return (await drive(bare, [Buffer.from('none=none')], { ms, inFlight: 1 })).cpu
}
