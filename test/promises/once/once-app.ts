import type { Context } from 'koa'
import type { OnceOptions, SessionService, Store } from 'koa-session-service'
import type { Answer, Visitor } from '../../support/app/app'
import { RacingApp, type RacingAppOptions, type Verb } from '../../support/races/racing-app'
import { Provider } from './provider'

interface Upstream {
  token: number
  isExpired: boolean
}
type Data = Record<string, unknown> & { upstream: Upstream }
type Sessions = SessionService<Data>

export interface OnceApp {
  provider: Provider
  racing: RacingApp
  visitor: Visitor
  /** Sends a request, from another browser of the visitor's, to one process after the other. */
  send: (path?: string) => Promise<Answer>
  /** The same, so many times at once: the provider answers when all that ask for a token have read their session. */
  sendAll: (count: number, path?: string) => Promise<Answer[]>
}

type Setting = Partial<Omit<RacingAppOptions, 'store'>> & { store: Store; once?: OnceOptions<Data> }

/** Apps whose handlers refresh a token that has expired, and a visitor who has such a token. */
export async function openOnceApp({ once = {}, verbs, ...options }: Setting): Promise<OnceApp> {
  const provider = new Provider()
  /** How many requests have read their session and ask, and how many are to, before the provider answers. */
  const asking = { now: 0, due: 0 }
  provider.answer = async () => {
    await soon(15)
    while (asking.now < asking.due) await soon()
  }
  const refresh = async (data: Data): Promise<void> => {
    data.upstream = { token: await provider.refresh(data.upstream.token), isExpired: false }
  }
  const upstreamOf = (session: Data | null): unknown => session && session.upstream.token
  const common: Record<string, Verb> = {
    begin: (ctx) => (ctx.session.upstream = { token: 0, isExpired: true }),
    expire: (_ctx, sessions) => (sessions as Sessions).update((data) => (data.upstream.isExpired = true), _ctx),
    /** Answers the token. */
    token: (ctx, sessions) => {
      asking.now++
      return answer(ctx, () => (sessions as Sessions).once('upstream', refresh, once, ctx), upstreamOf)
    },
    /** The same where the session says that it has expired. */
    ifExpired: async (ctx, sessions) => {
      const isExpired = (ctx.session as unknown as Data).upstream.isExpired
      await answer(
        ctx,
        isExpired ? () => (sessions as Sessions).once('upstream', refresh, once, ctx) : read(ctx),
        upstreamOf,
      )
    },
  }
  const racing = new RacingApp({ ...options, verbs: { ...common, ...verbs } })
  const visitor = racing.visitor()
  await visitor.get('/begin')
  let turn = 0
  const send = (path = '/token'): Promise<Answer> => racing.another(visitor, turn++).get(path)
  const sendAll = (count: number, path?: string): Promise<Answer[]> => {
    if (path === undefined) asking.due = asking.now + count
    return Promise.all(Array.from({ length: count }, () => send(path)))
  }
  return { provider, racing, visitor, send, sendAll }
}

/** A moment in which requests go on. */
export function soon(time = 5): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time))
}

/** What the requests were answered: how often each. */
export function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, body } of answers) {
    const { result, code } =
      status === 200 ? (JSON.parse(body) as { result?: unknown; code?: string }) : { result: status }
    const name = code ?? JSON.stringify(result)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function read(ctx: Context): () => Promise<Data> {
  return async () => ctx.session as unknown as Data
}

/** Answers what a verb returned, or the code of its error. */
async function answer<T>(ctx: Context, work: () => Promise<T>, of: (result: T) => unknown): Promise<void> {
  try {
    ctx.state.result = of(await work())
  } catch (error) {
    const { code, message, cause } = error as Error & { code?: string }
    ctx.state.code = code ?? message
    ctx.state.cause = (cause as Error | undefined)?.message
  }
}
