import type { Answer } from './app/app'

interface ParsedCookie {
  name: string
  value: string
  /** In lower case, without the expiry; true where an attribute has no value. */
  attributes: Record<string, string | true>
  /** Milliseconds since 1970; undefined for a cookie that lives until the browser is closed. */
  expires: number | undefined
}

/** Takes a Set-Cookie line apart. */
export function parseSetCookie(line: string): ParsedCookie {
  const [pair = '', ...rest] = line.split('; ')
  const [name, value] = split(pair)
  const { expires, ...attributes } = Object.fromEntries(
    rest.map((attribute) => {
      const [key, text] = split(attribute)
      return [key.toLowerCase(), attribute.includes('=') ? text : true]
    }),
  ) as Record<string, string | true>
  return { name, value, attributes, expires: typeof expires === 'string' ? Date.parse(expires) : undefined }
}

/** The one line that sets `name`; fails where there is none, or more than one. */
export function cookieOf({ setCookie }: Answer, name = 'koa.sess'): ParsedCookie {
  const found = setCookie.map(parseSetCookie).filter((cookie) => cookie.name === name)
  if (found.length !== 1) throw new Error(`${found.length} lines set ${name}: ${setCookie.join(' | ') || 'no line'}`)
  return found[0]
}

/** The names of the cookies that a response sets, in the order of its lines. */
export function cookieNames({ setCookie }: Answer): string[] {
  return setCookie.map((line) => parseSetCookie(line).name)
}

/** The record in the text of a cookie. */
export function recordIn(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text, 'base64').toString()) as Record<string, unknown>
}

/** The text of a cookie that holds `record`, whatever that is. */
export function cookieText(record: unknown): string {
  return Buffer.from(typeof record === 'string' ? record : JSON.stringify(record)).toString('base64')
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}
