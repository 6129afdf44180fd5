import { randomUUID } from 'node:crypto'
import Koa, { type Context } from 'koa'
import { MemoryStore, SessionService } from 'koa-session-service'

// An access token of another service is refreshed by one request, however many find that it has expired, over all processes of a
// shared store. A refresh token is good once: a second use counts as a theft, and ends all of them (RFC 9700, section 4.14.2).

interface Tokens {
  access: string
  refresh: string
  expires: number
}
type Answer = { access_token: string; refresh_token: string; expires_in: number }

/** So much earlier than it expires a token is refreshed: it has to last for the request that is made with it. */
const EARLY = 30_000

export function createApp(provider = process.env.PROVIDER ?? 'https://id.example'): Koa {
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService<{ tokens?: Tokens }>(app, { store: new MemoryStore() })

  /** Returns nothing where the provider takes the code or the token no more: the visitor has to sign in again. */
  async function ask(grant: Record<string, string>, signal?: AbortSignal): Promise<Tokens | undefined> {
    const body = new URLSearchParams({ client_id: 'shop', ...grant })
    const response = await fetch(new URL('/token', provider), { method: 'POST', body, signal })
    if (response.status === 400) return undefined
    if (!response.ok) throw new Error(`The provider answered ${response.status}.`)
    const { access_token: access, refresh_token: refresh, expires_in: seconds } = (await response.json()) as Answer
    return { access, refresh, expires: Date.now() + seconds * 1000 }
  }

  async function accessToken(ctx: Context): Promise<string | undefined> {
    const needed = ({ tokens }: { tokens?: Tokens }) => tokens !== undefined && tokens.expires < Date.now() + EARLY
    const refresh = async (data: { tokens?: Tokens }, signal: AbortSignal) => {
      data.tokens = await ask({ grant_type: 'refresh_token', refresh_token: data.tokens?.refresh ?? '' }, signal)
    }
    return (await sessions.once('tokens', refresh, { needed }, ctx))?.tokens?.access
  }

  app.use(sessions.middleware())
  app.use(async function routes(ctx) {
    if (ctx.path === '/callback') {
      const tokens = await ask({ grant_type: 'authorization_code', code: String(ctx.query.code) })
      await sessions.update((data) => (data.tokens = tokens), ctx)
    }
    // Ask the other service with it; here it is shown.
    ctx.body = { access: (await accessToken(ctx)) ?? 'sign in' }
  })
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
