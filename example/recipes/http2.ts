import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import Koa from 'koa'
import { hardened, MemoryStore, SessionService, type Store } from 'koa-session-service'

// HTTP/2 without a proxy in front: TLS_KEY and TLS_CERT name the files of a certificate. Many requests share a connection,
// so that a page's requests really are parallel; their changes are merged.

interface Certificate {
  key: Buffer | string
  cert: Buffer | string
}

export function createServer(tls: Certificate, store: Store = new MemoryStore()): Http2SecureServer {
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService<{ seen?: Record<string, number> }>(app, hardened({ store }))
  app.use(sessions.middleware())
  app.use(async function countByPath(ctx) {
    const session = await sessions.update((data) => {
      data.seen = { ...data.seen, [ctx.path]: (data.seen?.[ctx.path] ?? 0) + 1 }
    }, ctx)
    ctx.body = session?.seen
  })
  // Koa's types know HTTP/1 alone; the compatibility API of Node has the same objects.
  const handle = app.callback() as unknown as Parameters<typeof createSecureServer>[1]
  return createSecureServer({ ...tls, allowHTTP1: true }, handle)
}

if (require.main === module) {
  const { TLS_KEY = 'key.pem', TLS_CERT = 'cert.pem' } = process.env
  createServer({ key: readFileSync(TLS_KEY), cert: readFileSync(TLS_CERT) }).listen(8443, '127.0.0.1')
}
