import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Browser } from './browser'

/** The websocket of a page that is open in a browser. */
export function connect({ url, jar }: Browser, { path = '/live', origin = url } = {}): WebSocket {
  return new WebSocket(url.replace('http', 'ws') + path, { headers: { cookie: jar.header, origin } })
}

export async function openPage(browser: Browser): Promise<WebSocket> {
  const page = connect(browser)
  await once(page, 'open')
  return page
}

export async function refusal(page: WebSocket): Promise<number> {
  const [, { statusCode }] = (await once(page, 'unexpected-response')) as [unknown, { statusCode: number }]
  return statusCode
}

export async function hear(page: WebSocket): Promise<string> {
  const [data] = (await once(page, 'message')) as [Buffer]
  return data.toString()
}
