// jose 6 is for ES modules alone, and so is this.
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import Koa from 'koa'
import { MemoryStore, SessionService } from 'koa-session-service'

// The identity provider signs a visitor out (OpenID Connect Back-Channel Logout 1.0): the session with its `sid` is over here
// too, though it rests in its cookie; and so is one whose callback comes after the logout.

interface Visitor {
  user?: string
  sid?: string
}

const issuer = process.env.ISSUER ?? 'https://id.example'
const audience = process.env.CLIENT_ID ?? 'shop'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const keyOf = (sid: unknown): string => `sid:${issuer}#${String(sid)}`

export function createApp(keys: JWTVerifyGetKey = createRemoteJWKSet(new URL('/jwks', issuer))): Koa {
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService<Visitor>(app, {
    owner: ({ user }) => user,
    ends: { store: new MemoryStore(), by: ({ sid }) => (sid === undefined ? [] : [keyOf(sid)]) },
  })
  const verify = async (token: string, typ?: string): Promise<JWTPayload> =>
    (await jwtVerify(token, keys, { issuer, audience, typ, maxTokenAge: '5m' })).payload
  app.use(sessions.middleware())
  app.use(async function backChannelLogout(ctx, next) {
    if (ctx.path !== '/back-channel-logout' || ctx.method !== 'POST') return void (await next())
    ctx.set('Cache-Control', 'no-store')
    const token = new URLSearchParams(await text(ctx.req)).get('logout_token') ?? ''
    const claims = await verify(token, 'logout+jwt').catch(() => undefined)
    const { events, nonce } = claims ?? {}
    const isLogout = typeof events === 'object' && events !== null && EVENT in events && nonce === undefined
    if (!isLogout || !(claims?.sid ?? claims?.sub)) return ctx.throw(400)
    if (claims.sid) await sessions.end(keyOf(claims.sid), { later: true })
    else await sessions.revokeAll({ owner: claims.sub })
    ctx.body = ''
  })
  app.use(async function callback(ctx) {
    if (ctx.path === '/callback') {
      const { sub, sid } = await verify(String(ctx.query.id_token))
      await sessions.update((data) => Object.assign(data, { user: sub, sid }), ctx)
    }
    ctx.body = { user: (await sessions.load(ctx))?.user ?? '' }
  })
  return app
}

if (process.argv[1] === import.meta.filename) createApp().listen(3000, '127.0.0.1')
