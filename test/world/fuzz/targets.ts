import { randomBytes } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type Koa from 'koa'
import { MemoryStore, sealed, session, type SessionOptions, type SessionRecord } from '../../../src'
import { createApp } from '../../support/app/app'

/** The cookies of one visitor, by name. */
export type Cookies = ReadonlyMap<string, string>

interface Response {
  status: number
  /** Whether a session was opened. */
  isOpen: boolean
  setCookie: string[]
}

/** An app, and some visitors who have a session in it. */
export interface Target {
  name: string
  visitors: Cookies[]
  ask: (cookie: string) => Promise<Response>
}

export const NAME = 'koa.sess'
export const KEYS = ['a key that nobody knows', 'an older key that nobody knows']
/** How many visitors each app has. */
const VISITORS = 8

const secret = () => randomBytes(48)

/** A store that keeps whatever key it is given, as careless ones do. */
function carelessStore() {
  const records: Record<string, SessionRecord> = {}
  return {
    get: (key: string) => records[key],
    set: (key: string, record: SessionRecord) => void (records[key] = record),
    destroy: (key: string) => void delete records[key],
  }
}

/** How each app keeps its sessions, and how much its visitors have in them. */
export const TARGETS: Record<string, { options: () => SessionOptions; bytes: number }> = {
  signed: { options: () => ({}), bytes: 60 },
  sealed: { options: () => ({ codec: sealed({ keys: [secret(), secret()], compressAbove: 100 }) }), bytes: 120 },
  chunked: { options: () => ({ codec: sealed({ keys: [secret()] }), chunks: 4 }), bytes: 7000 },
  memory: { options: () => ({ store: new MemoryStore() }), bytes: 60 },
  unsigned: { options: () => ({ store: carelessStore(), signed: false }), bytes: 60 },
}

/** Builds an app with its visitors. */
export async function createTarget(name: string, options: SessionOptions, bytes: number): Promise<Target> {
  const app = createApp()
  app.keys = KEYS
  app.use(session(options, app))
  app.use((ctx) => {
    if (ctx.path === '/in') Object.assign(ctx.session, { user: 'ann', text: randomBytes(bytes / 2).toString('hex') })
    ctx.body = ctx.session.isNew ? 'new' : 'open'
  })
  const send = sender(app)
  const visitors: Cookies[] = []
  for (let visitor = 0; visitor < VISITORS; visitor++) {
    const { setCookie } = await send('/in', '')
    visitors.push(new Map(setCookie.map(nameAndValue)))
  }
  return { name, visitors, ask: (cookie) => send('/', cookie) }
}

function nameAndValue(line: string): [string, string] {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  return [name, value]
}

/** Sends requests into the app without a network and without a parser in front that would refuse the worst of them. */
function sender(app: Koa): (url: string, cookie: string) => Promise<Response> {
  const handle = app.callback()
  const socket = new Socket()
  return async (url, cookie) => {
    const req = Object.assign(new IncomingMessage(socket), { method: 'GET', url, headers: { cookie } })
    const res = new ServerResponse(req)
    let body = ''
    res.end = ((chunk?: unknown) => {
      body = String(chunk)
      return res
    }) as typeof res.end
    await handle(req, res)
    const lines = res.getHeader('set-cookie') as string[] | undefined
    return { status: res.statusCode, isOpen: body === 'open', setCookie: lines ?? [] }
  }
}
