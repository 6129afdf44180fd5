import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type Koa from 'koa'
import type { Context } from 'koa'
import { createApp } from './app'

/** A context of a request that brings these cookies, for what is tested without a server. */
export function contextOf(cookie: string | readonly string[], { keys }: { keys?: Koa['keys'] } = {}): Context {
  const app = createApp()
  if (keys) app.keys = keys
  const req = new IncomingMessage(new Socket())
  req.headers.cookie = typeof cookie === 'string' ? cookie : cookie.join('; ')
  return app.createContext(req, new ServerResponse(req))
}
