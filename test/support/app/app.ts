import type { IncomingMessage, ServerResponse } from 'node:http'
import type Koa from 'koa'
import Koa2 from 'koa2'
import Koa3 from 'koa'
import inject, { type Response } from 'light-my-request'

/** Cookies by name, as a browser keeps them. */
export class CookieJar {
  readonly values = new Map<string, string>()

  get header(): string {
    return Array.from(this.values, ([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Takes over the response's cookies, and forgets those that it expires. */
  accept(setCookie: string[]): void {
    for (const line of setCookie) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const expires = /; expires=([^;]+)/i.exec(line)?.[1]
      if (value === '' || (expires && Date.parse(expires) <= Date.now())) this.values.delete(name)
      else this.values.set(name, value)
    }
  }

  copy(): CookieJar {
    const jar = new CookieJar()
    for (const [name, value] of this.values) jar.values.set(name, value)
    return jar
  }
}

export interface Answer {
  status: number
  body: string
  json: <T = unknown>() => T
  setCookie: string[]
  headers: Response['headers']
}

/** A visitor with a browser of their own: sends requests into the app without a network. */
export class Visitor {
  readonly #handle: (req: IncomingMessage, res: ServerResponse) => unknown

  constructor(
    app: Koa,
    readonly jar = new CookieJar(),
  ) {
    this.#handle = app.callback()
  }

  async get(path = '/', headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, headers)
  }

  async post(path: string, payload?: object | string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, headers, payload)
  }

  async send(
    method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    headers: Record<string, string> = {},
    payload?: object | string,
  ): Promise<Answer> {
    const cookie = this.jar.header
    const response = await inject(this.#handle, {
      method,
      url: path,
      headers: { ...(cookie ? { cookie } : {}), ...headers },
      payload,
    })
    const header = response.headers['set-cookie']
    const setCookie = header === undefined ? [] : Array.isArray(header) ? header : [String(header)]
    this.jar.accept(setCookie)
    return {
      status: response.statusCode,
      body: response.payload,
      json: <T>() => JSON.parse(response.payload) as T,
      setCookie,
      headers: response.headers,
    }
  }
}

/** The Koa versions that everything runs with. */
export const KOA_VERSIONS = { 'koa 3': Koa3, 'koa 2': Koa2 }

/** The Koa of every test that names none: version 3, or with `KOA=2` in the environment version 2. */
export const DefaultKoa = KOA_VERSIONS[`koa ${koaVersion()}`]

function koaVersion(): 2 | 3 {
  const { KOA = '3' } = process.env
  if (KOA === '2' || KOA === '3') return Number(KOA) as 2 | 3
  throw new Error(`KOA=${KOA}: the tests know Koa 2 and 3`)
}

/** An app with keys, and silent about the errors that tests provoke. */
export function createApp(KoaClass: typeof Koa = DefaultKoa): Koa {
  const app = new KoaClass()
  app.keys = ['a test key', 'an older test key']
  app.silent = true
  return app
}
